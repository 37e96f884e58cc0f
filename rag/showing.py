"""A user's own words, made safe to be shown again: no links, no pings, no markup that breaks the frame."""

from __future__ import annotations

import re

from rag.papers import fold_space

_MAX_CHARACTERS = 120
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|\b(?:https?://|www\.)\S+", re.I)
_MARKUP = re.compile(r"[*_`~|<>\[\]{}@#\\\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Return words of a question as an answer may repeat them, cut to a short length."""
    safe = fold_space(_MARKUP.sub(" ", _LINK.sub(r"\1", text)))
    return safe if len(safe) <= _MAX_CHARACTERS else f"{safe[:_MAX_CHARACTERS].rstrip()} …"
