"""How long work tells what it is doing, without knowing whether anybody looks."""

from __future__ import annotations

import logging
from typing import Protocol

_log = logging.getLogger("citebot")


class Progress(Protocol):
    """Receives the news of long work; the command line shows them, a bot may log them."""

    def report(self, stage: str, done: int, total: int) -> None:
        """Take note that `done` of `total` steps of `stage` are done."""

    def message(self, text: str) -> None:
        """Take note of something that a person should know now."""


class LoggedProgress:
    """Progress that goes to the log: messages as information, steps not at all."""

    def report(self, stage: str, done: int, total: int) -> None:
        """Ignore single steps."""

    def message(self, text: str) -> None:
        """Log the message."""
        _log.info(text)
