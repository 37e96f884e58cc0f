"""Comparisons: for each paper what it says on the point compared, side by side.

Where the question asks each paper something of its own ("how does A ..., and how does B ...?"), each paper answers its
own part.
"""

from __future__ import annotations

import dataclasses
import re

from rag.answers import Evidence
from rag.library import Library
from rag.questions import Question, without_names
from rag.retrieval import evidence_of
from rag.words import content_words

_MAX_PAPERS = 4
_PARTS = re.compile(
    r"[;?]\s+|\s*,?\s+\b(?:and|while|whereas|but|against)\b\s+(?=(?:how|what|which|where|why|when|who|does|do|is|are|the|for|in|of|with)\b)",
    re.I,
)
_MIN_WORDS = 2
_COMPARING = re.compile(
    r"\b(?:compar\w*|contrast\w*|differ\w*|distinguish\w*|relat\w*|similar\w*|alike|between|against|versus|two)\b", re.I
)


def clauses(question: Question) -> dict[str, str]:
    """Return paper id -> the part of the question that speaks of that paper alone; nothing unless each has one."""
    parts = [part for part in _PARTS.split(question.asked) if part]
    spoken_of: dict[str, str] = {}
    for part in parts:
        here = [paper_id for paper_id, name in question.written.items() if name and name.lower() in part.lower()]
        if len(here) == 1 and _asks_something(part, question.written[here[0]]):
            spoken_of.setdefault(here[0], part)
    return spoken_of if len(spoken_of) == len(question.named) else {}


def _asks_something(part: str, name: str) -> bool:
    return len(content_words(part.lower().replace(name.lower(), " "))) >= _MIN_WORDS


def names_a_point(question: Question) -> bool:
    """Return whether a question says on which point papers are compared; "how do A and B differ?" leaves it open."""
    return bool(content_words(_COMPARING.sub(" ", without_names(question.asked, question.written))))


def side_by_side(question: Question, library: Library) -> list[list[Evidence]]:
    """Return for each paper compared its evidence on the point, best first; papers in the question's order."""
    own = clauses(question)
    found: dict[str, list[Evidence]] = {}
    for paper_id in question.named[:_MAX_PAPERS]:
        asked = own.get(paper_id, question.point)
        # Only this paper: what is said of the others is no reason to prefer one of its sentences.
        alone = dataclasses.replace(question, point=asked, named=(paper_id,))
        found.update(evidence_of(library, alone, [paper_id], read=[paper_id]))
    return list(found.values())
