"""Discord's limits on application commands: pure functions from a list of commands to what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.discord_server.errors import Json, Problem
from tests.discord_server.limits import Path, choices_problems, required

COMMANDS = 100
OPTIONS = 25
DESCRIPTION = 100
COMMAND_IN_ALL = 8_000
SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(
    1, 12
)
CHAT_INPUT = 1

_NAME = re.compile(r"[-_'\w]{1,32}")


def commands_problems(commands: list[Json]) -> list[Problem]:
    """Return what is wrong with the commands of an application, given all at once."""
    problems: list[Problem] = []
    if len(commands) > COMMANDS:
        problems.append(Problem((), "APPLICATION_COMMANDS_MAX", f"Must be {COMMANDS} or fewer in length."))
    seen: set[tuple[int, str]] = set()
    for at, command in enumerate(commands):
        problems += command_problems((at,), command)
        key = (command.get("type") or CHAT_INPUT, str(command.get("name")))
        if key in seen:
            message = "Application command names must be unique"
            problems.append(Problem((at, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message))
        seen.add(key)
    return problems


def command_problems(path: Path, command: Json) -> Iterator[Problem]:
    """Yield what is wrong with one command."""
    if (command.get("type") or CHAT_INPUT) != CHAT_INPUT:
        yield from required((*path, "name"), command.get("name"), 32)
        return
    yield from name_problems((*path, "name"), command.get("name"))
    yield from required((*path, "description"), command.get("description"), DESCRIPTION)
    yield from options_problems(path, command.get("options") or [], depth=0)
    if command_size(command) > COMMAND_IN_ALL:
        message = f"Command exceeds maximum size ({COMMAND_IN_ALL})"
        yield Problem(path, "APPLICATION_COMMAND_TOO_LARGE", message)


def name_problems(path: Path, name: object) -> Iterator[Problem]:
    """Yield what is wrong with the name of a slash command or of an option."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.lower():
        yield Problem(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def options_problems(path: Path, options: list[Json], depth: int) -> Iterator[Problem]:
    """Yield what is wrong with the options, or sub-commands, of a command at a depth of nesting."""
    if len(options) > OPTIONS:
        yield Problem((*path, "options"), "BASE_TYPE_MAX_LENGTH", f"Must be {OPTIONS} or fewer in length.")
    if any(is_nested(option) for option in options) and not all(map(is_nested, options)):
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        yield Problem((*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    seen: set[str] = set()
    optional = False
    for at, option in enumerate(options):
        here = (*path, "options", at)
        if option.get("name") in seen:
            message = "Option names must be unique"
            yield Problem((*here, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", message)
        seen.add(str(option.get("name")))
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            yield Problem(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")
        yield from option_problems(here, option, depth)


def option_problems(path: Path, option: Json, depth: int) -> Iterator[Problem]:
    """Yield what is wrong with one option or sub-command."""
    yield from name_problems((*path, "name"), option.get("name"))
    yield from required((*path, "description"), option.get("description"), DESCRIPTION)
    kind = option.get("type")
    if kind not in range(SUB_COMMAND, ATTACHMENT + 1):
        yield Problem((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of {1, ..., 11}.")
    if is_nested(option):
        if depth > (1 if kind == SUB_COMMAND else 0):
            message = "Sub-commands cannot be nested that deep"
            yield Problem((*path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
        else:
            yield from options_problems(path, option.get("options") or [], depth + 1)
        return
    if option.get("choices") is not None:
        for problem in choices_problems(option["choices"]):
            yield problem._replace(path=(*path, *problem.path))
    if option.get("autocomplete"):
        if option.get("choices"):
            message = "Autocomplete and choices are mutually exclusive"
            yield Problem(path, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", message)
        if kind not in (STRING, INTEGER, NUMBER):
            message = "Autocomplete is for strings and numbers"
            yield Problem(path, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", message)


def is_nested(option: Json) -> bool:
    """Tell whether an option is a sub-command or a group of them."""
    return option.get("type") in (SUB_COMMAND, SUB_COMMAND_GROUP)


def command_size(command: Json) -> int:
    """Return how many characters of names, descriptions and values a command has in all."""
    size = len(str(command.get("name") or "")) + len(str(command.get("description") or ""))
    for choice in command.get("choices") or []:
        size += len(str(choice.get("name") or "")) + len(str(choice.get("value") or ""))
    return size + sum(map(command_size, command.get("options") or []))
