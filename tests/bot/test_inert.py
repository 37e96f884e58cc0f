"""Words of others are shown as they are and do nothing."""

from __future__ import annotations

import pytest

from bot.inert import clean, inert, label, shortened, size


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 41 % (of 3.5).", "plain words, 41 % (of 3.5)."),
        ("@everyone <@1>", "@\u200beveryone \\<@\u200b1>"),
        ("[click](https://evil.example)", "\\[click\\](https:\u200b//evil.example)"),
        ("```x```", "\\`\\`\\`x\\`\\`\\`"),
        ("**b** _i_ ~~s~~ ||h||", "\\*\\*b\\*\\* \\_i\\_ \\~\\~s\\~\\~ \\|\\|h\\|\\|"),
        ("# heading", "\\# heading"),
        ("> quote", "\\> quote"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("\\", "\\\\"),
        ("mailto:a@b.example", "mailto:\u200ba@\u200bb.example"),
    ],
)
def test_markup_is_shown_as_it_was_written(text: str, shown: str) -> None:
    assert inert(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo\u2028three\tfour", "one two three four"),
        ("\u202edcba\u202c \u2066x\u2069 \u200f", "dcba x"),
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("\u200b\ufeff\U000e0041", ""),
        ("Z" + "\u0321" * 50, "Z" + "\u0321" * 3),
        ("e\u0301", "é"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
        ("half \ud800 pair", "half ? pair"),
    ],
)
def test_what_moves_or_hides_text_is_taken_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_cutting_keeps_words_and_escapes_whole() -> None:
    assert shortened("one two three", 10) == "one two…"
    assert shortened("short", 10) == "short"
    assert shortened("x" * 20, 10) == "x" * 9 + "…"
    for limit in range(2, 12):
        cut = shortened("\\\\" * 10, limit)
        assert size(cut) <= limit
        assert cut.removesuffix("…").count("\\") % 2 == 0


def test_length_is_counted_as_discord_may_count_it() -> None:
    assert size("a😀") == 3
    assert size(shortened("😀" * 100, 80)) <= 80


def test_label_is_never_empty() -> None:
    assert label("\u200b", 80) == "…"
    assert label("@here", 80) == "@\u200bhere"
