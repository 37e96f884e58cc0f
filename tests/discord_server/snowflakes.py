"""Discord's ids: 64 bits, the upper 42 of them the milliseconds since 2015, so that ids sort by time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_EPOCH = 1_420_070_400_000


class Snowflakes:
    """Hands out ids, each larger than the one before."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """Return a new id, made now."""
        self._last = max(self._last + 1, int(time.time() * 1000) - _EPOCH << 22)
        return self._last


def moment(snowflake: int) -> datetime:
    """Return when an id was made."""
    return datetime.fromtimestamp(((snowflake >> 22) + _EPOCH) / 1000, UTC)


def timestamp(when: datetime) -> str:
    """Return a point in time as Discord writes it."""
    return when.isoformat(timespec="microseconds")
