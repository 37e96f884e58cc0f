"""What is being done for people at the moment, so that the bot can stop without leaving anybody waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_SETTLE_SECONDS = 0.2  # for what has arrived and is not begun


class OpenWork:
    """The tasks that owe somebody a reply. `closing`: the bot is stopping, nothing new is begun."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._tasks: set[asyncio.Task[object]] = set()
        self.closing = False

    @contextmanager
    def owed(self) -> Iterator[None]:
        """Hold the current task open until the end of the block."""
        task = asyncio.current_task()
        if task is None or task in self._tasks:
            yield
            return
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def close(self, *, grace: float, apologies: float) -> None:
        """Wait `grace` seconds for what is open, then stop it; what is stopped has `apologies` seconds to say so."""
        self.closing = True
        await asyncio.sleep(_SETTLE_SECONDS)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        stopped = set(self._tasks)
        for task in stopped:
            task.cancel()
        if stopped:
            await asyncio.wait(stopped, timeout=apologies)
