"""Routes of interactions: the callback, and the follow-ups and edits with the interaction's token."""

from __future__ import annotations

import time

from tests.discord_server.drafts import draft
from tests.discord_server.errors import ApiError, Json, Problem, invalid_form, unknown
from tests.discord_server.interactions import (
    AUTOCOMPLETE,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFERRED,
    DEFERRED_UPDATE,
    MESSAGE,
    MODAL,
    MODAL_SUBMIT,
    PONG,
    UPDATE,
    Interaction,
)
from tests.discord_server.limits import choices_problems, modal_problems
from tests.discord_server.mentions import pings
from tests.discord_server.payloads import message_json
from tests.discord_server.rest import NO_CONTENT, Call, Reply, Routes
from tests.discord_server.state import EPHEMERAL, LOADING, PLAIN, SLASH, Message, version
from tests.discord_server.world import World

ALLOWED = {
    COMMAND: (MESSAGE, DEFERRED, MODAL),
    COMPONENT: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE),
}


def register(routes: Routes) -> None:
    """Add the routes of interactions; their token is all the permission they need."""
    routes("POST /interactions/{interaction_id}/{token}/callback", open=True)(callback)
    routes("POST /webhooks/{application_id}/{token}", open=True)(follow_up)
    routes("GET /webhooks/{application_id}/{token}/messages/{which}", open=True)(read)
    routes("PATCH /webhooks/{application_id}/{token}/messages/{which}", open=True)(edit)
    routes("DELETE /webhooks/{application_id}/{token}/messages/{which}", open=True)(delete)


# --------------------------------------------------------------------------- the first answer


def callback(world: World, call: Call, interaction_id: int, token: str) -> Reply:
    """POST the first answer: within 3 seconds, and only one."""
    interaction = world.interactions.get(interaction_id)
    if interaction is None or interaction.token != token or interaction.failed:
        raise unknown("Interaction")
    if interaction.acknowledged_at is not None:
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    kind, data = call.payload.get("type"), call.payload.get("data") or {}
    if kind != PONG and kind not in ALLOWED[interaction.kind]:
        message = f"Value must be one of {set(ALLOWED[interaction.kind])}."
        raise invalid_form([Problem(("type",), "BASE_TYPE_CHOICES", message)])
    answer(world, call, interaction, int(kind), data)
    interaction.callback, interaction.acknowledged_at = int(kind), time.monotonic()
    return Reply(callback_json(interaction)) if call.query.get("with_response") in ("1", "true") else NO_CONTENT


def answer(world: World, call: Call, interaction: Interaction, kind: int, data: Json) -> None:
    """Let the first answer take effect; ApiError where Discord would refuse it."""
    channel = interaction.channel
    if kind == MESSAGE:
        interaction.original = respond(world, call, interaction, data, ("data",))
    elif kind == DEFERRED:
        flags = int(data.get("flags") or 0) & EPHEMERAL | LOADING
        waiting = version({"flags": flags}, [])
        interaction.original = world.post(
            channel, world.bot, waiting, kind=kind_of(interaction), interaction=interaction
        )
    elif kind in (DEFERRED_UPDATE, UPDATE):
        if interaction.message is None:
            raise invalid_form([Problem(("type",), "BASE_TYPE_CHOICES", "There is no message to change.")])
        if kind == UPDATE:
            changed = draft(world, call, data, channel, interaction.message.now, under=("data",))
            world.edit(interaction.message, changed)
        interaction.original = interaction.message
    elif kind == CHOICES:
        if problems := [*choices_problems(data.get("choices"))]:
            raise invalid_form(problems, ("data",))
        interaction.choices = data["choices"]
    elif kind == MODAL:
        if problems := [*modal_problems(data)]:
            raise invalid_form(problems, ("data",))
        interaction.modal = data


def respond(world: World, call: Call, interaction: Interaction, payload: Json, under: tuple[str, ...] = ()) -> Message:
    """Put the message of an answer or a follow-up into the channel."""
    first = draft(world, call, payload, interaction.channel, under=under)
    return world.post(
        interaction.channel,
        world.bot,
        first,
        kind=kind_of(interaction),
        interaction=interaction,
        pings=pings(first.content, payload.get("allowed_mentions")),
        allowed_mentions=payload.get("allowed_mentions"),
    )


def kind_of(interaction: Interaction) -> int:
    """Return the type of the message that answers an interaction."""
    return SLASH if interaction.kind == COMMAND else PLAIN


def callback_json(interaction: Interaction) -> Json:
    """Return what the callback route answers."""
    shown = interaction.original
    told: Json = {"id": str(interaction.id), "type": interaction.kind}
    answer: Json = {"interaction": told}
    if shown is not None:
        told |= {
            "response_message_id": str(shown.id),
            "response_message_loading": shown.thinking,
            "response_message_ephemeral": shown.ephemeral,
        }
        answer["resource"] = {"type": interaction.callback, "message": message_json(shown)}
    return answer


# --------------------------------------------------------------------------- afterwards


def by_token(world: World, application_id: int, token: str) -> Interaction:
    """Return the interaction of a token, as long as the token is valid and the interaction acknowledged."""
    interaction = world.by_token.get(token)
    if interaction is None or interaction.acknowledged_at is None or application_id != world.bot.id:
        raise unknown("Webhook")
    if interaction.expired:
        raise ApiError(401, 50027, "Invalid Webhook Token")
    return interaction


def message_of(interaction: Interaction, which: str) -> Message:
    """Return the response ("@original") or a message of the interaction by its id."""
    own = [message for message in (interaction.original, *interaction.followups) if message]
    found = [message for message in own if which in ("@original", str(message.id)) and not message.deleted]
    if not found or (which == "@original" and found[0] is not interaction.original):
        raise unknown("Message")
    return found[0]


def follow_up(world: World, call: Call, application_id: int, token: str) -> Reply:
    """POST a follow-up. The first one after "thinking ..." takes its place, and is as private as that was."""
    interaction = by_token(world, application_id, token)
    waiting = interaction.original
    if waiting is not None and waiting.thinking and not waiting.deleted:
        fill(world, call, waiting)
        return Reply(message_json(waiting))
    message = respond(world, call, interaction, call.payload)
    interaction.followups.append(message)
    return Reply(message_json(message))


def fill(world: World, call: Call, message: Message) -> None:
    """Put the answer in the place of "thinking ..."; it pings as a new message does."""
    payload = call.payload
    filled = draft(world, call, payload, message.channel, message.now)
    message.allowed_mentions = payload.get("allowed_mentions")
    message.pings = pings(filled.content, payload.get("allowed_mentions"))
    world.edit(message, filled)


def read(world: World, call: Call, application_id: int, token: str, which: str) -> Reply:
    """GET the response or a follow-up."""
    return Reply(message_json(message_of(by_token(world, application_id, token), which)))


def edit(world: World, call: Call, application_id: int, token: str, which: str) -> Reply:
    """PATCH the response or a follow-up."""
    message = message_of(by_token(world, application_id, token), which)
    if message.thinking:
        fill(world, call, message)
    else:
        world.edit(message, draft(world, call, call.payload, message.channel, message.now))
    return Reply(message_json(message))


def delete(world: World, call: Call, application_id: int, token: str, which: str) -> Reply:
    """DELETE the response or a follow-up."""
    world.delete(message_of(by_token(world, application_id, token), which))
    return NO_CONTENT
