"""How a slash command is made from what a person types, as Discord's own client makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.discord_server.command_limits import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUB_COMMAND,
    SUB_COMMAND_GROUP,
    USER,
)
from tests.discord_server.errors import Json
from tests.discord_server.payloads import channel_json, file_json, member_json, role_json, user_json
from tests.discord_server.state import Account, Channel, Role
from tests.discord_server.world import World

LONGEST_OPTION = 6_000


class NotOffered(LookupError):  # noqa: N818 - it says what the person sees
    """Discord does not offer this command here, or not to this person."""


@dataclass(frozen=True)
class Upload:
    """A file that a person attaches."""

    name: str
    data: bytes


def offered_command(world: World, name: str, user: Account, channel: Channel, unoffered: bool) -> Json:
    """Return the registered command whose (first) name this is, if Discord offers it to somebody in a channel."""
    guild_id = channel.guild.id if channel.guild else None
    first = name.split()[0]
    known = [*world.commands.get(guild_id, []), *world.commands.get(None, [])]
    for command in known:
        if command["name"] == first and command["type"] == 1:
            if not unoffered:
                check_offered(command, user, channel)
            return command
    raise NotOffered(f"there is no command /{first}; there are: {', '.join(sorted(c['name'] for c in known))}")


def check_offered(command: Json, user: Account, channel: Channel) -> None:
    """Raise NotOffered if the command is not for this place or this person."""
    contexts = command.get("contexts")
    in_direct_messages = command.get("dm_permission", True) is not False if contexts is None else 1 in contexts
    if channel.guild is None and not in_direct_messages:
        raise NotOffered(f"/{command['name']} is not offered in direct messages")
    if channel.guild is not None and contexts is not None and 0 not in contexts:
        raise NotOffered(f"/{command['name']} is only offered in direct messages")
    needed = int(command.get("default_member_permissions") or 0)
    if channel.guild is not None and needed & ~int(channel.permissions_of(user)):
        raise NotOffered(f"/{command['name']} is not offered to {user.name}")


def command_data(
    world: World, command: Json, name: str, channel: Channel, values: dict[str, Any], focused: str | None = None
) -> Json:
    """Return the data of the interaction for a command, with its sub-command if `name` has one.

    `focused` is the option that is being typed when the interaction asks for choices.
    """
    data: Json = {"id": command["id"], "name": command["name"], "type": 1}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    place, known = data, command
    for part in name.split()[1:]:
        known = sub_command(known, part)
        place["options"] = [{"name": part, "type": known["type"]}]
        place = place["options"][0]
    options = known.get("options") or []
    if any(option["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP) for option in options):
        raise LookupError(f"/{name} has sub-commands: {', '.join(option['name'] for option in options)}")
    if unknown := set(values) - {option["name"] for option in options}:
        raise LookupError(f"/{name} has no option {', '.join(sorted(unknown))}")
    resolved: Json = {}
    place["options"] = [
        typed_option(world, option, values[option["name"]], channel, resolved, focused)
        for option in options
        if is_given(option, values, focused)
    ]
    if resolved:
        data["resolved"] = resolved
    return data


def sub_command(command: Json, name: str) -> Json:
    """Return a sub-command, or a group of them."""
    for option in command.get("options") or []:
        if option["name"] == name and option["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP):
            return dict(option)
    raise LookupError(f"/{command['name']} has no sub-command {name}")


def is_given(option: Json, values: dict[str, Any], focused: str | None) -> bool:
    """Tell whether an option was filled in; ValueError if it must be, before the command is sent."""
    if values.get(option["name"]) is not None:
        return True
    if option.get("required") and focused is None:
        raise ValueError(f"the option {option['name']!r} is required")
    return False


def typed_option(world: World, option: Json, value: Any, channel: Channel, resolved: Json, focused: str | None) -> Json:
    """Return an option as it is sent; people, channels, roles and files are added to `resolved`."""
    result = {"name": option["name"], "type": option["type"]}
    if option["name"] == focused:
        return {**result, "value": str(value), "focused": True}
    if option["type"] in (STRING, INTEGER, NUMBER, BOOLEAN):
        check_value(option, value)
        return {**result, "value": value}
    return {**result, "value": resolve(world, option, value, channel, resolved)}


def check_value(option: Json, value: Any) -> None:
    """Raise ValueError if Discord's client would not send this value."""
    name, kind = option["name"], option["type"]
    expected = {STRING: (str,), INTEGER: (int,), NUMBER: (int, float), BOOLEAN: (bool,)}[kind]
    if type(value) not in expected:
        raise ValueError(f"the option {name!r} does not take {value!r}")
    if kind == STRING:
        least, most = option.get("min_length") or 0, option.get("max_length") or LONGEST_OPTION
        if not least <= len(value) <= most or not value:
            raise ValueError(f"the option {name!r} takes {max(least, 1)} to {most} characters")
    elif kind != BOOLEAN:
        least, most = option.get("min_value", float("-inf")), option.get("max_value", float("inf"))
        if not least <= value <= most:
            raise ValueError(f"the option {name!r} takes numbers from {least} to {most}")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise ValueError(f"the option {name!r} offers {choices}")


def resolve(world: World, option: Json, value: Any, channel: Channel, resolved: Json) -> str:
    """Return the id of a person, channel, role or file, and add it to `resolved`; ValueError for the wrong kind."""
    kind, guild = option["type"], channel.guild
    if kind == ATTACHMENT and isinstance(value, Upload):
        file = world.add_file(channel, value.name, value.data)
        resolved.setdefault("attachments", {})[str(file.id)] = {**file_json(file), "ephemeral": True}
        return str(file.id)
    if kind in (USER, MENTIONABLE) and isinstance(value, Account):
        resolved.setdefault("users", {})[str(value.id)] = user_json(value)
        if guild is not None:
            member = member_json(value, guild, with_user=False, channel=channel)
            resolved.setdefault("members", {})[str(value.id)] = member
    elif kind in (ROLE, MENTIONABLE) and isinstance(value, Role) and guild is not None:
        position = list(guild.roles).index(value.id)
        resolved.setdefault("roles", {})[str(value.id)] = role_json(value, position)
    elif kind == CHANNEL and isinstance(value, Channel):
        resolved.setdefault("channels", {})[str(value.id)] = channel_json(value)
    else:
        raise ValueError(f"the option {option['name']!r} does not take {value!r}")
    return str(value.id)
