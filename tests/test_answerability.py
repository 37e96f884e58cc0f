"""An abstract that is silent on what is asked is not made to speak."""

from __future__ import annotations

import pytest

from rag.answerability import _has_word
from rag.assistant import Assistant
from rag.library import Library
from rag.seldom_told import cannot_tell
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
        "Which GPU did the LESS authors use?",
        "Which optimizer did HFT use?",
        "How many parameters does PLLaVA have?",
        "Where do the authors of GPT4RoI work?",
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


@pytest.mark.parametrize(
    ("asked", "text", "silent"),
    [
        ("Which GPU was it trained on?", "It trains on eight A100 cards.", False),
        ("Which GPU was it trained on?", "It trains in an hour.", True),
        ("How many parameters does it have?", "We release models of 7B and 13B.", False),
        ("How many parameters does it train?", "It trains 0.05% of a model's parameters.", False),
        ("How many parameters does it have?", "It is free of parameters.", True),
        ("What accuracy does it reach?", "It is right in 93% of cases.", False),
        ("What accuracy does it reach?", "It reaches the top of the mountain.", True),
        ("Is the code available?", "See https://example.org.", False),
        ("Is the code available?", "It sorts marbles.", True),
        ("Which code models does it help?", "It sorts marbles.", False),  # not a question of this kind
        ("Does it help?", "It sorts marbles.", False),
    ],
)
def test_a_text_without_a_word_for_it_cannot_tell_it(asked: str, text: str, *, silent: bool) -> None:
    assert cannot_tell(text, asked) is silent


def test_a_question_in_another_language_is_told_from_an_english_one() -> None:
    assert is_english("what does it cost")
    assert is_english("deita base model families")
    assert not is_english("Was ist MixLoRA und wie viel Speicher spart es?")
    assert not is_english("Quelle durée de musique suffit ?")
