"""Routes of the bot itself, its commands, users and guilds."""

from __future__ import annotations

from tests.discord_server.command_limits import commands_problems
from tests.discord_server.errors import ApiError, Json, invalid_form, missing_access, unknown
from tests.discord_server.intents import Intent
from tests.discord_server.payloads import (
    channel_json,
    guild_json,
    guild_summary,
    member_json,
    role_json,
    user_json,
)
from tests.discord_server.rest import Call, Reply, Routes
from tests.discord_server.rules import Sync
from tests.discord_server.state import Guild
from tests.discord_server.world import World


def register(routes: Routes) -> None:
    """Add the routes."""
    routes("GET /gateway", open=True)(lambda world, call: Reply(gateway_answer(world, for_bots=False)))
    routes("GET /gateway/bot")(lambda world, call: Reply(gateway_answer(world, for_bots=True)))
    routes("GET /users/@me")(lambda world, call: Reply(user_json(world.bot)))
    routes("GET /users/@me/guilds")(lambda world, call: Reply(guild_list(world)))
    routes("POST /users/@me/channels")(open_direct_messages)
    routes("GET /users/{user_id}")(user)
    routes("GET /oauth2/applications/@me")(application)
    routes("GET /applications/@me")(application)
    routes("GET /applications/{application_id}/commands")(commands)
    routes("PUT /applications/{application_id}/commands")(set_commands)
    routes("GET /applications/{application_id}/guilds/{guild_id}/commands")(commands)
    routes("PUT /applications/{application_id}/guilds/{guild_id}/commands")(set_commands)
    routes("GET /guilds/{guild_id}")(guild)
    routes("GET /guilds/{guild_id}/roles")(roles)
    routes("GET /guilds/{guild_id}/channels")(channels)
    routes("GET /guilds/{guild_id}/threads/active")(active_threads)
    routes("GET /guilds/{guild_id}/members/{user_id}")(member)
    routes("GET /guilds/{guild_id}/members")(members)


# --------------------------------------------------------------------------- the bot and its commands


def gateway_answer(world: World, *, for_bots: bool) -> Json:
    """Return what /gateway, or /gateway/bot, answers."""
    answer: Json = {"url": world.base_url.replace("http", "ws", 1) + "/gateway"}
    if for_bots:
        answer["shards"] = world.rules.shards
        answer["session_start_limit"] = {
            "total": 1000,
            "remaining": 999,
            "reset_after": 86_400_000,
            "max_concurrency": 1,
        }
    return answer


def guild_list(world: World) -> list[Json]:
    """Return what /users/@me/guilds answers."""
    return [
        {**guild_summary(guild), "owner": False, "permissions": str(int(world.bot.permissions))}
        for guild in world.guilds.values()
    ]


def application(world: World, call: Call) -> Reply:
    """GET the application; its flags say which privileged intents are switched on in the developer portal."""
    flags = {Intent.GUILD_PRESENCES: 1 << 13, Intent.GUILD_MEMBERS: 1 << 15, Intent.MESSAGE_CONTENT: 1 << 19}
    owner = next(iter(world.guilds.values())).owner
    return Reply(
        {
            "id": str(world.bot.id),
            "name": world.bot.name,
            "icon": None,
            "description": "",
            "summary": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "owner": user_json(owner),
            "team": None,
            "bot": user_json(world.bot),
            "interactions_endpoint_url": None,
            "approximate_guild_count": len(world.guilds),
            "flags": sum(flag for intent, flag in flags.items() if intent & world.rules.privileged),
        }
    )


def commands(world: World, call: Call, application_id: int, guild_id: int | None = None) -> Reply:
    """GET the commands of the application, everywhere or in a guild."""
    return Reply(world.commands.get(guild_id, []))


def set_commands(world: World, call: Call, application_id: int, guild_id: int | None = None) -> Reply:
    """PUT all commands at once, everywhere or in a guild."""
    if application_id != world.bot.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    if guild_id is not None:
        found_guild(world, guild_id)
    if problems := commands_problems(call.payload):
        raise invalid_form(problems)
    old = {command["name"]: command["id"] for command in world.commands.get(guild_id, [])}
    registered = [registered_command(world, command, guild_id, old) for command in call.payload]
    world.commands[guild_id] = registered
    world.syncs.append(Sync(guild_id, registered))
    return Reply(registered)


def registered_command(world: World, command: Json, guild_id: int | None, old: dict[str, str]) -> Json:
    """Return a command as Discord keeps it; a name that was known keeps its id."""
    registered: Json = {
        "options": [],
        "default_member_permissions": None,
        "nsfw": False,
        **command,
        "type": command.get("type") or 1,
        "id": old.get(command["name"]) or str(world.new_id()),
        "application_id": str(world.bot.id),
        "version": str(world.new_id()),
    }
    if guild_id is not None:
        registered["guild_id"] = str(guild_id)
    return registered


# --------------------------------------------------------------------------- users and guilds


def user(world: World, call: Call, user_id: int) -> Reply:
    """GET a user."""
    if user_id not in world.accounts:
        raise unknown("User")
    return Reply(user_json(world.accounts[user_id]))


def open_direct_messages(world: World, call: Call) -> Reply:
    """POST to open the direct messages with somebody."""
    person = world.accounts.get(int(call.payload["recipient_id"]))
    if person is None:
        raise unknown("User")
    if person.bot:
        raise ApiError(400, 50007, "Cannot send messages to this user")
    return Reply(channel_json(world.direct_messages(person)))


def found_guild(world: World, guild_id: int) -> Guild:
    """Return a guild; ApiError 404 if there is none."""
    if guild_id not in world.guilds:
        raise unknown("Guild")
    return world.guilds[guild_id]


def guild(world: World, call: Call, guild_id: int) -> Reply:
    """GET a guild."""
    return Reply(guild_summary(found_guild(world, guild_id)))


def roles(world: World, call: Call, guild_id: int) -> Reply:
    """GET the roles of a guild."""
    found = found_guild(world, guild_id).roles.values()
    return Reply([role_json(role, position) for position, role in enumerate(found)])


def channels(world: World, call: Call, guild_id: int) -> Reply:
    """GET the channels of a guild, without threads."""
    return Reply(guild_json(found_guild(world, guild_id), with_members=False)["channels"])


def active_threads(world: World, call: Call, guild_id: int) -> Reply:
    """GET the threads of a guild that are not archived."""
    threads = guild_json(found_guild(world, guild_id), with_members=False)["threads"]
    return Reply({"threads": threads, "members": [thread["member"] for thread in threads if "member" in thread]})


def member(world: World, call: Call, guild_id: int, user_id: int) -> Reply:
    """GET a member of a guild."""
    place = found_guild(world, guild_id)
    if user_id not in place.members:
        raise unknown("Member")
    return Reply(member_json(place.members[user_id], place))


def members(world: World, call: Call, guild_id: int) -> Reply:
    """GET the members of a guild, for which the privileged intent is needed."""
    place = found_guild(world, guild_id)
    if not world.rules.privileged & Intent.GUILD_MEMBERS:
        raise missing_access()
    after, limit = call.number("after", 0) or 0, call.number("limit", 1) or 1
    found = [account for account in place.members.values() if account.id > after]
    return Reply([member_json(account, place) for account in found[:limit]])
