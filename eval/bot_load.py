"""Load the bot, running as its own process, and print what becomes of it: `python -m eval.bot_load`.

Against the Discord of tests/discord_server: many questions at once, the gateway dropped at random moments, SIGTERM
under load, and how soon it is ready and answers. `--only` chooses one of these.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
from rich.console import Console

from tests.discord_server import DiscordServer, Interaction, Person, Rules

QUESTIONS = (
    "How far does LongLoRA stretch the context?",
    "How much GPU memory does MixLoRA save?",
    "What is FreeNoise about?",
    "Which papers extend LoRA?",
    "Which optimiser does FedKSeed use?",
    "MeZO vs LISA: what does each claim about memory?",
    "What is the capital of France?",
)
_PATIENCE_SECONDS = 300.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
console = Console()


class Part(StrEnum):
    """What can be measured alone."""

    load = "load"
    drops = "drops"
    stops = "stops"
    start = "start"


@asynccontextmanager
async def running_bot(
    server: DiscordServer, folder: Path, health_port: int = 0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the bot as a user does; its log goes to `bot.log` in the folder; it is stopped at the end."""
    environment = {
        **os.environ,
        "DISCORD_TOKEN": server.token,
        "CITEBOT_DISCORD_API": server.api_url,
        "CITEBOT_DISCORD_GATEWAY": server.gateway_url,
        "CITEBOT_DISCORD_STORE": str(folder / "bot.sqlite3"),
        **({"CITEBOT_HEALTH_PORT": str(health_port)} if health_port else {}),
    }
    with (folder / "bot.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", env=environment, stderr=log)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def resident(process: asyncio.subprocess.Process) -> float:
    """Return the memory of a process, in MB."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE_BYTES / 1e6


async def ask(person: Person, number: int) -> Interaction:
    """Ask one of the questions."""
    return await person.slash("ask", question=QUESTIONS[number % len(QUESTIONS)])


async def settled(asked: list[Interaction]) -> tuple[int, int]:
    """Wait for all answers; return how many were acknowledged and how many answered."""
    for each in asked:
        try:
            await each.finished(timeout=_PATIENCE_SECONDS)
        except Exception as error:
            console.print(f"  {each}: {type(error).__name__}", markup=False)
    acknowledged = [each for each in asked if each.acknowledged_after is not None]
    answered = [each for each in acknowledged if each.response is not None and each.response.embeds]
    return len(acknowledged), len(answered)


def report_rules(server: DiscordServer) -> None:
    """Print which of Discord's rules were broken."""
    console.print(
        f"  refused by the server {len(server.refusals)}, without allowed_mentions {len(server.violations)}, "
        f"pings {len(server.pings())}, left thinking {len(server.thinking())}, failed {len(server.failed())}"
    )


