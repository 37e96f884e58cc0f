"""citebot in processes of its own: run to the end, or started and watched."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CITEBOT = (sys.executable, "-m", "rag.cli")
# The same, writing few papers at a time: more moments at which it can be stopped in the middle.
CITEBOT_IN_SMALL_STEPS = (
    sys.executable,
    "-c",
    "import rag.library; rag.library._PAPERS_A_TRANSACTION = 3; from rag.cli import main; main()",
)
PATIENCE_SECONDS = 60.0


@contextmanager
def start(*arguments: object, command: tuple[str, ...] = CITEBOT) -> Iterator[subprocess.Popen[str]]:
    """Start citebot with its input and output piped; it is killed if it does not end in time."""
    pipe = subprocess.PIPE
    # What citebot does not flush is not to be flushed by the environment's wish either.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    line = [*command, *map(str, arguments)]
    with subprocess.Popen(
        line, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment, preexec_fn=_heed_ctrl_c
    ) as process:
        watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
        watchdog.start()
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            watchdog.cancel()


def _heed_ctrl_c() -> None:
    """Let SIGINT through: where the tests run in the background of a shell, it is ignored, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> bool:
    """Wait until the condition holds and return True; return False if the process ends before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None:
        if condition():
            return True
        if time.monotonic() > deadline:
            raise TimeoutError("the process neither came so far nor ended")
        time.sleep(0.001)
    return False


def papers_on_disk(directory: Path) -> int:
    """Return how many papers another process has written so far, without taking part in anything."""
    path = directory / "catalogue.sqlite3"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    try:
        return int(connection.execute("SELECT count(*) FROM papers").fetchone()[0])
    except sqlite3.OperationalError:  # made this moment, and without its tables yet
        return 0
    finally:
        connection.close()
