"""Whether a question that names no paper is one for the library."""

from __future__ import annotations

import pytest

from rag.library import Library
from rag.questions import understand
from rag.regression import Estimate
from rag.scope import SIGNS, is_within, signs, style_of


def estimate(question: str, library: Library) -> Estimate:
    return is_within(understand(question, (), library), library.rank(question), library)


def found_signs(text: str, library: Library) -> dict[str, float]:
    return dict(zip(SIGNS, signs(understand(text, (), library), library.rank(text), library), strict=True))


@pytest.mark.parametrize(
    "question",
    [
        "Is there a way to train a federated model while sending very few bytes?",
        "a way to stretch the context window of language models cheaply",
        "why do models forget when tuned one task after another?",
        "what's the catch with LoRA compared to tuning everything?",
    ],
)
def test_an_idea_of_the_library_is_within(starter: Library, question: str) -> None:
    assert estimate(question, starter).holds


@pytest.mark.parametrize(
    "question",
    [
        "How many layers does the ResNet that won ILSVRC 2015 have?",
        "How many warmup steps did the authors of Attention Is All You Need use?",
        "Why did the authors freeze the first layers in their second experiment?",
        "On how many hours of audio was Whisper trained?",
    ],
)
def test_what_readers_of_other_papers_ask_is_not(starter: Library, question: str) -> None:
    assert not estimate(question, starter).holds


def test_style_parts_those_who_look_for_a_paper_from_readers_of_one(starter: Library) -> None:
    looking = style_of("Is there a way to train a model without labels?", starter.embedder)
    reading = style_of("Why did the authors leave out the second baseline?", starter.embedder)
    assert looking > 0 > reading


def test_words_that_stand_in_no_paper_are_signs(starter: Library) -> None:
    text = "Is marzipan cheaper in Lübeck than gingerbread?"
    found = found_signs(text, starter)
    assert found["unknown_words"] >= 3
    assert found["unknown_capitals"] == 1
    assert 0 <= found["coverage"] < 0.5


@pytest.mark.parametrize(
    ("text", "refers"),
    [
        ("Is the proposed network robust to noise?", True),
        ("Would a similar approach work on speech?", True),
        ("What do the authors say about noise?", True),
        ("What does figure 3 show?", True),
        ("Is there a network that is robust to noise?", False),
        ("which papers have an approach to speech?", False),
    ],
)
def test_a_reference_to_a_text_at_hand_is_a_sign(starter: Library, text: str, refers: bool) -> None:
    assert found_signs(text, starter)["refers"] == refers


def test_without_the_dual_encoder_nearness_takes_its_place(starter: Library) -> None:
    text = "Is there a way to send very few bytes?"
    with_it, without = starter.rank(text), starter.rank(text, describes=False)
    assert with_it.best_document_cosine != pytest.approx(float(with_it.cosines.max()), abs=1e-4)
    assert without.best_document_cosine == pytest.approx(float(without.cosines.max()))
