"""What answers cost: seconds by part of the road, and calls of a language model."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Usage:
    """What the calls of a model came to. `calls` were made, `replies_from_cache` were not needed.

    `cost` is in US dollars, as far as the provider says (gateways do); `estimated` tells that some calls came without
    token counts, as those do that are stopped in the middle, and were counted at four characters a token.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    estimated: bool = False
    replies_from_cache: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Return both together."""
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost + other.cost,
            self.estimated or other.estimated,
            self.replies_from_cache + other.replies_from_cache,
        )


class Effort:
    """What one answer has cost so far: `stages` has seconds by name, `usage` what its calls came to."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self.usage = Usage()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time inside to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - started

    async def waiting(self, name: str, items: AsyncIterator[_T]) -> AsyncGenerator[_T, None]:
        """Yield the items, the time in which each is waited for counted to a stage."""
        while True:
            with self.stage(name):
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    return
            yield item
