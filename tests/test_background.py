"""One event loop for the calls of models: results and errors come back, and whoever stops waiting stops the work."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest

from rag import background

PATIENCE_SECONDS = 60.0


class Probe:
    """Work that tells what became of it."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()
        self.yielded = 0
        self.threads: set[str] = set()

    async def sleep(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    async def count(self, limit: int | None = None) -> AsyncGenerator[int, None]:
        self.threads.add(threading.current_thread().name)
        self.started.set()
        try:
            for number in itertools.count() if limit is None else range(limit):
                self.yielded += 1
                yield number
        finally:
            await asyncio.sleep(0)  # cleaning up may take its time
            self.ended.set()


async def work(result: int) -> int:
    await asyncio.sleep(0)
    return result


async def fail() -> None:
    raise ValueError("as told")


# --------------------------------------------------------------------------- run


def test_a_plain_function_gets_result_and_error() -> None:
    assert background.run(work(3)) == 3
    with pytest.raises(ValueError, match="as told"):
        background.run(fail())


def test_all_work_is_in_one_loop_whoever_calls() -> None:
    async def loop() -> int:
        return id(asyncio.get_running_loop())

    async def from_a_loop() -> int:
        return await background.run_from(loop())

    assert {background.run(loop()), asyncio.run(from_a_loop()), asyncio.run(from_a_loop())} == {background.run(loop())}


def test_the_caller_s_context_comes_along() -> None:
    colour = contextvars.ContextVar("colour", default="none")

    async def look() -> str:
        return colour.get()

    colour.set("red")
    assert background.run(look()) == "red"


def test_waiting_for_oneself_is_refused() -> None:
    async def inside() -> None:
        background.run(work(1))

    with pytest.raises(RuntimeError, match="use `await`"):
        background.run(inside())


def test_ctrl_c_stops_the_work() -> None:
    code = (
        "import asyncio\n"
        "from rag import background\n"
        "async def work():\n"
        "    print('started', flush=True)\n"
        "    try:\n"
        "        await asyncio.Event().wait()\n"
        "    finally:\n"
        "        print('ended', flush=True)\n"
        "try:\n"
        "    background.run(work())\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped', flush=True)\n"
    )
    heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731 - where it is ignored, that is inherited
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, preexec_fn=heed)
    watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
    finally:
        watchdog.cancel()
    assert rest == "ended\nstopped\n"
    assert process.returncode == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_a_loop_of_its_own() -> None:
    code = (
        "import asyncio, os\n"
        "from rag import background\n"
        "print(background.run(asyncio.sleep(0, 'parent')), flush=True)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    print(background.run(asyncio.sleep(0, 'child')), flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert (done.stdout, done.returncode) == ("parent\nchild\n", 0), done.stderr


# --------------------------------------------------------------------------- run_from


def test_a_cancelled_task_cancels_the_work_and_waits_for_its_end() -> None:
    probe = Probe()

    async def main() -> None:
        task = asyncio.create_task(background.run_from(probe.sleep()))
        await asyncio.to_thread(probe.started.wait, PATIENCE_SECONDS)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert probe.ended.is_set()

    asyncio.run(main())


def test_errors_reach_the_task() -> None:
    with pytest.raises(ValueError, match="as told"):
        asyncio.run(background.run_from(fail()))


def test_inside_the_loop_nothing_hops() -> None:
    async def inside() -> list[int]:
        assert await background.run_from(work(5)) == 5
        return [number async for number in background.iterate(Probe().count(3))]

    assert background.run(inside()) == [0, 1, 2]


# --------------------------------------------------------------------------- iterate


def test_pieces_come_in_order_from_the_other_thread() -> None:
    probe = Probe()

    async def main() -> list[int]:
        return [number async for number in background.iterate(probe.count(100))]

    assert asyncio.run(main()) == list(range(100))
    assert probe.threads == {"citebot-models"}


def test_an_error_comes_after_the_pieces_before_it() -> None:
    async def source() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("as told")

    async def main() -> list[int]:
        got = []
        with pytest.raises(ValueError, match="as told"):
            async for number in background.iterate(source()):
                got.append(number)
        return got

    assert asyncio.run(main()) == [1]


def test_closing_early_closes_the_source_before_it_returns() -> None:
    probe = Probe()

    async def main() -> None:
        async with aclosing(background.iterate(probe.count())) as numbers:
            async for number in numbers:
                if number == 3:
                    break
        assert probe.ended.is_set()

    asyncio.run(main())


def test_a_generator_left_open_is_closed_with_its_loop() -> None:
    probe = Probe()

    async def main() -> None:
        numbers = background.iterate(probe.count())
        assert await anext(numbers) == 0

    asyncio.run(main())
    assert probe.ended.wait(PATIENCE_SECONDS)


def test_a_slow_reader_holds_the_source_back() -> None:
    probe = Probe()

    async def main() -> int:
        async with aclosing(background.iterate(probe.count())) as numbers:
            for _ in range(3):
                await anext(numbers)
            before = -1
            while probe.yielded != before:  # until the source stands still
                before = probe.yielded
                await background.run_from(asyncio.sleep(0.05))
            return before

    assert asyncio.run(main()) <= 3 + background._HANDED_OVER_AHEAD + 1


def test_a_task_cancelled_while_it_waits_for_a_piece_closes_the_source() -> None:
    probe = Probe()

    async def source() -> AsyncGenerator[int, None]:
        await probe.sleep()
        yield 1

    async def main() -> None:
        task = asyncio.ensure_future(anext(background.iterate(source())))
        await asyncio.to_thread(probe.started.wait, PATIENCE_SECONDS)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert probe.ended.is_set()

    asyncio.run(main())


# --------------------------------------------------------------------------- iterate_in_thread


def blocking(probe: Probe, go_on: threading.Event) -> Iterator[int]:
    """Yield numbers; before the third, block until `go_on`."""
    probe.threads.add(threading.current_thread().name)
    try:
        for number in itertools.count():
            if number == 2:
                probe.started.set()
                assert go_on.wait(PATIENCE_SECONDS)
            yield number
    finally:
        probe.ended.set()


def test_an_iterator_that_blocks_does_not_block_the_loop() -> None:
    probe, go_on = Probe(), threading.Event()

    async def main() -> list[int]:
        async with aclosing(background.iterate_in_thread(lambda: blocking(probe, go_on))) as numbers:
            got = [await anext(numbers), await anext(numbers)]
            third = asyncio.ensure_future(anext(numbers))
            await asyncio.to_thread(probe.started.wait, PATIENCE_SECONDS)
            assert not third.done()
            go_on.set()
            return [*got, await third]

    assert asyncio.run(main()) == [0, 1, 2]
    assert probe.ended.wait(PATIENCE_SECONDS), "closed early, the iterator is closed too"
    assert probe.threads == {"citebot-model"}


def test_closing_does_not_wait_for_an_iterator_that_blocks() -> None:
    probe, go_on = Probe(), threading.Event()

    async def main() -> None:
        numbers = background.iterate_in_thread(lambda: blocking(probe, go_on))
        await anext(numbers)
        await asyncio.to_thread(probe.started.wait, PATIENCE_SECONDS)
        await numbers.aclose()

    asyncio.run(main())
    assert not probe.ended.is_set()
    go_on.set()
    assert probe.ended.wait(PATIENCE_SECONDS), "it is closed as soon as it comes back"


def test_errors_of_the_iterator_come_through() -> None:
    def iterator() -> Iterator[int]:
        yield 1
        raise ValueError("as told")

    async def main() -> None:
        numbers = background.iterate_in_thread(iterator)
        assert await anext(numbers) == 1
        with pytest.raises(ValueError, match="as told"):
            await anext(numbers)

    asyncio.run(main())
