"""The road from question to answer."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from rag.answering import extractive
from rag.answers import Answer, Turn
from rag.composing import compose, decline
from rag.grounding import check
from rag.library import Library
from rag.questions import understand
from rag.retrieval import retrieve

if TYPE_CHECKING:
    from rag.llamaindex import AssistantQueryEngine


class Assistant:
    """Answers questions from a library, each sentence quoted and cited. Safe for threads.

    >>> assistant = Assistant(Library.open("papers/"))  # doctest: +SKIP
    >>> assistant.ask("How far does LongLoRA stretch the context?").text  # doctest: +SKIP
    """

    def __init__(self, library: Library) -> None:
        """Answer from `library`, with its own sentences."""
        self.library = library

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Return the answer to a question, given what was said before (oldest first).

        A question that the library cannot answer gives an answer too: one with status "declined".
        """
        started = time.perf_counter()
        with self.library.catalogue.snapshot():  # another process may write while we answer
            asked = understand(question, history, self.library)
            found = retrieve(self.library, asked)
            draft = extractive.answer(asked, found, self.library)
            claims = check(draft, self.library)
            if claims or draft.kind == "count":  # that no paper fits is an answer, too
                answer = compose(asked, found, claims, draft)
            else:
                answer = decline(asked, found, draft.reason or "not_in_abstract", self.library)
        return dataclasses.replace(answer, seconds=time.perf_counter() - started)

    async def aask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Return what `ask` returns, without blocking the event loop."""
        return await asyncio.to_thread(self.ask, question, history)

    async def astream(self, question: str, history: Sequence[Turn] = ()) -> AsyncIterator[Answer]:
        """Yield the answer as it grows: each answer's text begins with that of the one before, the last is whole.

        Every claim has passed the check before it is shown. Without a model there is one answer.
        """
        yield await self.aask(question, history)

    def as_query_engine(self) -> AssistantQueryEngine:
        """Return this assistant as a LlamaIndex query engine."""
        from rag.llamaindex import AssistantQueryEngine

        return AssistantQueryEngine(self)
