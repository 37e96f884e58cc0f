"""What every format shares: an entry of a file becomes a Paper, or it is told why not."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from rag.errors import SourceError
from rag.papers import Paper, fold_space, title_key
from rag.sources.code_links import find_code_link

MAX_TITLE_CHARACTERS = 500
MAX_ABSTRACT_CHARACTERS = 20_000

_SHOWN_CHARACTERS = 60


def checked(paper: Paper, where: str) -> Paper:
    """Return the paper with clean text, and with the code link of its abstract if it has none yet.

    Raises SourceError, with `where` as the place, if the title or the abstract is empty or too long.
    """
    title, abstract = clean(paper.title), clean(paper.abstract)
    if not title_key(title):
        raise SourceError(where, "the title has no letters or digits in it" if title else "the title is empty")
    if len(title) > MAX_TITLE_CHARACTERS:
        why = f"a title of {len(title):,} characters (the limit is {MAX_TITLE_CHARACTERS}): {shown(title)}"
        raise SourceError(where, why)
    if not abstract:
        raise SourceError(where, f"the {paper.wording} is empty: {shown(title)}")
    if len(abstract) > MAX_ABSTRACT_CHARACTERS:
        limit = f"the limit is {MAX_ABSTRACT_CHARACTERS:,}"
        why = f"the {paper.wording} of {shown(title)} is {len(abstract):,} characters long ({limit})"
        raise SourceError(where, why)
    return replace(paper, title=title, abstract=abstract, code_url=paper.code_url or find_code_link(abstract))


def clean(text: str) -> str:
    """Return the text with white space folded and without what no title or abstract has.

    Control characters would drive the reader's terminal, and half surrogates (which JSON can spell)
    cannot be written to a file or a database.
    """
    if text.isascii() and text.isprintable():
        return fold_space(text)
    return fold_space("".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text))


def shown(text: str) -> str:
    """Return the text in quotation marks, shortened to fit a line of a report."""
    text = clean(text[: _SHOWN_CHARACTERS * 4])
    return f'"{text}"' if len(text) <= _SHOWN_CHARACTERS else f'"{text[: _SHOWN_CHARACTERS - 1].rstrip()}…"'
