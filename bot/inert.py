"""Words of others, made safe to be shown in Discord: they ping nobody, link nowhere and break no frame."""

from __future__ import annotations

import re
import unicodedata

_MOST_MARKS_A_LETTER = 3  # enough for every living script; more is a tower that covers the lines above
# Directions, joiners at odd places, tags, fillers: not seen, but they move or hide what is.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff]"
)
_BREAKS = re.compile(r"[\s\u0085\u2028\u2029]+")
_MARKUP = re.compile(r"([\\*_~|`\[\]<])")
_LINE_START = re.compile(r"^(?:[-+#>]|\d{1,9}(?=[.)]))")
_SCHEME = re.compile(r"\b([a-z][a-z0-9+.\-]{1,20}):(?=//|\\)", re.I)
_BARE_SCHEME = re.compile(r"\b(mailto|tel|sms|discord|steam):(?=\S)", re.I)
_NOTHING = "\u200b"  # a blank without width: parts "@" from a name, and "https:" from an address


def clean(text: str) -> str:
    """Return the text on one line, without control characters, directions and towers of accents."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    text = _BREAKS.sub(" ", _UNSEEN.sub("", text))
    kept: list[str] = []
    marks = 0
    for sign in text:
        category = unicodedata.category(sign)
        if category in ("Cc", "Cs", "Co"):
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS_A_LETTER:
            kept.append(sign)
    return "".join(kept).strip()


def inert(text: str) -> str:
    """Return the text as Discord's Markdown that shows its very letters: no mention, link, heading or code."""
    text = _MARKUP.sub(r"\\\1", clean(text)).replace("@", f"@{_NOTHING}")
    text = _SCHEME.sub(rf"\1:{_NOTHING}", text)
    text = _BARE_SCHEME.sub(rf"\1:{_NOTHING}", text)
    return _LINE_START.sub(_escape_start, text)


def _escape_start(match: re.Match[str]) -> str:
    return f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}"


def label(text: str, limit: int) -> str:
    """Return the text for a place that knows no Markdown (a button, a choice), at most `limit` characters."""
    return shortened(clean(text).replace("@", f"@{_NOTHING}"), limit) or "…"


def shortened(text: str, limit: int) -> str:
    """Return the text cut to at most `limit` characters as Discord counts them, between words where it can be."""
    if size(text) <= limit:
        return text
    text = text[: limit - 1]
    while size(text) > limit - 1:
        text = text[:-1]
    head, blank, _ = text.rpartition(" ")
    text = head if blank and size(head) > limit // 2 else text
    text = text.rstrip()
    escapes = len(text) - len(text.rstrip("\\"))
    return (text[:-1] if escapes % 2 else text) + "…"  # half an escape would escape what comes behind


def size(text: str) -> int:
    """Return the length that Discord may count: UTF-16 units, never less than characters."""
    return len(text) + sum(sign > "\uffff" for sign in text)
