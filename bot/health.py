"""The health endpoint: `GET /health` tells whatever watches the bot how it is; 200 when it is ready, else 503."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.errors import StartError
from bot.services import Services


def health_of(services: Services, *, connected: bool, latency: float) -> dict[str, Any]:
    """Return how the bot is, as JSON has it; latency in seconds, None while it is not known."""
    return {
        "ready": connected and services.collection.ready,
        "connected": connected,
        "latency": round(latency, 4) if math.isfinite(latency) else None,
        "queue": services.pipeline.waiting,
        "running": services.pipeline.running,
        "answered": services.pipeline.answered,
        "papers": services.collection.count,
    }


async def serve_health(look: Callable[[], dict[str, Any]], host: str, port: int) -> web.AppRunner:
    """Serve what `look` returns until the runner is cleaned up; raises StartError if the port is taken."""

    async def health(request: web.Request) -> web.Response:
        seen = look()
        return web.json_response(seen, status=200 if seen["ready"] else 503)

    app = web.Application()
    app.router.add_get("/health", health)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise StartError(f"CITEBOT_HEALTH_PORT: {host}:{port} cannot be used ({error.strerror})") from error
    return runner
