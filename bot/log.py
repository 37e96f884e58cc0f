"""The log: one line an event, `key=value`, with the reference that the asker saw; no token, nobody's words."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

_log = logging.getLogger("citebot.bot")
# Whoever has these may speak as the bot: they stand in addresses, and addresses stand in errors.
_SECRET_PATHS = re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w\-.]+")
_PLAIN = re.compile(r"[\w.:/+\-]+")
_MOST_RECENT = 10


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that failed: when (Unix seconds), under which reference, what was being done, the kind of error."""

    at: float
    reference: str
    doing: str
    kind: str


recent_failures: deque[Failure] = deque(maxlen=_MOST_RECENT)


def note(event: str, **fields: object) -> None:
    """Write an event to the log."""
    _log.info(_line(event, fields))


def note_failure(doing: str, reference: str, error: BaseException, **fields: object) -> None:
    """Write to the log that something failed, with the error, and remember it for `/admin status`."""
    recent_failures.append(Failure(time.time(), reference, doing, type(error).__name__))
    known = {"ref": reference, "doing": doing, **fields}
    _log.error(_line("failed", known), exc_info=error)


def _line(event: str, fields: Mapping[str, object]) -> str:
    return " ".join([event, *(f"{name}={_value(value)}" for name, value in fields.items() if value is not None)])


def _value(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) else '"' + text.replace('"', "'") + '"'


class OneLine(logging.Formatter):
    """Formats a record as one line, errors included, with all secrets taken out."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, secrets: tuple[str, ...]) -> None:
        """Take `secrets` out of every line."""
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._secrets = tuple(secret for secret in secrets if secret)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        line = _SECRET_PATHS.sub(r"\1[secret]", line)
        return "".join(sign if sign.isprintable() else _escaped(sign) for sign in line)


def _escaped(sign: str) -> str:
    return " | " if sign == "\n" else sign.encode("unicode_escape").decode("ascii")


def set_up(level: str, *secrets: str) -> None:
    """Send the log of citebot and discord.py to standard error, a line an event, without the secrets."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("citebot").setLevel(level)
    # Never more of discord.py's: it writes whole messages of people, and tokens, as its news for debugging.
    logging.getLogger("discord").setLevel(max(logging.WARNING, logging.getLevelName(level)))
