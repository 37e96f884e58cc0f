"""The bot's life: start, connect, connect again for as long as it takes, and stop as one should."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from contextlib import AsyncExitStack, suppress
from typing import Any

import discord

from bot import log
from bot.client import CitebotClient, make_client, point_at
from bot.collection import Collection
from bot.cooldown import CoolDown
from bot.errors import StartError
from bot.health import health_of, serve_health
from bot.pipeline import Pipeline
from bot.services import Services
from bot.settings import BotSettings
from bot.store import Store

GRACE_SECONDS = 7.0  # for the questions that are open; with what follows, less than ten
APOLOGY_SECONDS = 1.5
CLOSE_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 60.0
_STEADY_SECONDS = 60.0  # a connection that lasted so long was good; the pauses start anew
_CLEANING_SECONDS = 3_600.0
_WRONG_TOKEN, _SHARDING_NEEDED, _WRONG_INTENTS = 4004, 4011, (4013, 4014)


class Bot:
    """The bot from start to end, in whatever connections it takes."""

    def __init__(self, settings: BotSettings, collection: Collection | None = None) -> None:
        """Run as `settings` say, on `collection` instead of rag's library if one is given."""
        self._settings = settings
        self._collection = collection
        self._stop = asyncio.Event()
        self._client: CitebotClient | None = None
        self._sharded = False
        self.services: Services | None = None

    def stop(self) -> None:
        """Take no more questions, finish those that are open, and end."""
        log.note("stopping")
        self._stop.set()

    async def run(self) -> None:
        """Run until `stop`; raises CitebotError where it cannot."""
        async with AsyncExitStack() as stack:
            services = self.services = await self._open(stack)
            tasks = [
                asyncio.create_task(services.collection.load()),
                asyncio.create_task(self._stay_connected(services)),
                asyncio.create_task(_clean(services)),
                asyncio.create_task(self._stop.wait()),
            ]
            try:
                await _first_to_fail_or(tasks[-1], tasks)
            finally:
                await services.open_work.close(grace=GRACE_SECONDS, apologies=APOLOGY_SECONDS)
                if self._client is not None:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._client.close(), CLOSE_SECONDS)
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        log.note("stopped-well")

    async def _open(self, stack: AsyncExitStack) -> Services:
        """Return the bot's parts; they are closed with the stack."""
        settings = self._settings
        store = await Store.open(settings.discord_store, settings.discord_keep_days)
        stack.push_async_callback(store.close)
        collection = self._collection or Collection()
        stack.push_async_callback(collection.close)
        services = Services(
            settings=settings,
            store=store,
            collection=collection,
            pipeline=Pipeline(
                workers=settings.discord_workers, queue=settings.discord_queue, time_limit=settings.discord_time_limit
            ),
            by_user=CoolDown(settings.discord_user_questions),
            by_channel=CoolDown(settings.discord_channel_questions),
            channels=await store.channels(),
        )
        if settings.health_port is not None:
            runner = await serve_health(lambda: self.health(services), settings.health_host, settings.health_port)
            stack.push_async_callback(runner.cleanup)
        return services

    def health(self, services: Services) -> dict[str, Any]:
        """Return what the health endpoint tells."""
        client = self._client
        connected = client is not None and client.is_ready() and not client.is_closed() and not self._stop.is_set()
        return health_of(
            services, connected=connected, latency=client.latency if client and connected else float("nan")
        )

    async def _stay_connected(self, services: Services) -> None:
        """Connect, and again after whatever breaks the connection; raises StartError where that is of no use."""
        point_at(self._settings)
        pause = _FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            self._client = make_client(services, sharded=self._sharded)
            try:
                async with self._client as client:
                    await client.start(self._settings.token.get_secret_value())
                error: Exception | None = None
            except Exception as failed:
                error = failed
            if self._stop.is_set():
                return
            if error is not None:
                self._judge(error)
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            seconds = random.uniform(pause / 2, pause)
            log.note("connecting-again", after=seconds, error=_root_of(error))
            await asyncio.sleep(seconds)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _judge(self, error: Exception) -> None:
        """Raise StartError for what no other try would mend, and take note of what the next try must do otherwise."""
        if isinstance(error, discord.LoginFailure):
            raise StartError(
                "DISCORD_TOKEN: Discord does not know this token; copy it anew from the developer portal"
            ) from error
        if isinstance(error, discord.PrivilegedIntentsRequired):
            raise StartError(
                "Discord refuses the bot's intents, though none is privileged; see its portal page"
            ) from error
        if isinstance(error, discord.ConnectionClosed):
            if error.code == _WRONG_TOKEN:
                raise StartError("DISCORD_TOKEN: Discord no longer takes this token; was it reset?") from error
            if error.code in _WRONG_INTENTS:
                raise StartError("Discord refuses the bot's intents; see the bot's page in its portal") from error
            self._sharded = self._sharded or error.code == _SHARDING_NEEDED


def _root_of(error: BaseException | None) -> str | None:
    """Return the kind of the error at the bottom: discord.py 2.7.1 hides a refused gateway behind an AttributeError."""
    if error is None:
        return None
    while isinstance(error, AttributeError) and error.__context__ is not None:
        error = error.__context__
    return type(error).__name__


async def _first_to_fail_or(end: asyncio.Task[Any], tasks: list[asyncio.Task[Any]]) -> None:
    """Wait for `end`; raise the error of any task that fails before."""
    waiting = set(tasks)
    while not end.done():
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _clean(services: Services) -> None:
    """Delete what is older than the retention time, now and every hour."""
    while True:
        deleted = await services.store.delete_old()
        if deleted:
            log.note("deleted-old", answers=deleted)
        await asyncio.sleep(_CLEANING_SECONDS)


async def run(settings: BotSettings) -> None:
    """Run the bot until SIGTERM or SIGINT."""
    bot = Bot(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, bot.stop)
    await bot.run()
