"""The bot in the tests' own process, connected to the Discord of tests/discord_server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.collection import Collection
from bot.running import Bot
from bot.settings import BotSettings
from rag.answers import Answer, Citation, Turn
from tests.discord_server import DiscordServer, Message, Rules

PATIENCE_SECONDS = 30.0
LONG_CONTEXT = "How far does LongLoRA stretch the context?"


def bot_settings(server: DiscordServer, folder: Path, **changes: object) -> BotSettings:
    """Return the settings of a bot that connects to the server and keeps its store in the folder."""
    fields: dict = {
        "DISCORD_TOKEN": server.token,
        "discord_api": server.api_url,
        "discord_gateway": server.gateway_url,
        "discord_store": folder / "bot.sqlite3",
    }
    return BotSettings(**(fields | changes))


@asynccontextmanager
async def bot_at(
    server: DiscordServer,
    folder: Path,
    collection: Collection | None = None,
    *,
    open_papers: bool = True,
    **changes: object,
) -> AsyncIterator[Bot]:
    """Run the bot until the end of the block; it must end well. `open_papers`: wait until it has its papers."""
    with server.in_place_of_discord():
        bot = Bot(bot_settings(server, folder, **changes), collection)
        running = asyncio.create_task(bot.run())
        connected = asyncio.create_task(server.gateway.connected(timeout=PATIENCE_SECONDS))
        await asyncio.wait([running, connected], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            connected.cancel()
            await running
        await connected
        assert bot.services is not None
        if open_papers:
            await asyncio.wait_for(bot.services.collection.loaded(), PATIENCE_SECONDS)
        try:
            yield bot
        finally:
            bot.stop()
            await asyncio.wait_for(running, PATIENCE_SECONDS)


def at_discord(
    test: Callable[[DiscordServer], Awaitable[None]], *, well_behaved: bool = True, nobody_waits: bool = True
) -> None:
    """Run a test against a server of its own; at the end the bot must have broken none of Discord's rules.

    The server waits longer than Discord for an acknowledgement: a busy machine is not what is tested.
    """

    async def run() -> None:
        async with DiscordServer(Rules(callback_seconds=PATIENCE_SECONDS)) as server:
            await test(server)
            assert server.pings() == []
            assert server.violations == []
            if nobody_waits:
                assert server.thinking() == []
            if well_behaved:
                assert server.refusals == []

    asyncio.run(run())


class Scripted(Collection):
    """Answers as a test says, from the real library otherwise. `script` is called for each question."""

    def __init__(self, script: Callable[[str, Sequence[Turn]], AsyncIterator[Answer]]) -> None:
        super().__init__()
        self._script = script

    async def astream(self, question: str, history: Sequence[Turn] = ()) -> AsyncGenerator[Answer, None]:
        async for answer in self._script(question, history):
            yield answer


class Released:
    """A script whose answers wait until they are let go; it remembers what was asked."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.asked: list[str] = []
        self.histories: list[list[Turn]] = []
        self._begun = asyncio.Condition()

    async def begun(self, count: int) -> None:
        """Wait until so many questions have had their turn."""
        async with self._begun:
            await asyncio.wait_for(self._begun.wait_for(lambda: len(self.asked) >= count), PATIENCE_SECONDS)

    async def __call__(self, question: str, history: Sequence[Turn]) -> AsyncIterator[Answer]:
        self.asked.append(question)
        self.histories.append(list(history))
        async with self._begun:
            self._begun.notify_all()
        await self.release.wait()
        yield plain_answer(f"Answer to {question}")


def plain_answer(text: str, **changes: object) -> Answer:
    """Return an answer without citations."""
    fields: dict = {"text": text, "status": "answered", "kind": "count"}
    return Answer(**(fields | changes))


def cited_answer(*claims: tuple[str, str], **changes: object) -> Answer:
    """Return an answer that makes claims: (words, paper id), each with a mark of its own."""
    citations = tuple(
        Citation(mark, paper, f"Title of {paper}", f"https://papers.example/{paper}", words, (f"{paper}.s1",))
        for mark, (words, paper) in enumerate(claims, start=1)
    )
    text = " ".join(f"{words} [{mark}]" for mark, (words, _) in enumerate(claims, start=1))
    fields: dict = {"text": text, "status": "answered", "kind": "fact", "citations": citations}
    return Answer(**(fields | changes))


def button_of(message: Message, number: int = 0) -> str:
    """Return the custom id of a message's button."""
    custom_id = message.buttons[number].custom_id
    assert custom_id is not None
    return custom_id


def plain(message: Message | str | None) -> str:
    """Return the words of a message as a reader sees them, without what makes them inert."""
    assert message is not None
    return (message if isinstance(message, str) else message.text).replace("\\", "").replace("\u200b", "")
