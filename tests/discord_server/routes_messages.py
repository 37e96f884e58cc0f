"""Routes of messages: send, read, edit, delete, react, type."""

from __future__ import annotations

import time

from tests.discord_server.access import require, seen_channel, seen_message, speaking
from tests.discord_server.drafts import draft
from tests.discord_server.errors import ApiError, Json, Problem, invalid_form
from tests.discord_server.intents import Intent
from tests.discord_server.mentions import pings
from tests.discord_server.payloads import is_readable, message_json
from tests.discord_server.permissions import Permission
from tests.discord_server.rest import NO_CONTENT, Call, Reply, Routes
from tests.discord_server.state import DIRECT, PLAIN, REPLY, Channel, Message, Version
from tests.discord_server.world import World

NONCE_SECONDS = 180.0


def told(message: Message) -> Json:
    """Return a message as the REST routes give it to the bot: what it may not read is missing here, too."""
    content = bool(message.channel.world.rules.privileged & Intent.MESSAGE_CONTENT)
    return message_json(message, readable=is_readable(message, content))


def register(routes: Routes) -> None:
    """Add the routes of messages."""
    routes("POST /channels/{channel_id}/messages")(send)
    routes("GET /channels/{channel_id}/messages")(read_many)
    routes("GET /channels/{channel_id}/messages/{message_id}")(read_one)
    routes("PATCH /channels/{channel_id}/messages/{message_id}")(edit)
    routes("DELETE /channels/{channel_id}/messages/{message_id}")(delete)
    routes("POST /channels/{channel_id}/typing")(typing)
    routes("PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me")(react)
    routes("DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me")(take_back)


def send(world: World, call: Call, channel_id: int) -> Reply:
    """POST a message. With `enforce_nonce`, the same nonce again gives the message that is there already."""
    channel, payload = seen_channel(world, channel_id), call.payload
    require(channel, speaking(channel))
    if same := sent_before(channel, payload):
        return Reply(told(same))
    check_recipient(channel)
    first = draft(world, call, payload, channel)
    require_parts(channel, first)
    reply_to = replied(channel, payload)
    message = world.post(
        channel,
        world.bot,
        first,
        kind=REPLY if reply_to else PLAIN,
        reply_to=reply_to,
        pings=pings(first.content, payload.get("allowed_mentions"), reply_to.author.id if reply_to else None),
        allowed_mentions=payload.get("allowed_mentions"),
        nonce=str(payload["nonce"]) if payload.get("nonce") is not None else None,
    )
    return Reply(told(message))


def sent_before(channel: Channel, payload: Json) -> Message | None:
    """Return the bot's message of the last minutes with the same nonce, if it asked for that check."""
    if not payload.get("enforce_nonce"):
        return None
    same = channel.by_nonce.get(str(payload.get("nonce")))
    return same if same and time.monotonic() - same.history[0].at <= NONCE_SECONDS else None


def check_recipient(channel: Channel) -> None:
    """Raise ApiError 403 if the person takes no direct messages."""
    if channel.kind == DIRECT and channel.person and not channel.person.accepts_direct_messages:
        raise ApiError(403, 50007, "Cannot send messages to this user")


def require_parts(channel: Channel, message: Version) -> None:
    """Raise ApiError 403 if the message has parts that the bot may not send here."""
    if message.embeds:
        require(channel, Permission.EMBED_LINKS)
    if message.files:
        require(channel, Permission.ATTACH_FILES)
    if channel.is_thread and channel.locked:
        raise ApiError(400, 50083, "Thread is archived")


def replied(channel: Channel, payload: Json) -> Message | None:
    """Return the message to which a new one replies; ApiError 400 if it is gone, unless that was allowed for."""
    reference = payload.get("message_reference")
    if not reference:
        return None
    if Permission.READ_MESSAGE_HISTORY not in channel.permissions_of(channel.world.bot):
        raise ApiError(403, 160002, "Cannot reply without permission to read message history")
    message = channel.by_id.get(int(reference["message_id"]))
    if message is not None and not message.deleted:
        return message
    if reference.get("fail_if_not_exists", True):
        raise invalid_form([Problem(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")])
    return None


def read_many(world: World, call: Call, channel_id: int) -> Reply:
    """GET messages, newest first: `before`, `after` or `around` an id, at most `limit` (1 to 100, otherwise 50)."""
    channel = seen_channel(world, channel_id)
    limit = call.number("limit", 50) or 0
    if not 1 <= limit <= 100:
        message = "int value should be between 1 and 100."
        raise invalid_form([Problem(("limit",), "NUMBER_TYPE_MAX", message)])
    if Permission.READ_MESSAGE_HISTORY not in channel.permissions_of(world.bot):
        return Reply([])
    messages = channel.messages
    before, after, around = (call.number(name) for name in ("before", "after", "around"))
    if around is not None:
        lower = [m for m in messages if m.id < around][-(limit // 2) :]
        upper = [m for m in messages if m.id >= around][: limit - len(lower)]
        chosen = lower + upper
    elif after is not None:
        chosen = [m for m in messages if m.id > after][:limit]
    else:
        chosen = [m for m in messages if before is None or m.id < before][-limit:]
    return Reply([told(message) for message in reversed(chosen)])


def read_one(world: World, call: Call, channel_id: int, message_id: int) -> Reply:
    """GET one message."""
    message = seen_message(world, channel_id, message_id)
    require(message.channel, Permission.READ_MESSAGE_HISTORY)
    return Reply(told(message))


def edit(world: World, call: Call, channel_id: int, message_id: int) -> Reply:
    """PATCH a message of the bot's own."""
    message = seen_message(world, channel_id, message_id)
    if message.author is not world.bot:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    world.edit(message, draft(world, call, call.payload, message.channel, message.now))
    return Reply(told(message))


def delete(world: World, call: Call, channel_id: int, message_id: int) -> Reply:
    """DELETE a message: the bot's own, or another's with the permission to manage messages."""
    message = seen_message(world, channel_id, message_id)
    if message.author is not world.bot:
        require(message.channel, Permission.MANAGE_MESSAGES)
    world.delete(message)
    return NO_CONTENT


def typing(world: World, call: Call, channel_id: int) -> Reply:
    """POST that the bot is typing."""
    channel = seen_channel(world, channel_id)
    require(channel, speaking(channel))
    channel.typing.append(time.monotonic())
    return NO_CONTENT


def react(world: World, call: Call, channel_id: int, message_id: int, emoji: str) -> Reply:
    """PUT a reaction of the bot."""
    message = seen_message(world, channel_id, message_id)
    require(message.channel, Permission.READ_MESSAGE_HISTORY, Permission.ADD_REACTIONS)
    if emoji.isascii() and ":" not in emoji:
        raise ApiError(400, 10014, "Unknown Emoji")
    world.react(message, world.bot, emoji)
    return NO_CONTENT


def take_back(world: World, call: Call, channel_id: int, message_id: int, emoji: str) -> Reply:
    """DELETE a reaction of the bot."""
    world.react(seen_message(world, channel_id, message_id), world.bot, emoji, take_back=True)
    return NO_CONTENT
