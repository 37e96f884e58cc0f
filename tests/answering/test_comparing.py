"""Comparisons: each paper on the point compared."""

from __future__ import annotations

import pytest

from rag.answering.comparing import clauses, names_a_point, side_by_side
from rag.library import Library
from rag.questions import Question, understand


def asked(question: str, library: Library) -> Question:
    return understand(question, (), library)


def test_each_paper_has_its_own_part_of_the_question(starter: Library) -> None:
    question = asked("How far does LongLoRA stretch the context, and how many parameters does HFT freeze?", starter)
    first, second = question.named
    assert clauses(question) == {
        first: "How far does LongLoRA stretch the context",
        second: "how many parameters does HFT freeze?",
    }


@pytest.mark.parametrize(
    "question", ["How do LongLoRA and HFT differ?", "Is LongLoRA or HFT faster?", "What is LongLoRA, and HFT?"]
)
def test_a_question_about_both_has_no_parts(starter: Library, question: str) -> None:
    assert clauses(asked(question, starter)) == {}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How do LongLoRA and HFT differ?", False),
        ("Compare LongLoRA and HFT.", False),
        ("What is the difference between LongLoRA and HFT?", False),
        ("How do LongLoRA and HFT differ in memory?", True),
        ("Which of LongLoRA and HFT is faster?", True),
        ("How far does LongLoRA stretch the context, and how many parameters does HFT freeze?", True),
    ],
)
def test_a_comparison_names_a_point_or_leaves_it_open(starter: Library, question: str, *, expected: bool) -> None:
    assert names_a_point(asked(question, starter)) is expected


def test_papers_stand_side_by_side_in_the_order_of_the_question(starter: Library) -> None:
    for order in (("LongLoRA", "HFT"), ("HFT", "LongLoRA")):
        found = side_by_side(asked(f"How do {order[0]} and {order[1]} differ?", starter), starter)
        assert [its[0].paper.title.split(":")[0] for its in found] == list(order)
        for its in found:
            assert len({each.paper.id for each in its}) == 1
            assert [each.score for each in its] == sorted((each.score for each in its), reverse=True)


def test_each_paper_answers_its_own_part(starter: Library) -> None:
    question = "How far does LongLoRA stretch the context, and how many parameters does HFT freeze?"
    longlora, hft = side_by_side(asked(question, starter), starter)
    assert "100k" in longlora[0].sentence.text
    assert "half of the parameters" in hft[0].sentence.text
