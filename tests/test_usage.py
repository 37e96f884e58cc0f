"""What answers cost, and how sure they are: counted along the road."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest
from rich.console import Console

from rag.assistant import Assistant
from rag.library import Library
from rag.terminal import show_explanation
from rag.usage import Effort, Usage
from tests.scripted import Scripted, citing, support_by_words

__all__ = ["support_by_words"]

QUESTION = "How far does LongLoRA stretch the context?"
WRITTEN = "LongLoRA takes LLaMA2 7B from 4k to 100k of context {0}."
SLOW_SECONDS = 0.02


def test_usages_add_up() -> None:
    both = Usage(1, 100, 10, 0.5) + Usage(2, 50, 5, 0.25, estimated=True, replies_from_cache=1)
    assert both == Usage(3, 150, 15, 0.75, estimated=True, replies_from_cache=1)


def test_a_stage_that_comes_twice_is_added_up_and_one_that_fails_counts() -> None:
    effort = Effort()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), effort.stage("check"):
            time.sleep(SLOW_SECONDS)
            _ = 1 / 0
    assert effort.stages["check"] >= 2 * SLOW_SECONDS


def test_waiting_counts_what_comes_and_not_what_is_done_with_it() -> None:
    async def items() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(SLOW_SECONDS)
            yield number

    async def run(effort: Effort) -> list[int]:
        taken = []
        async for item in effort.waiting("model", items()):
            taken.append(item)
            await asyncio.sleep(10 * SLOW_SECONDS)
        return taken

    effort = Effort()
    started = time.perf_counter()
    assert asyncio.run(run(effort)) == [0, 1, 2]
    assert 3 * SLOW_SECONDS <= effort.stages["model"] < (time.perf_counter() - started) / 2


def test_an_answer_tells_where_its_time_went(starter: Library) -> None:
    answer = Assistant(starter).ask(QUESTION)
    assert list(answer.stages) == ["question", "retrieval", "answer", "check"]
    assert 0 < sum(answer.stages.values()) <= answer.seconds
    assert answer.usage is None


@pytest.mark.usefixtures("support_by_words")
def test_an_answer_tells_what_its_model_came_to_and_not_what_others_did(starter: Library) -> None:
    assistant = Assistant(starter, Scripted(replies=[citing(WRITTEN, "100k of context")]))
    answers = [assistant.ask(QUESTION) for _ in range(2)]
    assert [answer.usage and answer.usage.calls for answer in answers] == [1, 1]
    for answer in answers:
        assert answer.usage
        assert answer.usage.prompt_tokens > answer.usage.completion_tokens > 0
        assert answer.stages["model"] > 0
        assert answer.as_dict()["usage"]["calls"] == 1


@pytest.mark.parametrize(
    ("question", "low", "high"),
    [
        (QUESTION, 0.2, 1.0),
        ("Which learning rate does LongLoRA use?", 0.0, 0.2),
        ("What does ZyxNet-9 propose?", 0.0, 0.1),
        ("Which wine goes with a roast goose?", 0.0, 0.1),
    ],
)
def test_the_confidence_says_whether_the_abstracts_tell(
    starter: Library, question: str, low: float, high: float
) -> None:
    confidence = Assistant(starter).ask(question).confidence
    assert confidence is not None
    assert low <= confidence <= high


@pytest.mark.usefixtures("support_by_words")
def test_the_terminal_tells_it_when_asked_to_explain(starter: Library) -> None:
    console = Console(record=True, width=200)
    answer = Assistant(starter, Scripted(replies=[citing(WRITTEN, "100k of context")])).ask(QUESTION)
    show_explanation(console, answer)
    said = console.export_text()
    assert re.search(
        r"\d\.\d\d s \(question \d\.\d\d, .*model \d\.\d\d.*\); confidence 0\.\d\d; about \d+ tokens", said
    )


def test_where_nothing_is_estimated_there_is_no_confidence(starter: Library) -> None:
    assert Assistant(starter).ask("Which papers are about dense retrieval?").confidence is None
