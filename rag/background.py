"""One event loop for all calls to language models, in a thread of its own.

The HTTP clients of the model integrations belong to the event loop in which they are first used, and citebot is
called from many: `asyncio.run` twice over, a bot's loop, plain functions with no loop at all. So the calls run
here, and whoever calls gets the result where they are:

- `run` waits for a coroutine, in a thread without an event loop;
- `run_from` awaits a coroutine, in another event loop;
- `iterate` hands over, piece by piece, what an async generator yields;
- `iterate_in_thread` makes an async generator of an iterator that blocks.

Whoever stops waiting (Ctrl-C, a cancelled task, a generator closed early) stops the work as well.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_HANDED_OVER_AHEAD = 8  # pieces that may lie ready; whoever makes them waits then
_CLEANUP_SECONDS = 5.0  # for work that was told to stop; a connection is closed in milliseconds

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def _background_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop, started at the first call."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="citebot-models", daemon=True).start()
        return _loop


def _forget_loop() -> None:
    """Start anew in a child process: threads do not come along."""
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_forget_loop)


def _is_here() -> bool:
    """Tell whether the caller runs in the background loop itself."""
    try:
        return asyncio.get_running_loop() is _loop
    except RuntimeError:
        return False


class _Work(Generic[T]):
    """A coroutine that runs in the background loop. `future` is done when it has come to its end, and not before."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self.future: Future[T] = Future()
        self._loop = _background_loop()
        self._task: asyncio.Task[T] | None = None
        self._loop.call_soon_threadsafe(self._start, coroutine)

    def cancel(self) -> None:
        """Ask the coroutine to end."""
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    def _start(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._task = self._loop.create_task(coroutine)
        self._task.add_done_callback(self._pass_on)

    def _pass_on(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.future.cancel()
            self.future.set_running_or_notify_cancel()
        elif error := task.exception():
            self.future.set_exception(error)
        else:
            self.future.set_result(task.result())


@dataclass(frozen=True, slots=True)
class _End:
    """Comes after the last piece."""

    error: BaseException | None = None


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the coroutine's result; for callers that have no event loop. Ctrl-C cancels the coroutine.

    Raises what the coroutine raises, and RuntimeError in the background loop itself, which would wait for itself.

    >>> run(asyncio.sleep(0, "done"))
    'done'
    """
    if _is_here():
        coroutine.close()
        raise RuntimeError("background.run() was called in the background loop: use `await`")
    work = _Work(coroutine)
    try:
        return work.future.result()
    except BaseException:
        work.cancel()
        concurrent.futures.wait([work.future], _CLEANUP_SECONDS)
        raise


async def run_from(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the coroutine's result; for callers in any event loop. Cancelling the caller cancels the coroutine."""
    if _is_here():
        return await coroutine
    work = _Work(coroutine)
    result = asyncio.wrap_future(work.future)
    try:
        return await asyncio.shield(result)
    finally:
        await _end(work, result)


async def iterate(source: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield what the source yields, which runs in the background loop; for callers in any event loop.

    The source runs in one task and is only a few pieces ahead of the caller. Closing this generator closes the source.
    """
    if _is_here():
        async with aclosing(source):
            async for own in source:
                yield own
        return
    here = asyncio.get_running_loop()
    pieces: asyncio.Queue[T | _End] = asyncio.Queue()
    room = asyncio.Semaphore(_HANDED_OVER_AHEAD)

    async def hand_over() -> None:
        async with aclosing(source):
            async for piece in source:
                await room.acquire()
                here.call_soon_threadsafe(pieces.put_nowait, piece)

    work = _Work(hand_over())
    work.future.add_done_callback(lambda _: _tell(here, pieces.put_nowait, _End()))
    result = asyncio.wrap_future(work.future)
    try:
        while not isinstance(piece := await pieces.get(), _End):
            _tell(_background_loop(), room.release)
            yield piece
        await asyncio.shield(result)  # raises what the source raised
    finally:
        await _end(work, result)


async def iterate_in_thread(start: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
    """Yield what the iterator yields that `start` returns; both may block, so they run in a thread of their own.

    The iterator is only a few pieces ahead of the caller. Closing this generator closes the iterator as soon as
    its step under way returns; nobody waits for that, not even the end of the process.
    """
    here = asyncio.get_running_loop()
    pieces: asyncio.Queue[T | _End] = asyncio.Queue()
    room = threading.Semaphore(_HANDED_OVER_AHEAD)
    closed = threading.Event()

    def work() -> None:
        error: BaseException | None = None
        try:
            iterator = start()
            for piece in iterator:
                room.acquire()
                if closed.is_set():
                    break
                _tell(here, pieces.put_nowait, piece)
            if isinstance(iterator, Generator):
                iterator.close()
        except BaseException as raised:  # raised again where the pieces go
            error = raised
        _tell(here, pieces.put_nowait, _End(error))

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="citebot-model", daemon=True).start()
    try:
        while not isinstance(piece := await pieces.get(), _End):
            room.release()
            yield piece
        if piece.error:
            raise piece.error
    finally:
        closed.set()
        room.release()


async def _end(work: _Work[Any], result: asyncio.Future[Any]) -> None:
    """Stop the work if it still runs, and wait until it has cleaned up behind itself."""
    if not result.done():
        work.cancel()
        await asyncio.wait({result}, timeout=_CLEANUP_SECONDS)
    if result.done() and not result.cancelled():
        result.exception()  # looked at: asyncio would complain otherwise


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: object) -> None:
    """Call the callback in the loop, unless the loop is closed and so nobody is there to hear of it."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, *arguments)
