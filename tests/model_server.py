"""A model's server, on this machine and real: HTTP, streaming, and as badly behaved as a test wants it.

It speaks the protocols of OpenAI, Anthropic, Gemini and Ollama, by the path of the request. `plan` says what it does:
one behaviour a request, the last one for all that follow.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PATIENCE_SECONDS = 60.0
PROMPT_TOKENS, COMPLETION_TOKENS = 21, 7


# --------------------------------------------------------------------------- protocols


@dataclass(frozen=True)
class Wire:
    """How a protocol frames a reply that is streamed: what comes first, each piece of text, what comes last."""

    content_type: str
    begin: bytes
    piece: Callable[[str], bytes]
    end: bytes


def _event(data: dict[str, Any], name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def _openai_chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}


_OPENAI_USAGE = {
    "prompt_tokens": PROMPT_TOKENS,
    "completion_tokens": COMPLETION_TOKENS,
    "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
    "cost": 0.0005,
}
_GEMINI_USAGE = {
    "promptTokenCount": PROMPT_TOKENS,
    "candidatesTokenCount": COMPLETION_TOKENS,
    "totalTokenCount": PROMPT_TOKENS + COMPLETION_TOKENS,
}


def _gemini_chunk(text: str, **candidate: Any) -> bytes:
    content = {"role": "model", "parts": [{"text": text}]}
    return _event({"candidates": [{"content": content, "index": 0, **candidate}], "usageMetadata": _GEMINI_USAGE})


def _ollama_line(text: str, **more: Any) -> bytes:
    message = {"role": "assistant", "content": text}
    data = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": False, **more}
    return json.dumps(data).encode() + b"\n"


def _anthropic(name: str, **data: Any) -> bytes:
    return _event({"type": name, **data}, name)


OPENAI = Wire(
    "text/event-stream",
    _event(_openai_chunk({"role": "assistant", "content": None})),
    lambda text: _event(_openai_chunk({"content": text})),
    _event(_openai_chunk({}, "stop")) + _event({**_openai_chunk({}), "choices": [], "usage": _OPENAI_USAGE})
    + b"data: [DONE]\n\n",
)  # fmt: skip
ANTHROPIC = Wire(
    "text/event-stream",
    _anthropic(
        "message_start",
        message={
            "id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
            "stop_sequence": None, "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": 1},
        },
    )
    + _anthropic("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + _anthropic("ping"),
    lambda text: _anthropic("content_block_delta", index=0, delta={"type": "text_delta", "text": text}),
    _anthropic("content_block_stop", index=0)
    + _anthropic(
        "message_delta",
        delta={"stop_reason": "end_turn", "stop_sequence": None},
        usage={"output_tokens": COMPLETION_TOKENS},
    )
    + _anthropic("message_stop"),
)  # fmt: skip
GEMINI = Wire("text/event-stream", b"", _gemini_chunk, _gemini_chunk("", finishReason="STOP"))
OLLAMA = Wire(
    "application/x-ndjson",
    b"",
    _ollama_line,
    _ollama_line("", done=True, done_reason="stop", prompt_eval_count=PROMPT_TOKENS, eval_count=COMPLETION_TOKENS),
)
_WIRES = (
    (re.compile(r".*/chat/completions"), OPENAI),
    (re.compile(r"/v1/messages"), ANTHROPIC),
    (re.compile(r".*:streamGenerateContent"), GEMINI),
    (re.compile(r"/api/chat"), OLLAMA),
)


# --------------------------------------------------------------------------- behaviours


@dataclass
class Exchange:
    """A request that waits for its reply."""

    request: web.Request
    body: dict[str, Any]
    wire: Wire
    server: ModelServer

    async def open(self, status: int = 200, content_type: str = "") -> web.StreamResponse:
        reply = web.StreamResponse(status=status, headers={"Content-Type": content_type or self.wire.content_type})
        await reply.prepare(self.request)
        return reply


Behaviour = Callable[[Exchange], Awaitable[web.StreamResponse]]


def says(*pieces: str, pause: float = 0.0) -> Behaviour:
    """Reply with the pieces, and that is all; `pause` seconds before each."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        if exchange.wire is OPENAI and not exchange.body.get("stream"):
            message = {"role": "assistant", "content": "".join(pieces)}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            return web.json_response({
                "id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices,
                "usage": _OPENAI_USAGE,
            })  # fmt: skip
        reply = await exchange.open()
        await _write(reply, exchange, pieces, pause)
        await reply.write(exchange.wire.end)
        return reply

    return behave


