"""The road from question to answer."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from rag.answering import extractive
from rag.answering.generative import WRITTEN_KINDS
from rag.answers import Answer, Draft, Turn
from rag.composing import compose, decline
from rag.grounding import check
from rag.library import Library
from rag.questions import Question, understand
from rag.retrieval import Retrieval, retrieve
from rag.rewriting import rewritten
from rag.usage import Effort, Usage
from rag.writing import Prepared, Writer, prepare

if TYPE_CHECKING:
    import numpy as np
    from llama_index.core.llms import LLM
    from numpy.typing import NDArray

    from rag.llamaindex import AssistantQueryEngine
    from rag.settings import Settings


class Assistant:
    """Answers questions from a library, each sentence quoted and cited. Safe for threads.

    >>> assistant = Assistant(Library.open("papers/"), llm="ollama:qwen3:4b")  # doctest: +SKIP
    >>> assistant.ask("How far does LongLoRA stretch the context?").text  # doctest: +SKIP
    """

    def __init__(self, library: Library, llm: str | LLM | None = None, settings: Settings | None = None) -> None:
        """Answer from `library`: with its own sentences or, with a language model, in that model's words.

        `llm` is a spec ("openai:gpt-5-mini", "gguf:model.gguf", see `rag.llms`) or any LlamaIndex LLM; what it writes
        is shown only as far as quoted sentences carry it. `settings` are the library's unless given. Raises
        ModelError, which says what to type, where the model cannot be used.
        """
        self.library = library
        settings = settings or library.settings
        self._writer = _writer(llm, settings) if llm is not None else None
        self._rewrites = settings.llm_rewrite and self._writer is not None

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Return the answer to a question, given what was said before (oldest first).

        A question that the library cannot answer gives an answer too: one with status "declined".
        """
        if self._writer is None:
            started, effort = time.perf_counter(), Effort()
            answer, _ = self._extract(question, history, effort)
            return _with_effort(answer, effort, started)
        from rag import background

        return background.run(self.aask(question, history))

    async def aask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Return what `ask` returns, without blocking the event loop."""
        async with aclosing(self.astream(question, history)) as answers:
            async for answer in answers:
                last = answer
        return last

    async def astream(self, question: str, history: Sequence[Turn] = ()) -> AsyncGenerator[Answer, None]:
        """Yield the answer as it grows: each answer's text begins with that of the one before, the last is whole.

        Every claim has passed the check before it is shown. Without a model there is one answer.
        Closing the generator stops the model.
        """
        started, effort = time.perf_counter(), Effort()
        if self._rewrites and history and await asyncio.to_thread(self._leans, question, history):
            completed = await rewritten(question, history, self._writer.caller, effort) if self._writer else question
            question, history = (completed, ()) if completed != question else (question, history)
        extractive_answer, prepared = await asyncio.to_thread(self._extract, question, history, effort)
        if self._writer is None or prepared is None:
            yield _with_effort(extractive_answer, effort, started)
            return
        async with aclosing(self._writer.write(prepared, effort)) as answers:
            async for answer in answers:
                yield _with_effort(dataclasses.replace(answer, confidence=prepared.draft.confidence), effort, started)

    def _extract(self, question: str, history: Sequence[Turn], effort: Effort) -> tuple[Answer, Prepared | None]:
        """Return the answer in the library's own sentences, and what a model needs to write one where it may."""
        with self.library.catalogue.snapshot():  # another process may write while we answer
            with effort.stage("question"):
                asked = understand(question, history, self.library)
            with effort.stage("retrieval"):
                found = retrieve(self.library, asked)
            with effort.stage("answer"):
                draft = extractive.answer(asked, found, self.library)
            with effort.stage("check"):
                answer = self._answer_of(asked, found, draft)
            if self._writer is None or answer.status == "declined" or draft.kind not in WRITTEN_KINDS:
                return answer, None
            return answer, prepare(asked, found, draft, answer, self.library)

    def _leans(self, question: str, history: Sequence[Turn]) -> bool:
        with self.library.catalogue.snapshot():
            return understand(question, history, self.library).leans

    def _answer_of(self, asked: Question, found: Retrieval, draft: Draft) -> Answer:
        claims = check(draft, self.library)
        if claims or draft.kind == "count":  # that no paper fits is an answer, too
            answer = compose(asked, found, claims, draft)
        else:
            answer = decline(asked, found, draft.reason or "not_in_abstract", self.library)
        return dataclasses.replace(answer, confidence=draft.confidence)

    def as_query_engine(self) -> AssistantQueryEngine:
        """Return this assistant as a LlamaIndex query engine."""
        from rag.llamaindex import AssistantQueryEngine

        return AssistantQueryEngine(self)


def _with_effort(answer: Answer, effort: Effort, started: float) -> Answer:
    """Return the answer with what it has cost so far."""
    return dataclasses.replace(
        answer,
        seconds=time.perf_counter() - started,
        stages=dict(effort.stages),
        usage=effort.usage if effort.usage != Usage() else None,
    )


def _writer(llm: str | LLM, settings: Settings) -> Writer:
    from rag import support
    from rag.entailment import Entailment
    from rag.model_calls import ModelCaller

    entailment = Entailment(settings)
    caller = ModelCaller(llm, settings)

    def score(claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str]) -> NDArray[np.float64]:
        return support.score(claims, evidence, sources, entailment)

    if settings.nli is None:
        return Writer(caller, score)
    from rag.nli import Nli, with_second_opinion

    return Writer(caller, with_second_opinion(score, Nli(settings.nli), support.sure_from(support.threshold())))
