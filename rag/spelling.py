"""Words of a question that the library spells otherwise: slips ("retreiver", "tunning") and British spellings."""

from __future__ import annotations

import re

from rag.library import Library
from rag.words import FUNCTION_WORDS, american

_MIN_LETTERS = 5
_TWO_SLIPS_LETTERS = 9
_MAX_PAPERS = 20_000  # above, the vocabulary takes longer to gather than anyone wants to wait for a slip
_WORD = re.compile(r"(?<!\w)[a-z]+(?!\w)")


def corrected(text: str, library: Library) -> str:
    """Return the text with misspelled words as the library spells them.

    A word is taken for a slip if it is in small letters, no ordinary word, stands in no paper, and one edit (two in a
    long word) makes it one that does. Capitals and digits are names: those are `rag.naming`'s.
    """
    return _WORD.sub(lambda match: _nearest(match.group(), library) or match.group(), text)


def _nearest(word: str, library: Library) -> str | None:
    """Return the library's word that a word is a slip of, the most frequent of the nearest; None if it is none."""
    catalogue = library.catalogue
    if len(word) < _MIN_LETTERS or word in FUNCTION_WORDS:
        return None
    if catalogue.frequency(american(word)) > catalogue.frequency(word):
        return american(word)
    if catalogue.frequency(word) or library.embedder.is_ordinary_word(word) or catalogue.count() > _MAX_PAPERS:
        return None
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein

    vocabulary = catalogue.vocabulary()
    allowed = 2 if len(word) >= _TWO_SLIPS_LETTERS else 1
    found = process.extract(word, vocabulary.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=allowed, limit=10)
    near = [(distance, -vocabulary[other], other) for other, distance, _ in found if other[0] == word[0]]
    return min(near)[2] if near else None
