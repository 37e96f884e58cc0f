"""The kind of answer that a question wants, and the topic of questions for many papers."""

from __future__ import annotations

import pytest

from rag.answers import Kind
from rag.kinds import Topic, kind_of, topic_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How does attention scale?", "fact"),
        ("How many GPUs are needed?", "fact"),
        ("What is the weather like?", "fact"),
        ("which papers are about dense retrieval?", "list"),
        ("list all papers on mixture of experts", "list"),
        ("any papers on music?", "list"),
        ("Which of them need no training?", "list"),
        ("anything on sound - audio, speech, music?", "list"),
        ("Is there anything on tuning a model without storing what flows backwards?", "fact"),
        ("What does the collection cover on video?", "overview"),
        ("how many papers do you have?", "count"),
        ("How many of these papers are on prompt tuning?", "count"),
        ("count the papers on diffusion", "count"),
        ("In how many papers does the word Mamba come up?", "count"),
        ("give me an overview of the collection", "overview"),
        ("what are the main themes here?", "overview"),
        ("summarize what is known about video generation", "overview"),
    ],
)
def test_without_a_name_the_wording_tells_the_kind(question: str, kind: Kind) -> None:
    assert kind_of(question, 0, question) == kind


@pytest.mark.parametrize(
    ("rest", "named", "kind"),
    [
        ("What is ?", 1, "paper"),
        ("Hey, could you tell me about  please?", 1, "paper"),
        ("summarize  in two sentences", 1, "paper"),
        ("What does  propose?", 1, "paper"),
        ("How much memory does  save?", 1, "fact"),
        ("What is the learning rate of ?", 1, "fact"),
        ("How do  and  differ?", 2, "compare"),
        (" vs ", 2, "compare"),
        ("Which is faster,  or ?", 2, "compare"),
    ],
)
def test_with_names_the_rest_of_the_question_tells_the_kind(rest: str, named: int, kind: Kind) -> None:
    assert kind_of(rest, named, rest) == kind


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("which papers are about dense retrieval?", "dense retrieval"),
        ("list all papers on mixture of experts", "mixture of experts"),
        ("Hey, could you show me all papers that deal with quantization, please?", "quantization"),
        ("papers about federated learning", "federated learning"),
        ("any papers on music?", "music"),
        ("count the papers on diffusion", "diffusion"),
        ("How many of these papers are on prompt tuning?", "prompt tuning"),
        ("summarize what is known about video generation", "video generation"),
        ("what do the papers say about hallucination?", "hallucination"),
        (
            "I own one graphics card. Which papers state that training fits on a single GPU?",
            "training fits on a single GPU",
        ),
        ("How is sparsity used in these papers? An overview, please.", "How is sparsity used"),
        ("Are there guides to fine-tuning? Which ones?", "guides to fine-tuning"),
        ("Which abstracts worry about forgetting old skills?", "forgetting old skills"),
        ("Forgetting worries me. Which papers look into that?", "Forgetting worries me. Which papers look into that"),
    ],
)
def test_the_topic_is_what_is_left_of_the_question(question: str, topic: str) -> None:
    assert topic_of(question) == Topic(topic, literal=False, in_title=False)


@pytest.mark.parametrize(
    "question",
    ["how many papers do you have?", "give me an overview of the collection", "what are the main themes here?"],
)
def test_a_question_about_the_library_has_no_topic(question: str) -> None:
    assert topic_of(question).text == ""


def test_words_that_must_stand_there_are_told_from_what_they_mean() -> None:
    assert topic_of("how many papers mention LoRA?") == Topic("LoRA", literal=True, in_title=False)
    quoted = topic_of('Which papers mention "catastrophic forgetting"?')
    assert quoted == Topic('"catastrophic forgetting"', literal=True, in_title=False)
    assert topic_of("Which papers have DPO in the title?").in_title


def test_a_change_of_subject_before_it_does_not_hide_what_is_asked() -> None:
    assert kind_of("unrelated: what is FreeNoise about?", 1, "unrelated: what is   about?") == "paper"
    assert kind_of("btw, what learning rate does FreeNoise use?", 1, "btw, what learning rate does   use?") == "fact"
