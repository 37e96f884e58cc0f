"""A user's own words, made safe to be shown again: no links, no pings, no markup that breaks the frame."""

from __future__ import annotations

import re

from rag.papers import fold_space

_MAX_CHARACTERS = 120
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|\b(?:https?://|www\.|discord\.gg/)\S+", re.I)
_MARKUP = re.compile(r"[*_`~|<>\[\]{}@#\\\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Return words of a question as an answer may repeat them, cut to a short length."""
    safe = fold_space(_MARKUP.sub(" ", _LINK.sub(r"\1", text)))
    return safe if len(safe) <= _MAX_CHARACTERS else f"{safe[:_MAX_CHARACTERS].rstrip()} …"


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_NUMBERS_IN_BRACKETS = re.compile(r"\[(\d[\d,;\s–-]*)\]")
_MENTION = re.compile(r"@(?=everyone|here)|<(?=[@#:]|a:)", re.I)


def inert(text: str) -> str:
    """Return a language model's words without links, tags, mentions, code marks and control characters."""
    text = re.sub(r"[`|]", "", _CONTROL.sub(" ", text))
    before = ""
    while text != before:  # what one step leaves may be put together to harm
        before, text = text, _MENTION.sub("", _LINK.sub(r"\1", _TAG.sub(" ", text)))
    return fold_space(unmarked(text.replace("[", "(").replace("]", ")")))


def unmarked(text: str) -> str:
    """Return a text in which no number in square brackets looks like a mark of citebot's."""
    return _NUMBERS_IN_BRACKETS.sub(r"(\1)", text)
