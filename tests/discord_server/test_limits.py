"""Discord's limits, at their edges: what is just allowed, and what is one too much."""

from __future__ import annotations

from typing import Any

import pytest

from tests.discord_server.command_limits import commands_problems
from tests.discord_server.errors import invalid_form
from tests.discord_server.limits import (
    choices_problems,
    is_web_address,
    message_problems,
    modal_problems,
    thread_name_problems,
)
from tests.discord_server.mentions import Pings, pings, previews

Json = dict[str, Any]


def button(**changes: Any) -> Json:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **changes}


def link(url: Any, **changes: Any) -> Json:
    return {"type": 2, "style": 5, "label": "Go", "url": url, **changes}


def rows(*parts: Json) -> Json:
    return {"components": [{"type": 1, "components": [part]} for part in parts]}


def row(*parts: Json) -> Json:
    return {"components": [{"type": 1, "components": list(parts)}]}


def select(*options: Json, **changes: Any) -> Json:
    return {"type": 3, "custom_id": "pick", "options": list(options), **changes}


def option(value: str, **changes: Any) -> Json:
    return {"label": "One", "value": value, **changes}


def embed(**parts: Any) -> Json:
    return {"embeds": [parts]}


def fields(count: int, name: str = "n", value: str = "v") -> list[Json]:
    return [{"name": name, "value": value}] * count


ALLOWED = [
    {"content": "x" * 2000},
    {"content": f"  {'x' * 2000}\n"},
    embed(title="x" * 256, description="x" * 4096),
    embed(footer={"text": "x" * 2048}, author={"name": "x" * 256}),
    embed(fields=fields(25)),
    embed(fields=fields(1, "x" * 256, "x" * 1024)),
    {"embeds": [{"description": "x" * 600}] * 10},
    rows(*[button(custom_id=str(at)) for at in range(5)]),
    row(*[button(custom_id=str(at)) for at in range(5)]),
    row(button(label="x" * 80, custom_id="x" * 100)),
    row(button(label=None, emoji={"name": "👍", "id": None})),
    row(link("https://arxiv.org/abs/1"), link("http://example.org/" + "x" * 493)),
    row(select(*[option(str(at)) for at in range(25)], placeholder="x" * 150)),
    {"allowed_mentions": {"parse": [], "users": ["1"]}},
]

