"""Routes of channels and threads."""

from __future__ import annotations

from tests.discord_server.access import require, seen_channel, seen_message
from tests.discord_server.errors import ApiError, Problem, invalid_form
from tests.discord_server.limits import thread_name_problems
from tests.discord_server.payloads import channel_json, thread_member_json
from tests.discord_server.permissions import Permission
from tests.discord_server.rest import NO_CONTENT, Call, Reply, Routes
from tests.discord_server.state import PRIVATE_THREAD, PUBLIC_THREAD, Channel
from tests.discord_server.world import World


def register(routes: Routes) -> None:
    """Add the routes."""
    routes("GET /channels/{channel_id}")(channel)
    routes("PATCH /channels/{channel_id}")(change_channel)
    routes("POST /channels/{channel_id}/threads")(new_thread)
    routes("POST /channels/{channel_id}/messages/{message_id}/threads")(thread_of_message)
    routes("GET /channels/{channel_id}/thread-members")(thread_members)
    routes("PUT /channels/{channel_id}/thread-members/{who}")(join_thread)
    routes("DELETE /channels/{channel_id}/thread-members/{who}")(leave_thread)


def channel(world: World, call: Call, channel_id: int) -> Reply:
    """GET a channel."""
    return Reply(channel_json(seen_channel(world, channel_id)))


def change_channel(world: World, call: Call, channel_id: int) -> Reply:
    """PATCH a thread: its name, whether it is archived, whether it is locked."""
    place = seen_channel(world, channel_id)
    if place.owner is not world.bot or set(call.payload) - {"name", "archived", "auto_archive_duration"}:
        require(place, Permission.MANAGE_THREADS if place.is_thread else Permission.MANAGE_CHANNELS)
    if "name" in call.payload:
        check_thread_name(call.payload["name"])
        place.name = call.payload["name"]
    place.archived = bool(call.payload.get("archived", place.archived))
    place.locked = bool(call.payload.get("locked", place.locked))
    world.channel_changed(place)
    return Reply(channel_json(place))


def check_thread_name(name: object) -> None:
    """Raise ApiError 400 if a thread cannot have this name."""
    if problems := [*thread_name_problems(name)]:
        raise invalid_form(problems)


def new_thread(world: World, call: Call, channel_id: int) -> Reply:
    """POST a thread that begins at no message; private unless its type says otherwise."""
    kind = int(call.payload.get("type") or PRIVATE_THREAD)
    return Reply(channel_json(make_thread(world, call, seen_channel(world, channel_id), kind)), 201)


def make_thread(world: World, call: Call, parent: Channel, kind: int) -> Channel:
    """Return a new thread of the bot, if it may make one."""
    private = kind == PRIVATE_THREAD
    require(parent, Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)
    check_thread_name(call.payload.get("name"))
    if parent.guild is None or parent.is_thread:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    if kind not in (PUBLIC_THREAD, PRIVATE_THREAD):
        raise invalid_form([Problem(("type",), "BASE_TYPE_CHOICES", "Value must be one of {10, 11, 12}.")])
    return world.new_thread(parent, call.payload["name"], world.bot, kind)


def thread_of_message(world: World, call: Call, channel_id: int, message_id: int) -> Reply:
    """POST a thread that begins at a message; a message has at most one."""
    starter = seen_message(world, channel_id, message_id)
    parent = starter.channel
    require(parent, Permission.CREATE_PUBLIC_THREADS)
    check_thread_name(call.payload.get("name"))
    if parent.guild is None or parent.is_thread:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    if starter.thread is not None:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    thread = world.new_thread(parent, call.payload["name"], world.bot, starter=starter)
    return Reply(channel_json(thread), 201)


def thread_members(world: World, call: Call, channel_id: int) -> Reply:
    """GET the members of a thread."""
    thread = seen_channel(world, channel_id)
    return Reply([thread_member_json(thread, id) for id in sorted(thread.thread_members)])


def join_thread(world: World, call: Call, channel_id: int, who: str) -> Reply:
    """PUT somebody, or the bot itself, into a thread."""
    thread = seen_channel(world, channel_id)
    thread.thread_members.add(world.bot.id if who == "@me" else int(who))
    return NO_CONTENT


def leave_thread(world: World, call: Call, channel_id: int, who: str) -> Reply:
    """DELETE somebody, or the bot itself, from a thread."""
    thread = seen_channel(world, channel_id)
    if who != "@me":
        require(thread, Permission.MANAGE_THREADS)
    thread.thread_members.discard(world.bot.id if who == "@me" else int(who))
    return NO_CONTENT
