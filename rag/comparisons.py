"""Who does better than whom: a claim that swaps the two sides of a comparison has all the right words.

"A outperforms B", "B is outperformed by A", "A is better than B" and "B lags behind A" say the same. Read by patterns:
what stands before the comparing word is one side, what stands behind it, to the next comma or preposition, the other.
Of 5,500 claims about arXiv abstracts and 43,000 about biomedical ones (those of `eval.entailment`) it takes 30 for
swapped, none of them carried by its sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.papers import plain_text
from rag.words import stems

_ADVERB = r"(?:\w+ly|even|far|much|still|often)"
_QUALITY = r"(?:accurate|efficient|robust|effective|reliable|stable)"
_THAN = r"(?:than|to)\b"
# In what one side does better: being slower is no reason not to outperform. The first pattern of each says that what
# stands before it does better, the second that what stands behind it does.
_COMPARING = {
    in_what: (
        re.compile(rf"\b(?:{_ADVERB}\s+)*(?:{better})", re.I),
        re.compile(rf"\b(?:{_ADVERB}\s+)*(?:{worse})", re.I),
    )
    for in_what, better, worse in (
        (
            "results",
            r"(?:outperform|surpass|exceed|beat|outdo|outscore|outclass)(?:s|es|ed|ing|en)?\b(?!\s+by\b)|"
            rf"(?:better|stronger|superior)\s+(?:\w+\s+){{0,2}}?{_THAN}",
            r"(?:outperformed|surpassed|exceeded|beaten|outdone|outscored|outclassed)\s+by\b|"
            rf"(?:worse|weaker|inferior)\s+(?:\w+\s+){{0,2}}?{_THAN}|"
            rf"(?:lag|fall|stay|trail|remain)\w*\s+(?:{_ADVERB}\s+)*behind\b|underperform(?:s|ed|ing)?\b",
        ),
        ("quality", rf"more {_QUALITY}\s+{_THAN}", rf"less {_QUALITY}\s+{_THAN}"),
        ("speed", r"(?:faster|quicker)\s+than\b", r"slower\s+than\b"),
        ("cost", r"(?:cheaper|less expensive)\s+than\b", r"(?:costlier|more expensive)\s+than\b"),
        ("size", r"smaller\s+than\b", r"(?:larger|bigger)\s+than\b"),
    )
}
_SIDE_ENDS = re.compile(
    r"[,;:.()](?:\s|$)|\s(?:in|on|at|by|for|with|while|when|where|which|that|but|across|under|over|using|despite|without|"
    r"regarding|though|although|because|as|yet)\s",
    re.I,
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")
_DENIES = re.compile(r"\b(?:not|never|no|cannot|hardly|fail\w*|yet to|n['’]t)\b", re.I)
_NEAR_BEFORE = 40  # characters before the comparing word in which a denial is looked for


@dataclass(frozen=True, slots=True)
class Comparison:
    """In what one side does better, and the stems of the words on the two sides without those that both have."""

    in_what: str
    better: frozenset[str]
    worse: frozenset[str]


def swaps_sides(claim: str, evidence: str) -> bool:
    """Return whether a claim says of two sides that one does better, of which the evidence says the opposite."""
    pairs = [
        (said, told) for told in comparisons(evidence) for said in comparisons(claim) if said.in_what == told.in_what
    ]
    # Where the sides agree in anything as they stand, the words do not tell who is meant.
    agrees = any(said.better & told.better or said.worse & told.worse for said, told in pairs)
    return not agrees and any(said.better & told.worse for said, told in pairs)


def comparisons(text: str) -> Iterator[Comparison]:
    """Yield the comparisons that a text makes; denied ones ("does not outperform") are left out."""
    for sentence in _SENTENCE_END.split(plain_text(text)):
        for in_what, (better, worse) in _COMPARING.items():
            for match in better.finditer(sentence):
                if sides := _sides(sentence, match):
                    yield Comparison(in_what, *sides)
            for match in worse.finditer(sentence):
                if sides := _sides(sentence, match):
                    yield Comparison(in_what, sides[1], sides[0])


def _sides(sentence: str, match: re.Match[str]) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return what stands before and behind a comparing word; None where it is denied or a side says nothing."""
    before, behind = sentence[: match.start()], sentence[match.end() :]
    if _DENIES.search(before[-_NEAR_BEFORE:]):
        return None
    end = _SIDE_ENDS.search(behind)
    first, second = stems(before), stems(behind[: end.start()] if end else behind)
    both = first & second  # "our method" and "other methods": tells no side from the other
    return (first - both, second - both) if first - both and second - both else None
