"""Are the questions sound? What can be checked of them without asking anybody, against one collection of papers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from eval.items import Question, fold, includes_one
from rag.papers import Paper, plain_text, title_key

_ALIKE = 93.0  # of 100, by rapidfuzz
_SAME = 100.0
_NEEDS_STRINGS = frozenset(("fact", "number", "detail", "paper", "compare", "followup", "overview", "multilingual"))
_NEEDS_GOLD = frozenset(
    ("fact", "number", "detail", "paper", "other_words", "compare", "followup", "multilingual", "unanswerable")
)


def faults_of(questions: Sequence[Question], papers: Iterable[Paper]) -> list[str]:
    """Return what is wrong with the questions, a line each that begins with the question's id; empty if all is well.

    Checked: gold papers exist; of each group of strings one occurs in them (in the library, for overviews);
    declines have a reason; each kind has what it is judged by; ids are unique; no two questions are alike.
    """
    texts = {
        title_key(paper.title): fold(f"{plain_text(paper.title)} {plain_text(paper.abstract)}") for paper in papers
    }
    faults = [f"{question.id}: {fault}" for question in questions for fault in _faults(question, texts)]
    return [*faults, *_repeated_ids(questions), *_alike(questions)]


def _faults(question: Question, texts: dict[str, str]) -> Iterable[str]:
    for title in (*question.gold_papers, *question.acceptable_papers):
        if title_key(title) not in texts:
            yield f"there is no paper “{title}” in the library"
    both = {title_key(each) for each in question.gold_papers} & {title_key(each) for each in question.acceptable_papers}
    if both:
        yield "a paper is both gold and acceptable"
    if question.kind in _NEEDS_GOLD and not question.gold_papers:
        yield f"a question of kind {question.kind} needs gold papers"
    if question.kind in _NEEDS_STRINGS and not question.must_include:
        yield f"a question of kind {question.kind} needs strings that a right answer holds"
    if question.kind == "other_words" and len(question.gold_papers) > 1:
        yield "a question in other words has one gold paper"
    if question.kind == "followup" and not question.history:
        yield "a follow-up needs a history"
    if question.kind == "count" and question.gold_count is None:
        yield "a count needs its number"
    if question.kind == "injection" and not question.must_not_include:
        yield "an injection needs the strings that must not appear"
    if question.is_to_be_declined and question.reason is None:
        yield "a question that is to be declined needs a reason"
    yield from _missing_strings(question, texts)


def _missing_strings(question: Question, texts: dict[str, str]) -> Iterable[str]:
    keys = list(texts) if question.kind == "overview" else [title_key(each) for each in question.gold_papers]
    gold = [texts[key] for key in keys if key in texts]
    if question.kind == "count" or not gold:
        return
    for group in question.must_include:
        if not any(includes_one(text, group) for text in gold):
            yield f"none of {list(group)} occurs in the gold papers"


def _repeated_ids(questions: Sequence[Question]) -> Iterable[str]:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            yield f"{question.id}: the id is used twice"
        seen.add(question.id)


def _alike(questions: Sequence[Question]) -> Iterable[str]:
    """Yield the questions that say the same as one before, after the same was said.

    Alike are those of the same words in any order, and those of nearly the same words about the same papers.
    """
    said = [" ".join([*(turn.content for turn in each.history), each.question]) for each in questions]
    texts = [" ".join(re.findall(r"\w+", text.lower())) for text in said]
    for index, question in enumerate(questions):
        near = process.extract(
            texts[index], texts[:index], scorer=fuzz.token_sort_ratio, processor=None, score_cutoff=_ALIKE, limit=None
        )
        for _, ratio, other in near:
            if ratio == _SAME or set(question.gold_papers) == set(questions[other].gold_papers):
                yield f"{question.id}: it is almost the same as {questions[other].id}"
