"""An abstract that is silent on what is asked is not made to speak."""

from __future__ import annotations

import pytest

from rag.answerability import _has_word
from rag.assistant import Assistant
from rag.library import Library
from rag.words import is_english, stem


@pytest.fixture(scope="module")
def assistant(starter: Library) -> Assistant:
    return Assistant(starter)


@pytest.mark.parametrize(
    "question",
    [
        "What MMLU score does MeZO reach?",
        "How much memory does HFT save on an A100?",
        "How many GPUs were used to train KimiaNet?",
        "How many minutes of tuning does HFT take?",
        "How does HFT compare with GaLore?",
        "Who wrote LISA?",
        "When was AdaLoRA published?",
    ],
)
def test_what_the_paper_does_not_say_is_declined(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert (answer.status, answer.reason, answer.citations) == ("declined", "not_in_abstract", ())
    assert len(answer.suggestions) == 1
    assert answer.suggestions[0] in answer.text


def test_the_decline_says_which_name_is_missing(assistant: Assistant) -> None:
    assert "does not mention MMLU" in assistant.ask("What MMLU score does MeZO reach?").text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How far does LongLoRA stretch the context?", "100k"),
        ("How many bytes does FedKSeed send?", "thousand bytes"),
        ("which base models was deita trained on", "Mistral"),
        ("What is FreeNoise?", "FreeNoise"),
        ("Wie viel Speicher spart MixLoRA auf der Grafikkarte ungefähr?", "41%"),
    ],
)
def test_what_the_paper_says_is_answered(assistant: Assistant, question: str, said: str) -> None:
    answer = assistant.ask(question)
    assert answer.status == "answered"
    assert said in answer.text


def test_what_is_counted_may_be_misspelled() -> None:
    in_paper = frozenset(map(stem, ("visual", "tasks", "adapters")))
    assert _has_word("tasks", in_paper)
    assert _has_word("taks", in_paper)
    assert not _has_word("annotators", in_paper)
    assert not _has_word("gpus", in_paper)


def test_a_question_in_another_language_is_told_from_an_english_one() -> None:
    assert is_english("what does it cost")
    assert is_english("deita base model families")
    assert not is_english("Was ist MixLoRA und wie viel Speicher spart es?")
    assert not is_english("Quelle durée de musique suffit ?")
