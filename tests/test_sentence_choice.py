"""Which sentence of a paper answers: the signs, and the model on them."""

from __future__ import annotations

import numpy as np
import pytest

from rag.library import Library
from rag.papers import Sentence
from rag.questions import understand
from rag.retrieval import evidence_of
from rag.sentence_choice import SIGNS, Asked, asks_for_figure, count_figures, score, signs_of
from rag.words import stem

TEXTS = (
    "Marbles roll.",
    "Sorting takes 12 minutes and saves 41% of noise.",
    "Code is available at https://example.org/marbles and on GitHub.",
)
SENTENCES = [Sentence(f"p.s{n}", "p", n, text) for n, text in enumerate(TEXTS, start=1)]


def asked(text: str, **word_weights: float) -> Asked:
    vector = np.zeros(384, dtype=np.float32)
    vector[0] = 1.0
    return Asked(text, vector, vector, {stem(word): weight for word, weight in word_weights.items()})


def signs(question: Asked) -> dict[str, list[float]]:
    cosines = np.array([0.1, 0.5, 0.2], dtype=np.float32)
    table = signs_of(SENTENCES, cosines, np.array([0.05, 0.25, 0.1], dtype=np.float32), question)
    assert table.shape == (len(SENTENCES), len(SIGNS))
    return dict(zip(SIGNS, table.T.tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("It is 41% faster with two GPUs.", 2),
        ("It costs $0.20 and takes 12x less.", 2),
        ("It takes LLaMA2, GPT-3.5 and Mixtral 8x7B.", 0),
        ("It is fast.", 0),
    ],
)
def test_amounts_are_told_from_digits_in_names(text: str, figures: int) -> None:
    assert count_figures(text) == figures


@pytest.mark.parametrize("question", ["How many bytes?", "What accuracy is reached?", "Wie viele Bytes?", "多少内存?"])
def test_questions_for_an_amount(question: str) -> None:
    assert asks_for_figure(question)


@pytest.mark.parametrize("question", ["What is it?", "Which optimiser is used?", "Why are marbles round?"])
def test_questions_for_no_amount(question: str) -> None:
    assert not asks_for_figure(question)


def test_signs_of_sentences_can_be_read() -> None:
    found = signs(asked("How many minutes does sorting take?", minutes=0.7, sorting=0.3))
    assert found["cosine"] == pytest.approx([0.1, 0.5, 0.2])
    assert found["cosine_without_names"] == pytest.approx([0.05, 0.25, 0.1])
    assert found["words"] == pytest.approx([0.0, 1.0, 0.0])
    assert found["figure"] == [0.0, 1.0, 0.0]
    assert found["notice"] == [0.0, 0.0, 1.0]
    assert found["place"] == [0.0, 0.5, 1.0]


def test_figures_and_notices_count_by_what_is_asked() -> None:
    found = signs(asked("Is the code available?", code=1.0))
    assert found["figure"] == [0.0, 0.0, 0.0]
    assert found["notice"] == [0.0, 0.0, 0.0]


def test_one_sentence_has_signs_and_a_score() -> None:
    question = asked("What rolls?", rolls=1.0)
    cosines = np.array([0.3], dtype=np.float32)
    table = signs_of(SENTENCES[:1], cosines, cosines, question)
    scores = score(table, np.ones((1, 384), dtype=np.float32), question, "another model")
    assert scores.shape == (1,)
    assert np.isfinite(scores).all()


def test_with_another_embedding_model_only_the_signs_count() -> None:
    question = asked("What rolls?", rolls=1.0)
    cosines = np.array([0.3, 0.3, 0.3], dtype=np.float32)
    table = signs_of(SENTENCES, cosines, cosines, question)
    some, others = np.ones((3, 384), dtype=np.float32), np.zeros((3, 384), dtype=np.float32)
    np.testing.assert_array_equal(
        score(table, some, question, "another model"), score(table, others, question, "another model")
    )


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How far does LongLoRA stretch the context?", "100k"),
        ("By how much does MixLoRA cut GPU memory?", "41%"),
        ("How many bytes does FedKSeed send?", "thousand bytes"),
    ],
)
def test_the_sentence_that_answers_comes_first(starter: Library, question: str, said: str) -> None:
    understood = understand(question, (), starter)
    (evidence,) = evidence_of(starter, understood, list(understood.named)).values()
    assert said in evidence[0].sentence.text
