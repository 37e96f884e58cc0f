"""Cases small enough to judge by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.cases import Case, Collection, Support, verbatim_support
from eval.given import GivenAnswer, GivenCitation
from eval.items import Question, question_of
from rag.papers import Paper

MARBLES = Paper(
    title="Marbler: Sorting by Sound", abstract="Marbler sorts 41 marbles a minute. It listens. It is blue."
)
SPOONS = Paper(title="Spooner: Bending by Thought", abstract="Spooner bends 7.5 spoons an hour. It thinks.")
FORKS = Paper(title="Forker", abstract="Forker forks forks.")
COLLECTION = Collection([MARBLES, SPOONS, FORKS])


def question(kind: str = "fact", **fields: object) -> Question:
    """Return a question of a kind, about marbles if nothing else is said."""
    return question_of({"id": f"{kind}-1", "kind": kind, "question": "How many marbles?", **fields})


def cited(paper: Paper, quote: str, mark: int = 1) -> GivenCitation:
    """Return a citation of a paper."""
    return GivenCitation(mark, paper.title, quote)


def answered(text: str, *citations: GivenCitation, **fields: object) -> GivenAnswer:
    """Return an answer."""
    return GivenAnswer("answered", text, citations=citations, **fields)  # type: ignore[arg-type]


def declined(reason: str = "not_in_abstract", **fields: object) -> GivenAnswer:
    """Return a decline."""
    return GivenAnswer("declined", "The abstracts do not tell.", reason=reason, **fields)  # type: ignore[arg-type]


def case(
    asked: Question,
    given: GivenAnswer,
    supports: Support = verbatim_support,
    variants: Mapping[str, Sequence[GivenAnswer]] | None = None,
) -> Case:
    """Return a case over the three papers."""
    return Case(asked, given, COLLECTION, supports, variants or {})


MARBLE_COUNT = question("number", gold_papers=[MARBLES.title], must_include=[["41", "forty-one"]])
MARBLE_ANSWER = answered("Marbler sorts 41 marbles a minute. [1]", cited(MARBLES, "Marbler sorts 41 marbles a minute."))
