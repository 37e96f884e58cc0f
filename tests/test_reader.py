"""The small model that reads a question with sentences."""

from __future__ import annotations

import numpy as np
import pytest

from rag.cross_encoder_weights import MOST_READ
from rag.library import Library
from rag.reader import Reader, joined, parts_of

SENTENCES = (
    "Marble sorters of earlier days were slow.",
    "We propose Sorto, a machine that sorts marbles with a spinning sieve.",
    "Sorto sorts 1,200 marbles a minute and needs 40% less power than a belt.",
    "Its sieve was drawn by experienced engineers.",
    "The plans are open to everybody.",
)


@pytest.fixture
def reader(starter: Library) -> Reader:
    return starter.reader


@pytest.mark.parametrize(
    ("question", "answering"),
    [
        ("How many marbles a minute does Sorto sort?", 2),
        ("What machine do they propose?", 1),
        ("What was wrong with earlier sorters?", 0),
        ("Can I get the plans?", 4),
    ],
)
def test_the_sentence_that_answers_is_told_from_the_others(reader: Reader, question: str, answering: int) -> None:
    logits = reader.logits(question, SENTENCES)
    assert logits.shape == (1 + MOST_READ,)
    assert int(logits[1:].argmax()) == answering
    assert logits[1 + answering] > logits[0]


@pytest.mark.parametrize(
    "question",
    [
        "How many engineers drew the sieve of Sorto?",
        "What does a Sorto cost?",
        "How much power does Sorto need in watts?",
    ],
)
def test_what_is_close_to_a_question_is_told_from_its_answer(reader: Reader, question: str) -> None:
    told = reader.logits("How many marbles a minute does Sorto sort?", SENTENCES)
    silent = reader.logits(question, SENTENCES)
    assert silent[1:].max() - silent[0] < told[1:].max() - told[0]


def test_fewer_sentences_have_logits_of_their_own_and_what_was_read_is_kept(reader: Reader) -> None:
    two = reader.logits("How many marbles a minute does Sorto sort?", SENTENCES[1:3])
    assert two.shape == (3,)
    assert reader.logits("How many marbles a minute does Sorto sort?", list(SENTENCES[1:3])) is two


def test_a_sentence_that_is_cut_off_answers_nothing(reader: Reader) -> None:
    logits = reader.logits("How many marbles a minute does Sorto sort?", ["marble " * 600, SENTENCES[2]])
    assert np.isfinite(logits).all()
    assert logits[2] < logits[0]


def test_pieces_belong_to_the_question_a_sentence_or_nothing(reader: Reader) -> None:
    text, ends = joined(["One marble.", "Two big marbles."])
    assert text == "One marble. Two big marbles."
    (encoding,) = reader.tokenize([("How many?", text)])
    parts = parts_of(encoding, ends)
    of = {part: [token for token, its in zip(encoding.tokens, parts, strict=True) if its == part] for part in range(4)}
    assert of[0] == ["[CLS]", "[SEP]", "[SEP]"]
    assert of[1] == ["how", "many", "?"]
    assert of[2] == ["one", "marble", "."]
    assert of[3] == ["two", "big", "marble", "##s", "."]
