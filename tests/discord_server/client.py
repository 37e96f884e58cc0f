"""A small bot, run by the real discord.py, that tries the test server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
from discord.ext import commands

from tests.discord_server import DiscordServer
from tests.discord_server.changes import Changes

INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


class Hearing(commands.bot.BotBase):
    """What a bot has heard, and what it does about it. Waits nowhere for longer than it must."""

    def __init__(self, **options: Any) -> None:
        """Ping nobody, and be ready as soon as the guilds are there, unless the options say otherwise."""
        none = discord.AllowedMentions.none()
        super().__init__("!", **{"intents": INTENTS, "allowed_mentions": none, "guild_ready_timeout": 0.0, **options})
        self.heard: list[discord.Message] = []
        self.changes = Changes()
        self.answer: Callable[[discord.Message], Awaitable[object]] | None = None

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once; discord.py would wait for 5 s."""

    async def on_ready(self) -> None:
        """Tell those who wait for it."""
        self.changes()

    async def on_message(self, message: discord.Message) -> None:
        """Note what somebody says, and answer."""
        if message.author.bot:
            return
        self.heard.append(message)
        self.changes()
        if self.answer is not None:
            await self.answer(message)

    async def on_guild_channel_update(self, before: object, after: object) -> None:
        """Tell those who wait for it: what a channel allows is told on another connection than answers are."""
        self.changes()

    async def hears(self, times: int) -> list[discord.Message]:
        """Wait until so many messages were heard; return them."""
        await self.changes.until(lambda: len(self.heard) >= times, 20, f"{times} messages")
        return self.heard


class Bot(Hearing, commands.Bot):
    """A bot with one connection."""


class ShardedBot(Hearing, commands.AutoShardedBot):
    """A bot with as many connections as the server says."""


@asynccontextmanager
async def connected(bot: Bot | ShardedBot, server: DiscordServer) -> AsyncIterator[discord.TextChannel]:
    """Run a bot until the block ends; in it the bot is ready. Yields the server's first channel as the bot sees it."""
    with server.in_place_of_discord():
        running = asyncio.create_task(bot.start(server.token))
        running.add_done_callback(lambda task: bot.changes())
        try:
            await bot.changes.until(lambda: running.done() or bot.is_ready(), 20, "the bot to get ready")
            if running.done():
                running.result()
            channel = bot.get_channel(server.channel.id)
            assert isinstance(channel, discord.TextChannel)
            yield channel
        finally:
            await bot.close()
            running.cancel()
            with suppress(asyncio.CancelledError, discord.DiscordException):
                await running


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test."""

    async def whole() -> None:
        async with asyncio.timeout(60):
            await test()

    asyncio.run(whole())
