"""Whether a question that names no paper is one for the library."""

from __future__ import annotations

import pytest

from rag.library import Library
from rag.questions import understand
from rag.scope import SIGNS, is_within, signs, style_of


@pytest.mark.parametrize(
    "question",
    [
        "Is there a way to train a federated model while sending very few bytes?",
        "a way to stretch the context window of language models cheaply",
    ],
)
def test_an_idea_of_the_library_is_within(starter: Library, question: str) -> None:
    assert is_within(understand(question, (), starter), starter).holds


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
    assert not is_within(understand(question, (), starter), starter).holds


def test_style_parts_those_who_look_for_a_paper_from_readers_of_one(starter: Library) -> None:
    looking = style_of("Is there a way to train a model without labels?", starter.embedder)
    reading = style_of("Why did the authors leave out the second baseline?", starter.embedder)
    assert looking > 0 > reading


def test_words_that_stand_in_no_paper_are_signs(starter: Library) -> None:
    text = "Is marzipan cheaper in Lübeck than gingerbread?"
    found = dict(zip(SIGNS, signs(understand(text, (), starter), starter.rank(text), starter), strict=True))
    assert found["unknown_words"] >= 3
    assert found["unknown_capitals"] == 1
    assert 0 <= found["coverage"] < 0.5