REFUSED = [
    ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
    (embed(title="x" * 257), "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
    (embed(description="x" * 4097), "embeds.0.description", "BASE_TYPE_MAX_LENGTH"),
    (embed(footer={"text": "x" * 2049}), "embeds.0.footer.text", "BASE_TYPE_MAX_LENGTH"),
    (embed(author={"name": "x" * 257}), "embeds.0.author.name", "BASE_TYPE_MAX_LENGTH"),
    (embed(fields=fields(26)), "embeds.0.fields", "BASE_TYPE_MAX_LENGTH"),
    (embed(fields=fields(1, "x" * 257)), "embeds.0.fields.0.name", "BASE_TYPE_BAD_LENGTH"),
    (embed(fields=fields(1, "n", "x" * 1025)), "embeds.0.fields.0.value", "BASE_TYPE_BAD_LENGTH"),
    (embed(fields=fields(1, "n", " ")), "embeds.0.fields.0.value", "BASE_TYPE_REQUIRED"),
    (embed(title="x", url="javascript:alert(1)"), "embeds.0.url", "URL_TYPE_INVALID_URL"),
    ({"embeds": [{"title": "x"}] * 11}, "embeds", "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
    (rows(*[button(custom_id=str(at)) for at in range(6)]), "components", "BASE_TYPE_BAD_LENGTH"),
    (row(*[button(custom_id=str(at)) for at in range(6)]), "components.0.components", "BASE_TYPE_BAD_LENGTH"),
    (row(), "components.0.components", "BASE_TYPE_BAD_LENGTH"),
    (row(button(label="x" * 81)), "components.0.components.0.label", "BASE_TYPE_MAX_LENGTH"),
    (row(button(label=" ")), "components.0.components.0.label", "BUTTON_COMPONENT_INVALID"),
    (row(button(emoji={"name": "up"})), "components.0.components.0.emoji.name", "COMPONENT_INVALID_EMOJI"),
    (row(button(custom_id="x" * 101)), "components.0.components.0.custom_id", "BASE_TYPE_BAD_LENGTH"),
    (row(button(custom_id=None)), "components.0.components.0.custom_id", "BASE_TYPE_REQUIRED"),
    (rows(button(), button()), "components.1.components.0.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"),
    (row(link("ftp://example.org")), "components.0.components.0.url", "URL_TYPE_INVALID_SCHEME"),
    (row(link("http://example.org/" + "x" * 494)), "components.0.components.0.url", "BASE_TYPE_BAD_LENGTH"),
    (row(link(None)), "components.0.components.0.url", "BASE_TYPE_REQUIRED"),
    (
        row(link("https://example.org", custom_id="go")),
        "components.0.components.0.custom_id",
        "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
    ),
    (row(select()), "components.0.components.0.options", "BASE_TYPE_BAD_LENGTH"),
    (row(select(*[option(str(at)) for at in range(26)])), "components.0.components.0.options", "BASE_TYPE_BAD_LENGTH"),
    (row(select(option("1", label="x" * 101))), "components.0.components.0.options.0.label", "BASE_TYPE_BAD_LENGTH"),
    (
        row(select(option("1"), option("1"))),
        "components.0.components.0.options.1.value",
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
    ),
    (row(select(option("1")), button()), "components.0.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
    (row({"type": 4}), "components.0.components.0.type", "BASE_TYPE_CHOICES"),
    ({"components": [button()]}, "components.0.type", "BASE_TYPE_CHOICES"),
    ({"nonce": "x" * 26}, "nonce", "NONCE_TYPE_TOO_LONG"),
    (
        {"allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions",
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
]


@pytest.mark.parametrize("payload", ALLOWED)
def test_what_is_just_allowed(payload: Json) -> None:
    assert message_problems(payload) == []


@pytest.mark.parametrize(("payload", "path", "code"), REFUSED)
def test_what_is_one_too_much(payload: Json, path: str, code: str) -> None:
    problems = [(".".join(map(str, problem.path)), problem.code) for problem in message_problems(payload)]
    assert problems == [(path, code)]


def test_problems_are_nested_as_discord_nests_them() -> None:
    problems = message_problems({"content": "x" * 2001, **embed(title="x" * 257)})
    body = invalid_form(problems, under=("data",)).body()
    assert (body["code"], body["message"]) == (50035, "Invalid Form Body")
    assert list(body["errors"]["data"]) == ["content", "embeds"]
    (error,) = body["errors"]["data"]["embeds"]["0"]["title"]["_errors"]
    assert error["message"] == "Must be 256 or fewer in length."


@pytest.mark.parametrize(
    ("count", "length", "problems"), [(25, 100, 0), (26, 100, 1), (1, 101, 2), (1, 0, 2), (0, 1, 0)]
)
def test_choices(count: int, length: int, problems: int) -> None:
    assert len([*choices_problems([{"name": "n" * length, "value": "v" * length}] * count)]) == problems


@pytest.mark.parametrize(("name", "allowed"), [("x", True), ("x" * 100, True), ("", False), ("x" * 101, False)])
def test_names_of_threads(name: str, allowed: bool) -> None:
    assert (not [*thread_name_problems(name)]) is allowed


def test_modals() -> None:
    field = {"type": 4, "custom_id": "text", "label": "Text", "style": 2}
    modal: Json = {"title": "Paste", "custom_id": "paste", "components": [{"type": 1, "components": [field]}]}
    assert [*modal_problems(modal)] == []
    assert len([*modal_problems({**modal, "title": "x" * 46})]) == 1
    assert len([*modal_problems({**modal, "components": modal["components"] * 2})]) == 1
    assert len([*modal_problems({**modal, "components": []})]) == 1


COMMAND = {"name": "ask", "description": "Ask", "options": []}


def command(*options: Json, **changes: Any) -> list[Json]:
    return [{**COMMAND, "options": list(options), **changes}]


def parameter(name: str, **changes: Any) -> Json:
    return {"type": 3, "name": name, "description": "What", **changes}


@pytest.mark.parametrize(
    "commands",
    [
        command(),
        command(name="x" * 32, description="x" * 100),
        command(*[parameter(f"o{at}") for at in range(25)]),
        command(parameter("a", required=True), parameter("b")),
        command(parameter("group", type=2, options=[parameter("sub", type=1, options=[parameter("a")])])),
        [*command(), {"name": "Ask about", "type": 3}],
    ],
)
def test_commands_that_are_just_allowed(commands: list[Json]) -> None:
    assert commands_problems(commands) == []


@pytest.mark.parametrize(
    ("commands", "path"),
    [
        (command(name="Ask"), "0.name"),
        (command(name="a b"), "0.name"),
        (command(name="x" * 33), "0.name"),
        (command(description=""), "0.description"),
        (command(description="x" * 101), "0.description"),
        (command(*[parameter(f"o{at}") for at in range(26)]), "0.options"),
        (command(parameter("a"), parameter("b", required=True)), "0.options.1"),
        (command(parameter("a"), parameter("a")), "0.options.1.name"),
        (command(parameter("a"), parameter("b", type=1)), "0.options"),
        (command(parameter("a", choices=[{"name": "", "value": "1"}])), "0.options.0.choices.0.name"),
        (command(parameter("a", type=5, autocomplete=True)), "0.options.0"),
        ([*command(), *command()], "1.name"),
    ],
)
def test_commands_that_are_one_too_much(commands: list[Json], path: str) -> None:
    assert [".".join(map(str, problem.path)) for problem in commands_problems(commands)] == [path]


@pytest.mark.parametrize(
    ("content", "allowed", "expected"),
    [
        ("<@111111111111111111> <@!222222222222222222>", None, {111111111111111111, 222222222222222222}),
        ("<@111111111111111111>", {"parse": []}, set()),
        ("<@111111111111111111>", {"parse": ["users"]}, {111111111111111111}),
        ("<@111111111111111111> <@222222222222222222>", {"users": ["111111111111111111"]}, {111111111111111111}),
        ("nobody", {"parse": [], "replied_user": True}, {5}),
        ("nobody", None, {5}),
        ("nobody", {"parse": []}, set()),
    ],
)
def test_who_is_pinged(content: str, allowed: Json | None, expected: set[int]) -> None:
    replied_to = 5 if content == "nobody" else None
    assert pings(content, allowed, replied_to).users == expected


def test_roles_and_everyone_are_pinged_unless_that_is_not_allowed() -> None:
    content = "@here <@&333333333333333333>"
    assert pings(content, None) == Pings(frozenset(), frozenset({333333333333333333}), True)
    assert pings(content, {"parse": ["roles"]}) == Pings(frozenset(), frozenset({333333333333333333}), False)
    assert not pings(content, {"parse": []})
    assert not pings("@everyones <@12>", None)


def test_addresses_have_previews_unless_they_are_wrapped() -> None:
    content = "[a](https://example.org/a) <https://example.org/b>"
    assert previews(content, 0) == ["https://example.org/a"]
    assert previews(content, 1 << 2) == []


@pytest.mark.parametrize(
    ("url", "is_link"),
    [("https://arxiv.org", True), ("https://", False), ("https://a b.org", False), ("//a.org", False), (None, False)],
)
def test_addresses(url: str | None, is_link: bool) -> None:
    assert is_web_address(url) is is_link
