"""What acronyms stand for in this library: "supervised fine-tuning (SFT)" in an abstract explains a question's SFT."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from rag.library import Library
from rag.names import directly_before
from rag.papers import plain_text

_MAX_PAPERS = 20_000  # above, gathering them takes longer than anyone wants to wait
_EXPLAINED = re.compile(r"\((?P<acronym>[A-Z][A-Za-z\-]*[A-Z]s?)\)")


def spelled_out(acronym: str, library: Library) -> str | None:
    """Return the long form of an acronym that most papers of the library give, or None where none does."""
    if len(library) > _MAX_PAPERS:
        return None
    return _gather(library, library.catalogue.revision).get(acronym.rstrip("s"))


@lru_cache(maxsize=4)
def _gather(library: Library, revision: int) -> dict[str, str]:
    """Return acronym -> long form as the library has them at a revision."""
    found: dict[str, Counter[str]] = {}
    for paper in library.papers():
        text = plain_text(f"{paper.title}. {paper.abstract}")
        for match in _EXPLAINED.finditer(text):
            acronym = match["acronym"].rstrip("s")
            long = directly_before(acronym, text[: match.start()])
            if long:
                found.setdefault(acronym, Counter())[long.lower()] += 1
    return {acronym: forms.most_common(1)[0][0] for acronym, forms in found.items()}
