"""Questions, a bounded number at a time and off the event loop; the others wait in a line and know their place."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Protocol

from bot.errors import Refusal, TimeLimitError
from rag.answers import Answer, Turn

_REMEMBERED = 500


class Answering(Protocol):
    """Whatever answers questions as `rag.Assistant` does."""

    def astream(self, question: str, history: Sequence[Turn] = ()) -> AsyncGenerator[Answer, None]:
        """Yield the answer as it grows; the last is whole."""


class Place:
    """A question's place in the line."""

    def __init__(self, line: deque[Place]) -> None:
        """Stand at the end of `line`."""
        self._line = line
        self._turn = asyncio.Event()
        line.append(self)

    @property
    def number(self) -> int:
        """The place, from 1; 0 once the question's turn has come."""
        return 0 if self._turn.is_set() else self._line.index(self) + 1

    def call(self) -> None:
        """Say that the question's turn has come."""
        self._line.remove(self)
        self._turn.set()

    async def turn(self) -> None:
        """Wait until the question's turn has come."""
        await self._turn.wait()


class Pipeline:
    """Answers at most `workers` questions at a time; at most `queue` others wait, first come, first served."""

    def __init__(self, *, workers: int, queue: int, time_limit: float) -> None:
        """Set the bounds; `time_limit` is in seconds, for one answer, from its turn on."""
        self._free = workers
        self._most_waiting = queue
        self._time_limit = time_limit
        self._line: deque[Place] = deque()
        self.running = 0
        self.answered = 0
        self.seconds: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def waiting(self) -> int:
        """The number of questions that wait for their turn."""
        return len(self._line)

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Give a place in the line, for as long as it is needed; raises Refusal where the line is full."""
        if self.waiting >= self._most_waiting:
            raise Refusal("Very many questions are waiting just now. Please ask again in a few minutes.")
        place = Place(self._line)
        self._advance()
        try:
            yield place
        finally:
            if place.number:
                self._line.remove(place)

    def _advance(self) -> None:
        while self._line and self._free:
            self._free -= 1
            self._line[0].call()

    async def answer(
        self,
        place: Place,
        answering: Answering,
        question: str,
        history: Sequence[Turn],
        grown: Callable[[Answer], None],
    ) -> Answer:
        """Return the answer; every state of it on the way goes to `grown`, which must not block.

        Raises TimeLimitError when it takes too long. (Its thread cannot be stopped, but nobody waits for it any more.)
        """
        await place.turn()
        started = time.monotonic()
        self.running += 1
        last: Answer | None = None
        try:
            async with asyncio.timeout(self._time_limit), aclosing(answering.astream(question, history)) as answers:
                async for last in answers:
                    grown(last)
        except TimeoutError as error:
            raise TimeLimitError(f"no answer within {self._time_limit:.0f} s") from error
        finally:
            self.running -= 1
            self._free += 1
            self._advance()
        if last is None:
            raise RuntimeError("the assistant gave no answer at all")
        self.answered += 1
        self.seconds.append(time.monotonic() - started)
        return last
