"""What a paper is about: problem, idea and result."""

from __future__ import annotations

import pytest

from rag.answering.about import answer_about, idea_of, parts_of
from rag.papers import Paper, Sentence, sentences_of

PROBLEM = "Sorting marbles is costly, and existing machines suffer from noise."
BACKGROUND = "Marbles are made of glass."
IDEA = "We propose MarbleSort, a novel machine that listens to marbles."
DETAIL = "Its microphone sits in the lid of a jar."
RESULT = "Experiments show that MarbleSort outperforms all others, reducing noise by 41%."
NOTICE = "Code is available at https://example.org/marbles."


def sentences(*texts: str) -> list[Sentence]:
    return sentences_of(Paper("MarbleSort: A Machine", " ".join(texts), id="marblesort"))


@pytest.mark.parametrize(
    "abstract",
    [
        (PROBLEM, IDEA, DETAIL, RESULT),
        (PROBLEM, BACKGROUND, IDEA, DETAIL, RESULT, NOTICE),
        (BACKGROUND, PROBLEM, IDEA, DETAIL, DETAIL, RESULT),
    ],
)
def test_problem_idea_and_result_are_found_in_reading_order(abstract: tuple[str, ...]) -> None:
    assert [sentence.text for sentence in parts_of(sentences(*abstract))] == [PROBLEM, IDEA, RESULT]
    assert idea_of(sentences(*abstract)).text == IDEA


def test_a_short_abstract_is_given_whole() -> None:
    assert [sentence.text for sentence in parts_of(sentences(IDEA))] == [IDEA]
    assert [sentence.text for sentence in parts_of(sentences(BACKGROUND, IDEA, RESULT))] == [BACKGROUND, IDEA, RESULT]
    assert idea_of(sentences(BACKGROUND, IDEA, RESULT)).text == IDEA
    assert idea_of(sentences(BACKGROUND)).text == BACKGROUND


def test_every_claim_rests_on_its_sentence() -> None:
    abstract = sentences(PROBLEM, IDEA, r"It is 41\% quieter.", RESULT)
    draft = answer_about(abstract)
    assert draft.kind == "paper"
    by_id = {sentence.id: sentence.text for sentence in abstract}
    assert [by_id[claim.sentence_ids[0]] for claim in draft.claims] == [claim.text for claim in draft.claims]
