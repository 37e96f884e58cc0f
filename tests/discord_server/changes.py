"""Waiting until something has happened at the server, without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Wakes those who wait for a condition whenever the world has changed."""

    def __init__(self) -> None:
        self._changed: asyncio.Event | None = None

    def __call__(self) -> None:
        """Say that something changed."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def until(self, condition: Callable[[], T], timeout: float, what: str) -> T:
        """Return what the condition gives as soon as it is true; TimeoutError, saying `what`, after `timeout` seconds.

        The condition may raise to end the wait.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (result := condition()):
                    if self._changed is None:
                        self._changed = asyncio.Event()
                    await self._changed.wait()
                return result
        except TimeoutError:
            raise TimeoutError(f"waited {timeout:g} s for {what}") from None
