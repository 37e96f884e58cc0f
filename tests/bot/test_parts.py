"""Conversations, cool-downs, channels, the log and the settings: parts that need no Discord."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from bot.collection import folded
from bot.conversations import Said, is_addressed, question_in, turns
from bot.cooldown import CoolDown
from bot.errors import Refusal, StartError, TimeLimitError, line_for
from bot.log import OneLine
from bot.settings import load_bot_settings
from bot.store import KeptAnswer, Store
from rag.answers import Turn
from rag.errors import PaperNotFoundError


@pytest.mark.parametrize(
    ("direct", "mentioned", "by_bot", "ordinary", "addressed"),
    [
        (True, False, False, True, True),
        (False, True, False, True, True),
        (False, False, False, True, False),
        (True, True, True, True, False),
        (False, True, False, False, False),
    ],
)
def test_who_is_addressed(direct: bool, mentioned: bool, by_bot: bool, ordinary: bool, addressed: bool) -> None:
    assert is_addressed(direct=direct, mentioned=mentioned, by_bot=by_bot, ordinary=ordinary) is addressed


@pytest.mark.parametrize(
    ("content", "question"),
    [
        ("<@7> why?", "why?"),
        ("why <@!7>  so?", "why so?"),
        ("<@7>", ""),
        ("<@7> what of <@8>'s paper, <@9>?", "what of Ben's paper, ?"),
        ("<@77> why?", "why?"),
    ],
)
def test_question_is_the_message_without_the_mention(content: str, question: str) -> None:
    assert question_in(content, 7, {8: "Ben"}) == question


def test_conversation_is_told_once_and_in_order() -> None:
    kept = {"a": KeptAnswer("a", "one", "Answer one", ()), "b": KeptAnswer("b", "two", "Answer two", ())}
    said = [
        Said(1, True, "shown one", "a"),  # to a command: its question is in no message
        Said(2, True, "shown one, page two", "a"),
        Said(3, True, "Mention me here", None),
        Said(4, False, "two"),
        Said(5, True, "shown two", "b"),
        Said(6, False, ""),
        Said(7, True, "an old answer", "c"),
    ]
    assert turns(said, kept) == [
        Turn("user", "one"),
        Turn("assistant", "Answer one"),
        Turn("user", "two"),
        Turn("assistant", "Answer two"),
        Turn("assistant", "an old answer"),
    ]


def test_cool_down_counts_in_a_sliding_window() -> None:
    now = 100.0
    cool_down = CoolDown(2, window=60, now=lambda: now)
    assert cool_down.wait(1) == 0
    cool_down.take(1)
    now = 110.0
    cool_down.take(1)
    assert cool_down.wait(1) == 50
    assert cool_down.wait(2) == 0
    now = 160.0
    assert cool_down.wait(1) == 0
    assert CoolDown(0).wait(1) == 0


def test_lines_for_errors_never_say_the_error() -> None:
    for error in (
        PaperNotFoundError("/secret"),
        TimeLimitError("/secret"),
        ValueError("/secret"),
        asyncio.CancelledError(),
    ):
        line = line_for(error, "12ab")
        assert "secret" not in line
        assert "`12ab`" in line
        assert "\n" not in line
    assert line_for(Refusal("Please wait."), "12ab") == "Please wait."


def test_log_line_is_one_line_without_secrets() -> None:
    formatter = OneLine(("the-token",))
    try:
        raise ValueError("the-token\nat /webhooks/12/aB-c.d_e/messages and /interactions/3/xyz/callback\x1b[0m")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), (type(error), error, None))
    line = formatter.format(record)
    assert "the-token" not in line
    assert "aB-c.d_e" not in line
    assert "xyz" not in line
    assert line.isprintable()


def test_settings_are_read_and_faults_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CITEBOT_DISCORD_ADMINS", "12, 34")
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    Path("citebot.toml").write_text("discord_keep_days = 3\n", encoding="utf-8")
    settings = load_bot_settings()
    assert settings.discord_admins == {12, 34}
    assert settings.discord_keep_days == 3
    assert "secret" not in repr(settings)
    monkeypatch.setenv("CITEBOT_HEALTH_PORT", "secret")
    with pytest.raises(StartError, match="CITEBOT_HEALTH_PORT") as caught:
        load_bot_settings()
    assert "secret" not in str(caught.value)


def test_names_are_compared_without_accents_and_case() -> None:
    assert folded("  Pokémon  GO ") == "pokemon go"


def test_store_forgets_on_disk_too(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"

    async def test() -> None:
        store = await Store.open(path, keep_days=30)
        await store.keep(KeptAnswer("0" * 16, "a very particular question \ud800", "text", ()), asker=5)
        assert await store.forget(5) == 1
        await store.close()

    asyncio.run(test())
    assert all(b"very particular" not in file.read_bytes() for file in tmp_path.iterdir())
    assert path.stat().st_mode & 0o077 == 0