def says_raw(*frames: bytes, content_type: str = "") -> Behaviour:
    """Reply with these bytes, whatever the protocol says, each flushed by itself."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        reply = await exchange.open(content_type=content_type)
        for frame in frames:
            await reply.write(frame)
        return reply

    return behave


def hangs(*pieces: str) -> Behaviour:
    """Reply with the pieces, if there are any, and then nothing more, for ever."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        if pieces:
            await _write(await exchange.open(), exchange, pieces)
        exchange.server.hanging.set()
        await asyncio.Event().wait()
        raise AssertionError("for ever is over")

    return behave


def breaks_off(*pieces: str) -> Behaviour:
    """Reply with the pieces, then cut the connection, as a server does that is killed."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        reply = await exchange.open() if pieces else web.StreamResponse()
        if pieces:
            await _write(reply, exchange, pieces)
        assert exchange.request.transport
        exchange.request.transport.abort()
        return reply

    return behave


def ends_early(*pieces: str) -> Behaviour:
    """Reply with the pieces and end in all politeness, but without the signs of a whole reply: half a stream."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        reply = await exchange.open()
        await _write(reply, exchange, pieces)
        return reply

    return behave


def fails(status: int, **headers: str) -> Behaviour:
    """Reply with an HTTP status and a body as the providers have it; a header's "_" stands for "-"."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"error": {"message": f"status {status}, on purpose", "type": "test", "code": status}}
        return web.json_response(body, status=status, headers=named)

    return behave


def sends_page() -> Behaviour:
    """Reply with a web page, as a proxy or a wrong address does."""
    return says_raw(b"<!DOCTYPE html><html><body>It works!</body></html>", content_type="text/html")


def sends_garbage() -> Behaviour:
    """Reply with bytes that mean nothing."""
    return says_raw(b"data: {{{{\n\n", b"\xff\xfe\x00}{]\n\n")


async def _write(reply: web.StreamResponse, exchange: Exchange, pieces: Sequence[str], pause: float = 0.0) -> None:
    await reply.write(exchange.wire.begin)
    for piece in pieces:
        await asyncio.sleep(pause)
        await reply.write(exchange.wire.piece(piece))


# --------------------------------------------------------------------------- the server


@dataclass
class ModelServer:
    """A server that follows its plan; `bodies` and `headers` are those of the requests so far."""

    url: str = ""
    plan: list[Behaviour] = field(default_factory=lambda: [says("Hello", " there", ".")])
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    most_at_once: int = 0
    _at_once: int = 0
    _connections: set[asyncio.Transport] = field(default_factory=set)
    _runner: web.AppRunner | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _left: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait_until_left(self) -> bool:
        """Wait until a client has closed its connection before its reply was over; False if it takes too long."""
        return self._left.acquire(timeout=PATIENCE_SECONDS)

    def cut_all(self) -> None:
        """Cut all connections, as the death of the process would."""
        for connection in tuple(self._connections):
            self._loop.call_soon_threadsafe(connection.abort)

    def start(self) -> None:
        """Listen."""

        async def listen() -> None:
            application = web.Application()
            application.router.add_post("/{path:.*}", self.handle)
            self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

        asyncio.run_coroutine_threadsafe(listen(), self._loop).result(PATIENCE_SECONDS)

    def stop(self) -> None:
        """Hang up, and listen no more."""
        if self._runner:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(PATIENCE_SECONDS)
            self._runner = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Do what the plan says."""
        body = await request.json()
        number = len(self.bodies)
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        wire = next(wire for path, wire in _WIRES if path.fullmatch(request.path))
        assert request.transport
        self._connections.add(request.transport)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self.plan[min(number, len(self.plan) - 1)](Exchange(request, body, wire, self))
        except (asyncio.CancelledError, ConnectionError):
            self._left.release()
            raise
        finally:
            self._at_once -= 1


@contextmanager
def model_server(*plan: Behaviour) -> Iterator[ModelServer]:
    """Run a server in a thread of its own, at a free port."""
    server = ModelServer()
    server.plan = list(plan) or server.plan
    thread = threading.Thread(target=server._loop.run_forever, daemon=True)
    thread.start()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server._loop.call_soon_threadsafe(server._loop.stop)
        thread.join(PATIENCE_SECONDS)
        server._loop.close()