async def measure_load(folder: Path, questions: int, users: int, seconds: float, more: int) -> None:
    """Ask many questions within some seconds, then go on asking, and look at the memory."""
    async with DiscordServer(Rules(heartbeat_seconds=1.0)) as server, running_bot(server, folder) as bot:
        await server.gateway.connected(timeout=_PATIENCE_SECONDS)
        people = [server.user(f"user{number}") for number in range(users)]
        asked = []
        began = time.monotonic()
        for number in range(questions):
            await asyncio.sleep(max(0.0, began + number * seconds / questions - time.monotonic()))
            asked.append(await ask(people[number % users], number))
        acknowledged, answered = await settled(asked)
        slowest = max(each.acknowledged_after or 0.0 for each in asked)
        console.print(
            f"{questions} questions within {seconds:g} s from {users} users: {acknowledged} acknowledged (slowest "
            f"{slowest * 1000:.0f} ms), {answered} answered after {time.monotonic() - began:.1f} s"
        )
        first = resident(bot)
        console.print(f"  memory after {questions} questions: {first:.0f} MB")
        done = questions
        # As many as people may ask: whoever has to wait a minute waits it.
        others = [server.user(f"other{number}") for number in range(more // 8 + 1)]
        channels = [server.guild.channel(f"channel{number}") for number in range(more // 200 + 1)]
        while done < more:
            batch = []
            for number in range(done, min(done + 40, more)):
                where = channels[number // 200]
                question = QUESTIONS[number % len(QUESTIONS)]
                batch.append(await others[number // 8].slash("ask", where=where, question=question))
            got = await settled(batch)
            answered += got[1]
            done += len(batch)
        last = resident(bot)
        console.print(
            f"  memory after {done} questions: {last:.0f} MB ({(last / first - 1) * 100:+.1f} %), {answered} answered"
        )
        late = max((beat.late_by for beat in server.gateway.heartbeats), default=float("nan"))
        console.print(
            f"  heartbeats {len(server.gateway.heartbeats)}, each a second: the latest {late * 1000:.0f} ms late"
        )
        report_rules(server)


async def measure_drops(folder: Path, questions: int, drops: int, moments: random.Random) -> None:
    """Drop the gateway at random moments while questions are asked; what is missed is given again on RESUME."""
    async with DiscordServer() as server, running_bot(server, folder):
        await server.gateway.connected(timeout=_PATIENCE_SECONDS)
        people = [server.user(f"user{number}") for number in range(50)]
        span = 60.0

        async def drop() -> None:
            times = sorted(moments.uniform(0, span) for _ in range(drops))
            began = time.monotonic()
            for at in times:
                await asyncio.sleep(max(0.0, began + at - time.monotonic()))
                server.gateway.redeliver(last=1, names=("MESSAGE_CREATE", "INTERACTION_CREATE"))
                moments.choice((server.gateway.drop, server.gateway.cut, server.gateway.reconnect))()

        dropping = asyncio.create_task(drop())
        by_command, by_mention = [], []
        for number in range(questions):
            await asyncio.sleep(span / questions)
            person = people[number % len(people)]
            if number % 2:
                by_command.append(await ask(person, number))
            else:
                text = f"{server.bot.mention} {QUESTIONS[number % len(QUESTIONS)]} ({number})"
                by_mention.append(await person.says(server.channel, text, mentions=[server.bot]))
        await dropping
        lost = 0
        for message in by_mention:
            try:
                await server.reply_to(message, timeout=60)
            except TimeoutError:
                lost += 1
        unanswered = 0
        for each in by_command:
            try:
                await each.finished(timeout=30)
            except Exception:  # not acknowledged in its three seconds: answered as a message in the channel
                unanswered += 1
        replies: dict[int, int] = {}
        in_channel = 0
        for message in server.channel.messages:
            if message.author is server.bot:
                if message.reply_to is not None:
                    replies[message.reply_to.id] = replies.get(message.reply_to.id, 0) + 1
                in_channel += message.content.startswith("-# for ")
        doubled = sum(count > 1 for count in replies.values())
        console.print(
            f"{drops} drops during {questions} questions ({server.gateway.resumes} resumed, "
            f"{len(server.gateway.identifies)} identified): mentions lost {lost}, doubled {doubled}; "
            f"of {len(by_command)} commands {unanswered} came too late for their three seconds, and {in_channel} of "
            "these were answered in the channel"
        )
        report_rules(server)


async def measure_stops(folder: Path, rounds: int, moments: random.Random) -> None:
    """Send SIGTERM under load, at random moments."""
    for number in range(1, rounds + 1):
        async with DiscordServer() as server, running_bot(server, folder) as bot:
            await server.gateway.connected(timeout=_PATIENCE_SECONDS)
            asked = [await ask(server.user(f"user{place}"), place) for place in range(40)]
            await asyncio.sleep(moments.uniform(0.0, 3.0))
            began = time.monotonic()
            bot.send_signal(signal.SIGTERM)
            late = [await ask(server.user(f"late{place}"), place) for place in range(5)]
            status = await bot.wait()
            answered = sum(bool(each.response and each.response.embeds) for each in asked)
            told = sum(bool(each.response and not each.response.embeds) for each in asked + late)
            console.print(
                f"SIGTERM {number}: exit {status} after {time.monotonic() - began:.1f} s, {answered} of 40 answered, "
                f"{told} told to ask again, left thinking {len(server.thinking())}"
            )


async def measure_start(folder: Path, questions: int, health_port: int) -> None:
    """Start the bot; see when it is ready, and how long one question at a time takes."""
    async with DiscordServer() as server:
        began = time.monotonic()
        async with running_bot(server, folder, health_port) as bot, aiohttp.ClientSession() as session:
            ready = None
            while ready is None and bot.returncode is None:
                try:
                    async with session.get(f"http://127.0.0.1:{health_port}/health") as response:
                        seen = await response.json()
                        ready = time.monotonic() - began if response.status == 200 else None
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.02)
            console.print(f"ready {ready:.1f} s after the start, with {seen['papers']} papers")
            seconds = []
            for number in range(questions):
                person = server.user(f"user{number}")
                sent = time.monotonic()
                asked = await ask(person, number)
                message = await asked.finished(timeout=_PATIENCE_SECONDS)
                if message is not None:
                    seconds.append(time.monotonic() - sent)
            seconds.sort()
            console.print(
                f"/ask, one after the other, {len(seconds)} times: p50 {statistics.median(seconds) * 1000:.0f} ms, "
                f"p95 {seconds[int(len(seconds) * 0.95)] * 1000:.0f} ms, most {seconds[-1] * 1000:.0f} ms"
            )
            report_rules(server)


def main(
    only: Annotated[Part | None, typer.Option(help="Measure this alone.")] = None,
    questions: Annotated[int, typer.Option(help="Questions at once.")] = 200,
    users: Annotated[int, typer.Option(help="Who ask them.")] = 50,
    seconds: Annotated[float, typer.Option(help="Within so many seconds.")] = 10.0,
    more: Annotated[int, typer.Option(help="Then go on to so many questions.")] = 2_000,
    drops: Annotated[int, typer.Option(help="Gateway drops.")] = 50,
    rounds: Annotated[int, typer.Option(help="Rounds of SIGTERM.")] = 10,
    seed: Annotated[int, typer.Option(help="Makes the moments repeatable.")] = 1,
    health_port: Annotated[int, typer.Option(help="A free port.")] = 18_734,
) -> None:
    """Print what becomes of the bot under load."""
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            if only in (None, Part.start):
                asyncio.run(measure_start(folder, 100, health_port))
            if only in (None, Part.load):
                asyncio.run(measure_load(folder, questions, users, seconds, more))
            if only in (None, Part.drops):
                asyncio.run(measure_drops(folder, 200, drops, moments))
            if only in (None, Part.stops):
                asyncio.run(measure_stops(folder, rounds, moments))
        finally:
            log = (folder / "bot.log").read_text(encoding="utf-8").splitlines()
            errors = [line for line in log if " ERROR " in line]
            console.print(f"errors in the bot's log: {len(errors)}")
            for line in errors[:5]:
                console.print(f"  {line[:200]} ... {line[-200:]}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
