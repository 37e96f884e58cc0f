"""The assistant with a language model, on the starter collection: by all ways in, and stopped in the middle."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing, suppress

import pytest

from rag.answers import Turn
from rag.assistant import Assistant
from rag.errors import ModelError
from rag.library import Library
from tests.made_up import assert_answer_holds
from tests.running import PATIENCE_SECONDS
from tests.scripted import Scripted, citing, number_of, support_by_words

__all__ = ["support_by_words"]
pytestmark = pytest.mark.usefixtures("support_by_words")

QUESTION = "How far does LongLoRA stretch the context?"
REACHES = "100k of context"
CLAIM = "LongLoRA takes LLaMA2 7B from 4k to 100k of context"
FREEZES = "HFT freezes half of the parameters to keep previous knowledge"


def scripted() -> Scripted:
    return Scripted(replies=[citing(f"{CLAIM} {{0}}.", REACHES)])


def test_the_answer_is_in_the_models_words(starter: Library) -> None:
    answer = Assistant(starter, scripted()).ask(QUESTION)
    assert answer.text.startswith(f"{CLAIM}. [1]")
    assert answer.model
    assert answer.citations[0].title.startswith("LongLoRA")
    assert_answer_holds(answer, starter)


def test_asked_in_each_way_the_answer_is_the_same(starter: Library) -> None:
    assistant = Assistant(starter, scripted())

    async def follow() -> str:
        async with aclosing(assistant.astream(QUESTION)) as answers:
            return [answer.text async for answer in answers][-1]

    async def inside() -> tuple[str, str, str]:
        in_the_loop = assistant.ask(QUESTION).text  # as in a notebook
        in_a_thread = (await asyncio.to_thread(assistant.ask, QUESTION)).text
        return in_the_loop, in_a_thread, (await assistant.aask(QUESTION)).text

    texts = {assistant.ask(QUESTION).text, asyncio.run(follow()), *asyncio.run(inside())}
    texts.add(asyncio.run(assistant.aask(QUESTION)).text)
    assert len(texts) == 1


def test_several_ask_at_the_same_time(starter: Library) -> None:
    assistant = Assistant(starter, scripted())

    async def ask_all() -> list[str]:
        return [answer.text for answer in await asyncio.gather(*(assistant.aask(QUESTION) for _ in range(6)))]

    assert len(set(asyncio.run(ask_all()))) == 1


def test_a_comparison_leaves_out_none_of_its_papers(starter: Library) -> None:
    answer = Assistant(starter, scripted()).ask("How do LongLoRA and HFT differ?")
    assert answer.kind == "compare"
    assert answer.text.startswith(f"{CLAIM}. [1]")
    assert "\n- **HFT: Half Fine-Tuning" in answer.text
    assert {citation.title.split(":")[0] for citation in answer.citations} == {"LongLoRA", "HFT"}
    assert_answer_holds(answer, starter)


def test_a_comparison_that_speaks_of_both_papers_is_complete(starter: Library) -> None:
    reply = citing(f"{CLAIM} {{0}}. {FREEZES} {{1}}.", REACHES, "freezing the other half")
    answer = Assistant(starter, Scripted(replies=[reply])).ask("How do LongLoRA and HFT differ?")
    assert answer.text == f"{CLAIM}. [1] {FREEZES}. [2]"


def test_what_one_paper_says_is_not_told_of_the_other(starter: Library) -> None:
    reply = citing("HFT takes LLaMA2 7B from 4k to 100k of context {0}.", REACHES)
    answer = Assistant(starter, Scripted(replies=[reply])).ask("How do LongLoRA and HFT differ?")
    assert "HFT takes" not in answer.text
    assert_answer_holds(answer, starter)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("which papers are about dense retrieval?", "list"),
        ("how many papers mention Mamba?", "count"),
        ("give me an overview of the collection", "overview"),
        ("Which wine goes with a roast goose at Christmas?", "decline"),
        ("What MMLU score does MeZO reach?", "decline"),
        ("", "decline"),
    ],
)
def test_what_needs_no_model_is_answered_without_one(starter: Library, question: str, kind: str) -> None:
    llm = Scripted(replies=["Penguins [1]."])
    answer = Assistant(starter, llm).ask(question)
    assert (answer.kind, answer.model, llm.prompts) == (kind, "", [])
    assert answer.text == Assistant(starter).ask(question).text


def test_a_model_says_that_an_abstract_does_not_tell_where_that_is_uncertain(starter: Library) -> None:
    """Of questions that abstracts seldom answer, some are declined on the model's word, none otherwise."""
    silent = Assistant(starter, Scripted(replies=["NOT TOLD"]))
    plain = Assistant(starter)
    declined = 0
    for paper in starter.papers()[::4]:
        question = f"Which loss function does {paper.title.split(':')[0]} use?"
        answer, without = silent.ask(question), plain.ask(question)
        assert_answer_holds(answer, starter)
        if answer.text != without.text:
            assert (answer.status, answer.reason, without.status) == ("declined", "not_in_abstract", "answered")
            assert answer.model
            declined += 1
    assert declined


