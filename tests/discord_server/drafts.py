"""From the body of a request to a version of a message: limits checked, files taken in."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.discord_server.errors import ApiError, Json, Problem, empty_message, invalid_form
from tests.discord_server.limits import embed_texts, message_problems
from tests.discord_server.rest import Call
from tests.discord_server.rules import Violation
from tests.discord_server.state import EPHEMERAL, LOADING, Channel, File, Version, version
from tests.discord_server.world import World

MAY_BE_SET = EPHEMERAL | 1 << 2 | 1 << 12  # ephemeral, suppress embeds, suppress notifications
FILES = 10


def draft(
    world: World,
    call: Call,
    payload: Json,
    channel: Channel,
    before: Version | None = None,
    *,
    under: tuple[str, ...] = (),
) -> Version:
    """Return the message that a request's body describes, or what it makes of the version `before`.

    Raises ApiError where Discord would refuse it. `under` is where in the request the message is.
    """
    problems = message_problems(payload)
    if problems:
        raise invalid_form(problems, under)
    if "flags" in payload:
        payload = {**payload, "flags": int(payload["flags"] or 0) & MAY_BE_SET}
    result = version(payload, taken_files(world, call, payload, channel, before), before)
    if is_empty(result):
        raise empty_message()
    if payload.get("allowed_mentions") is None and (is_new(before) or payload.get("content")):
        world.violations.append(Violation("no allowed_mentions", f"{call.method} {call.path}: {payload}"))
    return result


def is_empty(message: Version) -> bool:
    """Tell whether there is nothing in a message that Discord would show."""
    embeds = [embed for embed in message.embeds if embed_texts(embed) or embed.get("image") or embed.get("thumbnail")]
    return not (message.content or embeds or message.files)


def is_new(before: Version | None) -> bool:
    """Tell whether a message is new to those who see it: it was not there, or said only "thinking ..."."""
    return before is None or bool(before.flags & LOADING)


def taken_files(world: World, call: Call, payload: Json, channel: Channel, before: Version | None = None) -> list[File]:
    """Return the files of a message: those of the version before that are kept, and those that came along."""
    named: list[Json] | None = payload.get("attachments")
    old = before.files if before else []
    if named is not None:
        old = [file for file in old if any(str(entry.get("id")) == str(file.id) for entry in named)]
    new = []
    for field, upload in call.files.items():
        index = field.removeprefix("files[").removesuffix("]")
        entry = next((entry for entry in named or [] if str(entry.get("id")) == index), {})
        new.append(taken_file(world, channel, upload, entry))
    if len(old) + len(new) > FILES:
        problem = Problem(("attachments",), "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
        raise invalid_form([problem])
    return [*old, *new]


def taken_file(world: World, channel: Channel, upload: web.FileField, entry: dict[str, Any]) -> File:
    """Return an uploaded file, from now on to be had at its address."""
    data = upload.file.read()
    upload.file.close()
    if len(data) > world.rules.attachment_bytes:
        raise ApiError(413, 40005, "Request entity too large")
    return world.add_file(channel, str(entry.get("filename") or upload.filename), data)
