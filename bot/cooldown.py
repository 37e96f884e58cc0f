"""How often somebody may ask: so many questions in any minute, for a user and for a channel."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0
_MOST_KEYS = 10_000


class CoolDown:
    """Counts questions by key over a sliding window. Not for threads.

    >>> cool_down = CoolDown(1, now=lambda: 100.0)
    >>> cool_down.wait(7), cool_down.take(7), cool_down.wait(7)
    (0.0, None, 60.0)
    """

    def __init__(self, most: int, *, window: float = WINDOW_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        """Allow `most` questions in any `window` seconds for each key; 0 allows any number."""
        self._most = most
        self._window = window
        self._now = now
        self._taken: OrderedDict[int, deque[float]] = OrderedDict()

    def wait(self, key: int) -> float:
        """Return the seconds until the key may ask again; 0 if it may now."""
        taken = self._taken.get(key)
        if not self._most or taken is None or len(taken) < self._most:
            return 0.0
        return max(0.0, taken[0] + self._window - self._now())

    def take(self, key: int) -> None:
        """Count a question of the key."""
        if not self._most:
            return
        taken = self._taken.setdefault(key, deque(maxlen=self._most))
        taken.append(self._now())
        self._taken.move_to_end(key)
        while len(self._taken) > _MOST_KEYS:  # the one that asked longest ago
            self._taken.popitem(last=False)