def test_history_completes_the_question_that_the_model_is_asked(starter: Library) -> None:
    llm = Scripted(replies=["NOT TOLD"])
    history = [Turn("user", "Tell me about HFT."), Turn("assistant", "HFT is Half Fine-Tuning. [1]")]
    answer = Assistant(starter, llm).ask("Does it lessen forgetting?", history)
    assert "Half Fine-Tuning" in answer.question
    assert f"<question>\n{answer.question}" in llm.prompts[0]


def test_the_query_engine_gives_the_models_answer_with_its_sentences(starter: Library) -> None:
    assistant = Assistant(starter, scripted())
    answer = assistant.ask(QUESTION)
    for response in (
        assistant.as_query_engine().query(QUESTION),
        asyncio.run(assistant.as_query_engine().aquery(QUESTION)),
    ):
        assert str(response) == answer.text
        assert response.metadata
        assert response.metadata["model"] == answer.model
        assert [node.node_id for node in response.source_nodes] == [
            sentence_id for citation in answer.citations for sentence_id in citation.sentence_ids
        ]


def test_an_unusable_spec_is_told_at_once(starter: Library) -> None:
    with pytest.raises(ModelError, match="no provider"):
        Assistant(starter, "nonsense:model")


# --------------------------------------------------------------------------- stopped in the middle


class Held:
    """A model that writes a claim, begins the next, and goes on only when it is let go."""

    def __init__(self) -> None:
        self.waits, self.may_go_on = threading.Event(), threading.Event()
        self.llm = Scripted(replies=[self.reply])

    def reply(self, prompt: str) -> list[object]:
        first = f"{CLAIM} [{number_of(REACHES, prompt)}]. And beyond that, as its authors say, it "
        return [first, self.wait, "went on and on and on. " * 50]

    def wait(self) -> None:
        self.waits.set()
        self.may_go_on.wait(PATIENCE_SECONDS)

    def let_go(self) -> None:
        """Let the model go on, and wait until its thread has ended."""
        self.may_go_on.set()
        for thread in threading.enumerate():
            if thread.name == "citebot-model":
                thread.join(PATIENCE_SECONDS)

    @property
    def written_after(self) -> int:
        """How many words the model wrote after it was let go."""
        return sum(piece.strip() in ("went", "on", "and", "on.") for piece in self.llm.pieces)


def test_the_first_claim_is_shown_while_the_model_still_writes(starter: Library) -> None:
    held = Held()

    async def first() -> str:
        async with aclosing(Assistant(starter, held.llm).astream(QUESTION)) as answers:
            answer = await anext(answers)
            assert not held.may_go_on.is_set()
            return answer.text

    assert asyncio.run(first()) == f"{CLAIM}. [1]"
    held.let_go()
    assert held.written_after <= 2  # the step that was under way when nobody listened any more


def test_a_question_that_is_cancelled_stops_the_model(starter: Library) -> None:
    held = Held()

    async def cancel() -> bool:
        asked = asyncio.create_task(Assistant(starter, held.llm).aask(QUESTION))
        await asyncio.to_thread(held.waits.wait, PATIENCE_SECONDS)
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        return asked.cancelled()

    assert asyncio.run(cancel())
    held.let_go()
    assert held.written_after <= 2


def test_after_a_cancelled_question_the_next_is_answered(starter: Library) -> None:
    held = Held()
    held.llm.replies.append(citing(f"{CLAIM} {{0}}.", REACHES))
    assistant = Assistant(starter, held.llm)

    async def twice() -> str:
        asked = asyncio.create_task(assistant.aask(QUESTION))
        await asyncio.to_thread(held.waits.wait, PATIENCE_SECONDS)
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        return (await assistant.aask(QUESTION)).text

    assert asyncio.run(twice()).startswith(f"{CLAIM}. [1]")
    held.let_go()
