"""What a question means that does not name it: papers of the history."""

from __future__ import annotations

import pytest

from rag.answers import Turn
from rag.conversation import leans_on
from rag.library import Library

ONE = (Turn("user", "What is LongLoRA?"), Turn("assistant", "It extends the context. [1]"))
TWO = (
    Turn("user", "Compare LongLoRA and HFT."),
    Turn("assistant", "LongLoRA extends context. [1] HFT freezes half. [2]"),
)
LISTED = (
    Turn("user", "Which papers save something?"),
    Turn(
        "assistant",
        "- **LongLoRA: Efficient Fine-tuning of Long-Context Large Language Models**: context. [1]\n"
        "- **HFT: Half Fine-Tuning for Large Language Models**: half. [2]\n"
        "- **LESS: Selecting Influential Data for Targeted Instruction Tuning**: data. [3]",
    ),
)


def meant(question: str, history: tuple[Turn, ...], library: Library) -> list[str]:
    return [library.get(paper_id).plain_title.split(":")[0] for paper_id in leans_on(question, history, library)]


@pytest.mark.parametrize(
    ("question", "head"),
    [
        ("What about the first?", "LongLoRA"),
        ("And the second one?", "HFT"),
        ("number 2 please", "HFT"),
        ("what about the third one?", "LESS"),
        ("the middle one", "HFT"),
        ("How fast is the last one?", "LESS"),
    ],
)
def test_one_of_several_by_its_number(starter: Library, question: str, head: str) -> None:
    assert meant(question, LISTED, starter) == [head]


def test_former_and_latter(starter: Library) -> None:
    assert meant("How does the former work?", TWO, starter) == ["LongLoRA"]
    assert meant("And the latter?", TWO, starter) == ["HFT"]


def test_the_other_one_is_the_one_not_spoken_of_last(starter: Library) -> None:
    history = (*TWO, Turn("user", "What does HFT freeze?"), Turn("assistant", "Half of the parameters. [1]"))
    assert meant("What does the other one do?", history, starter) == ["LongLoRA"]
    history = (*TWO, Turn("user", "What does LongLoRA extend?"), Turn("assistant", "The context. [1]"))
    assert meant("What does the other one do?", history, starter) == ["HFT"]


@pytest.mark.parametrize("question", ["Which of them saves memory?", "Do both need a GPU?", "What do the two share?"])
def test_all_of_those_spoken_of(starter: Library, question: str) -> None:
    assert meant(question, TWO, starter) == ["LongLoRA", "HFT"]


def test_all_of_those_listed(starter: Library) -> None:
    assert meant("Which of these needs no GPU?", LISTED, starter) == ["LongLoRA", "HFT", "LESS"]


@pytest.mark.parametrize(
    "question",
    ["How much memory does it need?", "What are its limits?", "Who is the paper for?", "And on which datasets?"],
)
def test_pronouns_and_ellipses_mean_what_was_spoken_of_last(starter: Library, question: str) -> None:
    assert meant(question, ONE, starter) == ["LongLoRA"]
    later = (*ONE, Turn("user", "And HFT?"), Turn("assistant", "It freezes half. [1]"))
    assert meant(question, later, starter) == ["HFT"]


@pytest.mark.parametrize(
    "question",
    [
        "On another note, what is the weather like?",
        "Different question: which optimiser is best?",
        "Which papers are on music generation?",
        "How can a Turkish encoder be tuned for language understanding tasks?",
    ],
)
def test_another_subject_leans_on_nothing(starter: Library, question: str) -> None:
    for history in (ONE, TWO, LISTED):
        assert meant(question, history, starter) == []


@pytest.mark.parametrize("question", ["How much does it cost?", "And the second one?", "Which of them?"])
def test_without_history_there_is_nothing_to_lean_on(starter: Library, question: str) -> None:
    assert leans_on(question, (), starter) == ()
    smalltalk = (Turn("user", "Good morning!"), Turn("assistant", "Ask about the papers."))
    assert leans_on(question, smalltalk, starter) == ()


def test_a_paper_that_was_described_and_not_named_counts(starter: Library) -> None:
    history = (
        Turn("user", "Is there work on seismic arrival-time picking with distributed acoustic sensing?"),
        Turn("assistant", "Yes. [1]"),
    )
    assert meant("How large is its dataset?", history, starter) == [
        "Seismic Arrival-time Picking on Distributed Acoustic Sensing Data using Semi-supervised Learning"
    ]
