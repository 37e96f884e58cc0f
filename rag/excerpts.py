"""Is a claim an excerpt of a sentence: its words in their order, with little left out in between?

Small models write answers so, and rightly: "SSF tunes about 0.3M parameters" from a sentence of forty words. What the
model of entailment makes of such a pair depends on all that the sentence says besides; the words decide better.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.words import FUNCTION_WORDS, stem

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W_\d]+|[^\W_]+")
# Who says or does it: abstracts say "we", answers "the paper", "it", or the system's name.
_SUBJECTS = frozenset("paper papers author authors work study method approach abstract it its their they".split())
_MAX_GAP = 5  # content words of the sentence between two that follow one another in the claim
_LEAST_WORDS = 2
_ONE_OTHER_FROM = 6  # words from which one may be another than the sentence's


def is_excerpt(claim: str, sentence: str, subject: Iterable[str] = (), *, strictly: bool = False) -> bool:
    """Return whether the claim's content words stand in the sentence, in order and close together.

    The words of `subject` (names and title of the paper) do not count. One word without digits may be another in a
    claim of six and more, unless `strictly`.
    """
    left_out = {stem(token) for text in subject for token in _tokens(text)} | _SUBJECT_STEMS
    said = [each for each in _stems(claim) if each not in left_out]
    has = _stems(sentence)
    if len(said) < _LEAST_WORDS:
        return False
    others = 0 if strictly or len(said) < _ONE_OTHER_FROM else 1
    starts = [place for place, each in enumerate(has) if each in said[: 1 + others]]
    return any(_follows(said, has, start, others) for start in starts)


def _follows(said: list[str], has: list[str], start: int, others: int) -> bool:
    """Return whether the words said stand in what the sentence has from `start` on, with small gaps."""
    place = start - 1
    for number, each in enumerate(said):
        window = has[place + 1 : place + 2 + _MAX_GAP] if number else has[start : start + 1]
        if each in window:
            place += 1 + window.index(each)
        else:
            others -= 1
            if others < 0 or any(character.isdigit() for character in each):
                return False
    return True


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())


def _stems(text: str) -> list[str]:
    return [stem(token) for token in _tokens(text) if token not in FUNCTION_WORDS or token in _KEPT]


_KEPT = frozenset("no not nor without more most few than only".split())
_SUBJECT_STEMS = {stem(word) for word in _SUBJECTS}
