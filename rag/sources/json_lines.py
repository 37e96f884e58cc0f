"""JSON lines: one object a line, with `title`, `abstract` (or `digest`) and what else is known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from rag.errors import SourceError
from rag.papers import Paper, Wording
from rag.sources.entries import checked, clean
from rag.sources.lines import Line

NAME = "json-lines"

_OBJECT_START = re.compile(r'\s*\{\s*"')
_ISO_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ].*)?)?)?")
_MAX_URL_CHARACTERS = 2_000
_KINDS = {
    "str": "text", "int": "a number", "float": "a number", "bool": "true or false", "NoneType": "null",
    "list": "a list", "dict": "an object",
}  # fmt: skip


def recognises(lines: Sequence[Line]) -> bool:
    """Return whether a file that starts with these lines is JSON lines: one good start is enough.

    The first line may be the broken one, and nothing else that people keep papers in has a line
    that starts with `{"`.
    """
    return any(_OBJECT_START.match(line.text) for line in lines)


def read(lines: Iterable[Line], name: str) -> Iterator[Paper | SourceError]:
    """Yield a Paper for each good line, and a SourceError with the place for each bad one."""
    for line in lines:
        # The brackets and commas of a JSON array with one object a line do no harm.
        text = line.text.strip().removesuffix(",")
        if line.problem is None and text in ("", "[", "]"):
            continue
        where = f"{name}:{line.number}"
        try:
            if line.problem:
                raise SourceError(where, line.problem)
            yield checked(_paper(_fields(text, where, ended=line.ended), name, where), where)
        except SourceError as error:
            yield error


def _fields(text: str, where: str, *, ended: bool) -> dict[str, Any]:
    """Return the object that a line spells; raises SourceError if it spells none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if not ended and text.startswith("{"):
            raise SourceError(where, "cut off: the file ends inside this line") from None
        detail = "nested too deep or with a number too long"
        if isinstance(error, json.JSONDecodeError):
            detail = f"{error.msg}, column {error.colno}"
        raise SourceError(where, f"not JSON ({detail})") from None
    if not isinstance(value, dict):
        raise SourceError(where, f"{_kind(value)}, not an object with title and abstract")
    return value


def _paper(fields: dict[str, Any], name: str, where: str) -> Paper:
    """Return the paper of an object; raises SourceError if its title or abstract is no text."""
    wording: Wording = "digest" if not fields.get("abstract") and fields.get("digest") else "abstract"
    return Paper(
        title=_required(fields, "title", where),
        abstract=_required(fields, wording, where),
        external_id=_identifier(fields.get("id")),
        authors=_authors(fields.get("authors")),
        published=_published(fields),
        url=_web_address(fields.get("url")),
        code_url=_web_address(fields.get("code_url")),
        categories=_categories(fields.get("categories")),
        sources=(name,),
        wording=wording,
    )


def _required(fields: dict[str, Any], field: str, where: str) -> str:
    """Return a text that a paper must have."""
    if field not in fields:
        raise SourceError(where, f"no {field}")
    value = fields[field]
    if not isinstance(value, str):
        raise SourceError(where, f"the {field} is {_kind(value)}, not text")
    if not value.strip():
        raise SourceError(where, f"the {field} is empty")
    return value


# What follows is optional: a value that makes no sense is left out, and the paper stays.


def _identifier(value: object) -> str | None:
    """Return the id that the source gives."""
    if isinstance(value, str):
        return clean(value) or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _authors(value: object) -> tuple[str, ...]:
    """Return the authors' names, from a list or from one line in either of the two usual styles."""
    if isinstance(value, str):
        groups = re.split(r"\s*,?\s+and\s+", value)
        if len(groups) > 1 and all(group.count(",") == 1 for group in groups):
            # "Curie, Marie and Meitner, Lise": the comma is inside the names.
            value = [" ".join(reversed(group.split(","))) for group in groups]
        else:
            value = [name for group in groups for name in group.split(",")]
    return _texts(value)


def _categories(value: object) -> tuple[str, ...]:
    """Return the categories, from a list or from one text with blanks between."""
    return _texts(re.split(r"[\s,;]+", value) if isinstance(value, str) else value)


def _texts(value: object) -> tuple[str, ...]:
    """Return the non-empty texts of a list, clean and each once."""
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(text for item in value if isinstance(item, str) and (text := clean(item))))


def _published(fields: dict[str, Any]) -> str | None:
    """Return when the paper came out, as far as it is known: "2018-12-06", "2018-12" or "2018"."""
    given = fields.get("published")
    if isinstance(given, str) and (match := _ISO_DATE.fullmatch(given.strip())):
        return _iso(*(int(part) if part else None for part in match.groups()))
    year = _whole_number(given) or _whole_number(fields.get("year"))
    return _iso(year, _whole_number(fields.get("month")), None) if year else None


def _iso(year: int | None, month: int | None, day: int | None) -> str | None:
    """Return the part of a date that is known, or None if there is no such day."""
    try:
        whole = date(year or 0, month or 1, day or 1)
    except (ValueError, OverflowError):
        # A wrong month does not make the year wrong.
        return _iso(year, None, None) if month else None
    return whole.isoformat()[: 10 if month and day else 7 if month else 4]


def _whole_number(value: object) -> int | None:
    """Return a whole number that is written as a number or as text."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,4}", value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _web_address(value: object) -> str | None:
    """Return an http or https address; anything else could run code in the reader's browser."""
    if not isinstance(value, str) or len(value) > _MAX_URL_CHARACTERS or not value.strip().isprintable():
        return None
    value = value.strip()
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.netloc and " " not in value else None


def _kind(value: object) -> str:
    """Return what a JSON value is, for people."""
    return _KINDS.get(type(value).__name__, "something else")
