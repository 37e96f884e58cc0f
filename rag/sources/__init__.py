"""Files of papers, read: one module a format, text in, Papers out; the format is found out by content.

>>> import json
>>> reading = read_text(json.dumps({"title": "On Widgets", "abstract": "We count widgets."}), "widgets.jsonl")
>>> reading.format, reading.papers[0].title
('json-lines', 'On Widgets')

A new format is a module with `NAME`, `recognises` and `read`, and its line in `_READERS`.
"""

from __future__ import annotations

import io
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from rag.errors import SourceError
from rag.papers import Paper
from rag.sources import json_lines, saved_page
from rag.sources.lines import Line, chunks_of, lines_of, not_text

__all__ = ["FORMATS", "Reading", "read", "read_text"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came out of a file: its papers, what was wrong with the rest and where, and its format's name.

    A paper that stands in the file twice is in `papers` twice: a library merges them, across files too.
    """

    papers: tuple[Paper, ...]
    rejected: tuple[SourceError, ...]
    format: str


@dataclass(frozen=True, slots=True)
class _Reader:
    """A format: does a file that starts with these lines have it, and what do its lines hold."""

    name: str
    recognises: Callable[[Sequence[Line]], bool]
    read: Callable[[Iterable[Line], str], Iterator[Paper | SourceError]]


# In the order of asking: the surest to recognise comes first.
_READERS = (
    _Reader(json_lines.NAME, json_lines.recognises, json_lines.read),
    _Reader(saved_page.NAME, saved_page.recognises, saved_page.read),
)
FORMATS = tuple(reader.name for reader in _READERS)

_STANDARD_INPUT = "standard input"
# As much of a file as is looked at to find its format.
_SAMPLE_LINES = 400
_SAMPLE_CHARACTERS = 300_000
# A file with more that is wrong than this is no file of papers; its list of faults would only fill the memory.
_MAX_REJECTED = 100_000


def read(location: str | os.PathLike[str], *, format: str | None = None) -> Reading:
    """Return what a file holds; `location` is a path, or "-" for standard input. Gzip is unpacked.

    `format` is one of FORMATS; without it the format is found out by content. Bad entries are in the result's
    `rejected`, beside the good papers. Raises SourceError if the file as a whole cannot be read: missing, a directory,
    empty, binary, or of no known format.
    """
    path = os.fspath(location)
    if path == "-":
        # Not closed: standard input is not ours.
        return _read_stream(nullcontext(sys.stdin.buffer), _STANDARD_INPUT, path, format)
    try:
        stream = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed by _read_stream
    except FileNotFoundError:
        raise SourceError(path, "no such file") from None
    except IsADirectoryError:
        raise SourceError(path, "a directory: name the files in it, for example with *.txt") from None
    except PermissionError:
        raise SourceError(path, "no permission to read it") from None
    except (OSError, ValueError) as error:
        raise SourceError(path, f"cannot be opened ({getattr(error, 'strerror', None) or error})") from None
    return _read_stream(stream, Path(path).name, path, format)


def read_text(text: str, name: str, *, format: str | None = None) -> Reading:
    """Return what a text holds, as `read` does for a file called `name`; raises SourceError as `read` does."""
    data = text.encode("utf-8", "surrogatepass")
    return _read_stream(io.BytesIO(data), name, name, format)


def _read_stream(opened: AbstractContextManager[BinaryIO], name: str, place: str, format_name: str | None) -> Reading:
    """Return what a stream holds; `name` is what papers remember, `place` what the user typed."""
    with opened as stream:
        if format_name is not None and format_name not in FORMATS:
            raise SourceError(place, f'no format is called "{format_name}" (there are: {", ".join(FORMATS)})')
        try:
            chunks = chunks_of(stream)
            head = next(chunks, b"")
        except EOFError:
            raise SourceError(place, "the compressed file is cut off at its start") from None
        except (OSError, zlib.error) as error:
            raise SourceError(place, f"cannot be read ({error})") from None
        if problem := not_text(head):
            raise SourceError(place, problem)
        lines = lines_of(chain([head], chunks))
        sample = _sample(lines)
        if all(line.blank for line in sample):
            raise SourceError(place, "the file is empty")
        reader = _reader(sample, name, place, format_name)
        papers, rejected = _collect(reader.read(chain(sample, lines), name), name)
    if not papers and not rejected:
        rejected = [SourceError(name, f"no papers in it (read as {reader.name})")]
    return Reading(tuple(papers), tuple(rejected), reader.name)


def _sample(lines: Iterator[Line]) -> list[Line]:
    """Return the first lines, as many as it takes to find the format."""
    sample: list[Line] = []
    filled = characters = 0
    for line in lines:
        sample.append(line)
        filled += not line.blank
        characters += len(line.text) + 1
        if filled >= _SAMPLE_LINES or characters >= _SAMPLE_CHARACTERS:
            break
    return sample


def _reader(sample: Sequence[Line], name: str, place: str, format_name: str | None) -> _Reader:
    """Return the reader of the format that is named, or that the first lines have."""
    for reader in _READERS:
        if format_name == reader.name or (format_name is None and reader.recognises(sample)):
            return reader
    for line in sample:
        if line.problem:  # what is wrong with the line is why nothing is recognised
            raise SourceError(f"{name}:{line.number}", line.problem)
    first = next(line.text for line in sample if not line.blank).lstrip()
    known = f"of no known format (known: {', '.join(FORMATS)})"
    if first.startswith(("[", "{")):
        which = ".[]" if first.startswith("[") else "."
        known = f"JSON, but not one object a line: \"jq -c '{which}' FILE > FILE.jsonl\" makes JSON lines of it"
    elif first.startswith("<"):
        known = f"HTML or XML, {known}: save the page as text"
    raise SourceError(place, known)


def _collect(entries: Iterable[Paper | SourceError], name: str) -> tuple[list[Paper], list[SourceError]]:
    """Return the papers and the faults apart, each in the order of the file."""
    papers: list[Paper] = []
    rejected: list[SourceError] = []
    for entry in entries:
        if isinstance(entry, Paper):
            papers.append(entry)
            continue
        rejected.append(entry)
        if len(rejected) >= _MAX_REJECTED:
            rejected.append(SourceError(name, f"more than {_MAX_REJECTED:,} faults: not read any further"))
            break
    return papers, rejected
