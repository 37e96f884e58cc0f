"""A "trending papers" page, saved as text: page furniture, a date, then title and abstract in turn.

`page_pieces` says what each stretch of the page looks like; `read` is the state machine that pairs titles with
abstracts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rag.errors import SourceError
from rag.papers import Paper, fold_space
from rag.sources.entries import MAX_ABSTRACT_CHARACTERS, checked, shown
from rag.sources.lines import Line
from rag.sources.page_pieces import PAGE_MARK, Kind, Piece, ends_whole, pieces_of, starts_small

NAME = "saved-page"

# --------------------------------------------------------------------------- what page is this

# How files of other formats start: Markdown, BibTeX, HTML, JSON, RIS, Web of Science, tables.
_OTHER_FORMAT = re.compile(r"\s*(?:[<@{\[#%|]|```|[A-Z][A-Z0-9]\s\s?-\s|FN\s|---)")
# A page without furniture is known by its abstracts; what is shorter than this may be anything.
_SHORTEST_FIRST_ABSTRACT = 100
# Pieces above the first date: more than these are no head of a page.
_LONGEST_HEAD = 50


def recognises(lines: Sequence[Line]) -> bool:
    """Return whether a file that starts with these lines is a saved page.

    A line that only such a page has settles it, and so does a date with a title and an abstract. Without
    either, titles and abstracts must alternate strictly: a README is not a page of papers.
    """
    first = next((line.text for line in lines if not line.blank and line.problem is None), "")
    if _OTHER_FORMAT.match(first):
        return False
    if any(PAGE_MARK.fullmatch(fold_space(line.text)) for line in lines):
        return True
    pieces = list(pieces_of(lines))
    body = [piece for piece in pieces if piece.kind in (Kind.TITLE, Kind.PROSE)]
    pairs = sum(
        before.kind is Kind.TITLE and after.kind is Kind.PROSE and len(after.text) >= _SHORTEST_FIRST_ABSTRACT
        for before, after in pairwise(body)
    )
    dated = any(piece.kind is Kind.DATE for piece in pieces)
    return pairs > 0 and (dated or pairs >= len(body) // 2)


# --------------------------------------------------------------------------- the state machine


def read(lines: Iterable[Line], name: str) -> Iterator[Paper | SourceError]:
    """Yield a Paper for each title with its abstract, and a SourceError with the place for each that is not whole.

    Three states: no title (`title` is None), a title waits (`abstract` is empty), an abstract grows.

        state             a title comes                 prose comes            an unreadable line comes
        no title          it waits                      told: no title         told
        a title waits     told: no abstract; it waits   the abstract starts    told; title forgotten
        abstract grows    paper out; it waits           one more paragraph     told; paper out if whole

    Furniture and dates change nothing, wherever they are. The page's date has no year and is the day of trending: it
    is not `published`.
    """
    title: Piece | None = None
    abstract: list[Piece] = []
    told = False  # that the prose that comes now has no title; once for all its paragraphs
    last: Piece | None = None
    for piece in _without_head(pieces_of(lines)):
        last = piece
        if piece.kind is Kind.PROSE and title is not None:
            abstract = _grown(abstract, piece)
        elif piece.kind is Kind.PROSE and not told:
            yield SourceError(f"{name}:{piece.line}", f"an abstract without a title: {shown(piece.text)}")
            told = True
        elif piece.kind is Kind.UNREADABLE:
            if abstract and ends_whole(abstract[-1]):
                yield from _closed(title, abstract, name)
            yield SourceError(f"{name}:{piece.line}", piece.text)
            title, abstract, told = None, [], True
        elif piece.kind is Kind.TITLE and abstract and starts_small(piece.text) and not ends_whole(abstract[-1]):
            abstract = _grown(abstract, piece)  # it goes on with the sentence, so it is no title
        elif piece.kind is Kind.TITLE and (title is None or abstract or " " in piece.text):
            # (A lone word below a title is the name of somebody or something, not another title.)
            yield from _closed(title, abstract, name)
            title, abstract, told = piece, [], False
    if abstract and last is abstract[-1] and not ends_whole(last, at_end=True):
        # Half an abstract would take the place of a whole one that the library may have.
        which = shown(title.text) if title else "the last paper"
        advice = "if it is whole, end it with a full stop and a new line"
        why = f"the abstract of {which} seems cut off at the end of the file ({advice})"
        yield SourceError(f"{name}:{last.line}", why)
    else:
        yield from _closed(title, abstract, name, at_end=True)


def _without_head(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces without the head of the page: what is above the first date, if no paper is."""
    head: list[Piece] = []
    in_head = True
    for piece in pieces:
        if in_head and piece.kind is Kind.DATE:
            head, in_head = [part for part in head if part.kind is Kind.UNREADABLE], False
        elif in_head and head:
            in_head = not (piece.kind is Kind.PROSE and head[-1].kind is Kind.TITLE) and len(head) < _LONGEST_HEAD
        head.append(piece)
        if not in_head:
            yield from head
            head = []
    yield from head


def _grown(abstract: list[Piece], piece: Piece) -> list[Piece]:
    """Return the abstract with one more paragraph; what is far too long already does not grow any further."""
    too_long = sum(len(part.text) for part in abstract) > MAX_ABSTRACT_CHARACTERS
    return abstract if too_long else [*abstract, piece]


def _closed(
    title: Piece | None, abstract: Sequence[Piece], name: str, *, at_end: bool = False
) -> Iterator[Paper | SourceError]:
    """Yield the paper that a title and its abstract make, or what is wrong with it; nothing without a title."""
    if title is None:
        return
    where = f"{name}:{title.line}"
    if abstract:
        text = " ".join(part.text for part in abstract)
        try:
            yield checked(Paper(title=title.text, abstract=text, sources=(name,)), where)
        except SourceError as error:
            yield error
    elif at_end:
        yield SourceError(where, f"a title without an abstract, at the end of the file: {shown(title.text)}")
    elif " " in title.text:  # a lone word between two papers is furniture that is not known by name
        yield SourceError(where, f"a title without an abstract: {shown(title.text)}")
