"""Misbehaviour on command: what Discord and the network do on a bad day, for chosen routes and so many times."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Literal

from tests.discord_server.errors import ApiError

Kind = Literal["fail before", "fail after", "limit", "cut before", "cut after", "slow before", "slow after"]


@dataclass
class Fault:
    """One misbehaviour: where, what, and how often it still happens."""

    where: re.Pattern[str]
    kind: Kind
    times: int
    status: int = 0
    seconds: float = 0.0
    everywhere: bool = False


class RateLimitError(ApiError):
    """A request is refused because there were too many."""

    def __init__(self, seconds: float, everywhere: bool) -> None:
        """Let the bot come back after `seconds`."""
        super().__init__(429, 0, "You are being rate limited.")
        self.seconds = seconds
        self.everywhere = everywhere


def route_pattern(route: str) -> re.Pattern[str]:
    """Return the pattern of a route such as "POST /channels/*/messages"; `*` is one part of a path, `**` any number.

    "*" in place of the method, as in "* /webhooks/**", is any method.
    """
    method, _, path = route.partition(" ")
    parts = {"**": ".*", "*": "[^/]+"}
    steps = [parts.get(step) or re.escape(step) for step in re.split(r"(\*\*|\*)", path)]
    return re.compile((r"\w+" if method == "*" else method) + " " + "".join(steps))


class Weather:
    """The faults that are to come."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.ignored_limits: list[str] = []
        self._limits: dict[str, float] = {}  # route (or "": everywhere) -> until when

    # ------------------------------------------------------------------ for tests

    def fail(self, route: str, status: int = 500, times: int = 1, *, after: bool = False) -> None:
        """Answer the next requests to a route with an error of the server (500, 502, 503, 504).

        With `after` they have taken effect, and only the answer is wrong.
        """
        self._add(route, "fail after" if after else "fail before", times, status=status)

    def rate_limit(self, route: str, seconds: float, times: int = 1, *, everywhere: bool = False) -> None:
        """Answer the next requests to a route with 429; the limit lasts `seconds`, for all routes if `everywhere`.

        Who comes back too early gets another 429, and is noted in `ignored_limits`.
        """
        self._add(route, "limit", times, seconds=seconds, everywhere=everywhere)

    def cut(self, route: str, times: int = 1, *, after: bool = False) -> None:
        """Cut the line at the next requests to a route: before they take effect, or after, so the answer is lost."""
        self._add(route, "cut after" if after else "cut before", times)

    def slow(self, route: str, seconds: float, times: int = 1_000_000, *, after: bool = False) -> None:
        """Take `seconds` for the next requests to a route: before they take effect, or after."""
        self._add(route, "slow after" if after else "slow before", times, seconds=seconds)

    def clear(self) -> None:
        """Let the sun shine."""
        self.faults.clear()
        self._limits.clear()

    # ------------------------------------------------------------------ for the server

    def take(self, method: str, path: str, *kinds: Kind) -> Fault | None:
        """Return the next fault of these kinds for a request, and count it as happened."""
        request = f"{method} {path}"
        for fault in self.faults:
            if fault.kind in kinds and fault.times > 0 and fault.where.fullmatch(request):
                fault.times -= 1
                return fault
        return None

    def check_limits(self, method: str, path: str) -> None:
        """Raise RateLimitError if the bot has to wait before this request."""
        route = f"{method} {path}"
        # Interactions are exempt from the global limit, as at Discord.
        exempt = path.startswith(("/interactions/", "/webhooks/"))
        for key in (route,) if exempt else (route, ""):
            left = self._limits.get(key, 0.0) - time.monotonic()
            if left > 0:
                self.ignored_limits.append(route)
                raise RateLimitError(left, key == "")
        if fault := self.take(method, path, "limit"):
            self._limits["" if fault.everywhere else route] = time.monotonic() + fault.seconds
            raise RateLimitError(fault.seconds, fault.everywhere)

    def _add(
        self, route: str, kind: Kind, times: int, *, status: int = 0, seconds: float = 0.0, everywhere: bool = False
    ) -> None:
        self.faults.append(Fault(route_pattern(route), kind, times, status, seconds, everywhere))
