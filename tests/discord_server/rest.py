"""The REST side: reads a request, lets the weather have its way, finds the route, and answers in Discord's form."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.discord_server.errors import ApiError, Json
from tests.discord_server.weather import Kind, RateLimitError, Weather
from tests.discord_server.world import World

PREFIX = "/api/v10"


@dataclass
class Call:
    """A request of the bot: what it asks for, with what, and when; afterwards also how it was answered."""

    method: str
    path: str
    query: dict[str, str]
    payload: Any
    files: dict[str, web.FileField]
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    answer: Any = None

    def number(self, name: str, otherwise: int | None = None) -> int | None:
        """Return a number of the query."""
        return int(self.query[name]) if name in self.query else otherwise


@dataclass(frozen=True)
class Reply:
    """An answer: its body (None: no body) and HTTP status."""

    body: Json | list[Json] | None = None
    status: int = 200


Handler = Callable[..., Reply]
NO_CONTENT = Reply(None, 204)


class Routes:
    """A table of routes, filled by the modules that serve them."""

    def __init__(self) -> None:
        self._table: list[tuple[str, re.Pattern[str], Handler, bool]] = []

    def __call__(self, route: str, *, open: bool = False) -> Callable[[Handler], Handler]:
        """Register a handler for "METHOD /path/{name}"; an `open` route needs no token of the bot.

        The handler is called with the world, the call, and the named parts of the path; ids (`*_id`) are numbers.
        """
        method, _, path = route.partition(" ")
        steps = [rf"(?P<{step[1:-1]}>[^/]+)" if step.startswith("{") else re.escape(step) for step in path.split("/")]
        pattern = re.compile("/".join(steps))

        def register(handler: Handler) -> Handler:
            self._table.append((method, pattern, handler, open))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, Any], bool]:
        """Return the handler of a request, the parts of its path, and whether it is open to all."""
        for allowed, pattern, handler, open in self._table:
            if allowed == method and (found := pattern.fullmatch(path)):
                parts = found.groupdict()
                if all(value.isdigit() for name, value in parts.items() if name.endswith("_id")):
                    return handler, {n: int(v) if n.endswith("_id") else v for n, v in parts.items()}, open
        raise ApiError(404, 0, "404: Not Found")


class Rest:
    """Answers the bot's requests."""

    def __init__(self, world: World, routes: Routes, weather: Weather, token: str) -> None:
        """Serve these routes to a bot with this token."""
        self.world = world
        self.routes = routes
        self.weather = weather
        self.token = token
        self.calls: list[Call] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.path.removeprefix(PREFIX)
        call = Call(request.method, path, dict(request.query), *await read_body(request))
        self.calls.append(call)
        if slow := self.weather.take(call.method, path, "slow before"):
            await asyncio.sleep(slow.seconds)
        if self.weather.take(call.method, path, "cut before"):
            return cut_off(request)
        response = self._answer(call, request.headers.get("Authorization"))
        self.world.changes()
        if slow := self.weather.take(call.method, path, "slow after"):
            await asyncio.sleep(slow.seconds)
        if self.weather.take(call.method, path, "cut after"):
            return cut_off(request)
        return response

    def _answer(self, call: Call, authorization: str | None) -> web.Response:
        headers: dict[str, str] = {}
        try:
            self.weather.check_limits(call.method, call.path)
            self._fail(call, "fail before")
            handler, parts, open = self.routes.find(call.method, call.path)
            if not open and authorization != f"Bot {self.token}":
                raise ApiError(401, 0, "401: Unauthorized")
            reply = handler(self.world, call, **parts)
            self._fail(call, "fail after")
        except RateLimitError as limit:
            # Without Via, discord.py takes a 429 for a ban by Cloudflare.
            headers = {"Via": "1.1 google", "Retry-After": str(max(1, round(limit.seconds)))}
            if limit.everywhere:
                headers["X-RateLimit-Global"] = "true"
            body = {**limit.body(), "retry_after": limit.seconds, "global": limit.everywhere}
            reply = Reply(body, 429)
        except ApiError as error:
            reply = Reply(error.body(), error.status)
        except Exception as error:
            self.world.crashes.append(error)
            reply = Reply({"message": "500: Internal Server Error", "code": 0}, 500)
        call.status, call.answer = reply.status, reply.body
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        # Exactly this type: discord.py parses no other, not even one with a charset.
        headers["Content-Type"] = "application/json"
        return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)

    def _fail(self, call: Call, kind: Kind) -> None:
        if fault := self.weather.take(call.method, call.path, kind):
            raise ApiError(fault.status, 0, f"{fault.status}: server error")


async def read_body(request: web.Request) -> tuple[Any, dict[str, web.FileField]]:
    """Return the payload of a request, and the files that came with it."""
    if request.content_type == "multipart/form-data":
        form = await request.post()
        files = {name: value for name, value in form.items() if isinstance(value, web.FileField)}
        return json.loads(str(form.get("payload_json") or "{}")), files
    text = await request.text()
    if request.content_type == "application/json" and text:
        return json.loads(text), {}
    return {}, {}


def cut_off(request: web.Request) -> web.Response:
    """Cut the line: the bot gets no answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
