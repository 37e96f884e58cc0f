"""Bytes in, numbered lines of text out: in bounded memory, whatever the file holds.

What is wrong with a line (too long, not UTF-8, the end of a damaged archive) travels with the line,
so that a reader can name the place and go on with the next one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

MAX_LINE_BYTES = 1_000_000
# A line that goes on for longer than this is no line of anything: a decompression bomb, a disk image.
GIVE_UP_LINE_BYTES = 1_000_000_000

_CHUNK_BYTES = 65_536
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file; `number` counts from 1.

    `problem` says why the line could not be read, and `text` is empty then. `ended` is False where
    the file stops without a line end, which is where a file that was cut in the middle stops.
    """

    number: int
    text: str
    problem: str | None = None
    ended: bool = True

    @property
    def blank(self) -> bool:
        """Whether there is nothing to read on the line, and nothing wrong with it."""
        return self.problem is None and not self.text.strip()


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what the stream holds, unpacked if it is gzip; found out by content, not by name.

    Raises OSError, zlib.error (damaged) or EOFError (cut off) where the stream gives no more.
    """
    chunks = iter(lambda: stream.read(_CHUNK_BYTES), b"")
    first = next(chunks, b"")
    whole = chain([first] if first else [], chunks)
    return _unzipped(whole) if first.startswith(_GZIP_MAGIC) else whole


def _unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of gzip data, a chunk at a time however much it grows.

    The module gzip would do, but it throws away what it has unpacked when it meets the end of a file that was cut.
    """
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        data, more = chunk, True
        while data or more:
            if unzip.eof:  # a gzip file may be several, one behind the other, with zeros to fill the last block
                data = (unzip.unused_data + data).lstrip(b"\0")
                if not data:
                    break
                unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
            content = unzip.decompress(data, _CHUNK_BYTES)
            if content:
                yield content
            # All that was put in may be used up while there is still something to come out.
            data, more = unzip.unconsumed_tail, len(content) == _CHUNK_BYTES or bool(unzip.unused_data)
    if not unzip.eof:
        raise EOFError


def not_text(head: bytes) -> str | None:
    """Return why a file that starts with these bytes is no text that citebot reads, or None."""
    if head.startswith(_UTF16_MARKS):
        return "UTF-16 text: save it as UTF-8 and add it again"
    if head.startswith(b"%PDF"):
        return "a PDF file: citebot reads titles and abstracts as text"
    if b"\0" in head:
        return "a binary file, not text"
    return None


def lines_of(chunks: Iterable[bytes]) -> Iterator[Line]:
    r"""Yield the lines of what `chunks_of` yields; a line ends with `\n`, `\r\n` or `\r`.

    Holds no more than MAX_LINE_BYTES and a chunk at a time. Never raises for what the file holds: a line that is too
    long or not UTF-8 comes out with its `problem`, and so does the place where a file breaks off.
    """
    number = 1
    kept = bytearray()
    size = 0
    try:
        for chunk in _with_plain_line_ends(chunks):
            *whole, rest = chunk.split(b"\n")
            for part in whole:
                kept += part[: MAX_LINE_BYTES + 1 - len(kept)]
                yield _line(number, bytes(kept), size + len(part), ended=True)
                number, size = number + 1, 0
                kept.clear()
            kept += rest[: MAX_LINE_BYTES + 1 - len(kept)]
            size += len(rest)
            if size > GIVE_UP_LINE_BYTES:
                why = f"over {_megabytes(GIVE_UP_LINE_BYTES)} on one line: not read any further"
                yield Line(number, "", why, ended=False)
                return
    except EOFError:
        yield Line(number, "", "the compressed file is cut off here", ended=False)
    except (OSError, zlib.error) as error:
        yield Line(number, "", f"the file is damaged from here on ({error})", ended=False)
    else:
        if size:
            yield _line(number, bytes(kept), size, ended=False)


def _with_plain_line_ends(chunks: Iterable[bytes]) -> Iterator[bytes]:
    r"""Yield the chunks with every line end as `\n`."""
    held = b""
    for chunk in chunks:
        # A chunk may end between the two halves of a Windows line end: hold the first back.
        joined = held + chunk
        held = b"\r" if joined.endswith(b"\r") else b""
        yield joined[: len(joined) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def _line(number: int, data: bytes, size: int, *, ended: bool) -> Line:
    """Return the line that these bytes are, or what is wrong with it."""
    if size > MAX_LINE_BYTES:
        why = f"{_megabytes(size)} on one line (the limit is {_megabytes(MAX_LINE_BYTES)})"
        return Line(number, "", why, ended)
    try:
        text = data.decode("utf-8").lstrip("\ufeff")  # the mark that Windows editors put first
    except UnicodeDecodeError as error:
        if not ended and error.end == len(data) and "unexpected end" in error.reason:
            return Line(number, "", "cut off: the file ends inside a character", ended)
        found = f"byte 0x{data[error.start]:02X}, as in Windows-1252 or Latin-1"
        return Line(number, "", f"not UTF-8 ({found}): save the file as UTF-8 and add it again", ended)
    if "\0" in text:
        return Line(number, "", "not text (NUL bytes)", ended)
    return Line(number, text, None, ended)


def _megabytes(size: int) -> str:
    """Return a size for people: "50 MB", "1.2 MB", "1 GB"."""
    unit, divisor = ("GB", 1e9) if size >= GIVE_UP_LINE_BYTES else ("MB", 1e6)
    return f"{size / divisor:.1f}".removesuffix(".0") + f" {unit}"
