"""The bot as its own process, started as a user starts it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.discord_server import DiscordServer

CITEBOT_BOT = (str(Path(sys.executable).parent / "citebot-bot"),)
PATIENCE_SECONDS = 60.0


class BotProcess:
    """A running `citebot-bot`, with what it has logged so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return "".join(self._lines)

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._lines.append(line.decode())

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait until the process ends and return its exit status."""
        status = await asyncio.wait_for(self._process.wait(), PATIENCE_SECONDS)
        await self._reading
        return status

    def kill(self) -> None:
        """End the process at once, if it is there."""
        if self._process.returncode is None:
            self._process.kill()


def variables(server: DiscordServer, folder: Path, **changes: str) -> dict[str, str]:
    """Return the environment of a bot that connects to the server and keeps its store in the folder."""
    return {
        **os.environ,
        "DISCORD_TOKEN": server.token,
        "CITEBOT_DISCORD_API": server.api_url,
        "CITEBOT_DISCORD_GATEWAY": server.gateway_url,
        "CITEBOT_DISCORD_STORE": str(folder / "bot.sqlite3"),
        **changes,
    }


@asynccontextmanager
async def launched(environment: dict[str, str], *arguments: str) -> AsyncIterator[BotProcess]:
    """Start `citebot-bot`; it is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *CITEBOT_BOT, *arguments, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    bot = BotProcess(process)
    try:
        yield bot
    finally:
        bot.kill()
        await bot.ended()


@asynccontextmanager
async def bot_process(server: DiscordServer, folder: Path, **changes: str) -> AsyncIterator[BotProcess]:
    """Run `citebot-bot` connected to the server; it must end well on SIGTERM."""
    async with launched(variables(server, folder, **changes)) as bot:
        connected = asyncio.create_task(server.gateway.connected(timeout=PATIENCE_SECONDS))
        ended = asyncio.create_task(bot.ended())
        await asyncio.wait([connected, ended], return_when=asyncio.FIRST_COMPLETED)
        assert not ended.done(), bot.log
        await connected
        yield bot
        if not ended.done():
            bot.signal(signal.SIGTERM)
        assert await ended == 0, bot.log
