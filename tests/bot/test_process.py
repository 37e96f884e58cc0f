"""`citebot-bot` as its own process, as a user starts it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.bot.bot_process import CITEBOT_BOT, bot_process, launched, variables
from tests.bot.bot_running import LONG_CONTEXT, at_discord, button_of, plain
from tests.discord_server import DiscordServer, Permission, Upload
from tests.made_up import gadget

pytestmark = pytest.mark.usefixtures("papers")


def test_everything_that_people_can_do_before_and_after_a_restart(tmp_path: Path) -> None:
    paper = gadget(3)
    line = json.dumps({"title": paper.title, "abstract": paper.abstract}).encode()

    async def test(server: DiscordServer) -> None:
        ada, root = server.user("ada"), server.user("root", Permission.MANAGE_GUILD)
        admins = {"CITEBOT_DISCORD_ADMINS": f"{root.id}"}
        async with bot_process(server, tmp_path, **admins):
            answer = await (await ada.slash("ask", question=LONG_CONTEXT)).finished(timeout=60)
            assert answer is not None
            listed = await (await ada.slash("papers")).finished(timeout=60)
            assert listed is not None
            await (await ada.slash("paper", name="LongLoRA")).finished(timeout=60)
            await (await ada.slash("compare", a="LongLoRA", b="MixLoRA")).finished(timeout=60)
            await (await ada.slash("about")).finished(timeout=60)
            await (await root.slash("admin status")).finished(timeout=60)
            await (await root.slash("admin add", file=Upload("one.jsonl", line))).until("1 added", 60)
            mention = await ada.says(server.channel, f"{server.bot.mention} {LONG_CONTEXT}", mentions=[server.bot])
            first = await server.reply_to(mention)
            assert "LongLoRA" in plain(first)
            assert "LongLoRA" in plain(await server.reply_to(await ada.says(ada.dm, LONG_CONTEXT)))
            await (await ada.clicks(answer, "Follow up in a thread")).finished(timeout=60)
            thread = await server.thread_of(answer)
        async with bot_process(server, tmp_path, **admins):
            assert "LongLoRA" in plain(await (await ada.clicks(answer, button_of(answer))).finished(timeout=60))
            assert "Thank you" in plain(await (await ada.clicks(answer, "👎")).finished(timeout=60))
            await ada.clicks(listed, "▶")
            await listed.until("page 2", timeout=60)
            follow_up = await ada.says(server.channel, "On how many GPUs?", reply_to=first)
            assert "LongLoRA" in plain(await server.reply_to(follow_up))
            in_thread = await ada.says(thread, f"{server.bot.mention} On how many GPUs?", mentions=[server.bot])
            assert "LongLoRA" in plain(await server.reply_to(in_thread))
            asked = await ada.slash("ask", question="How many marbles does Gadget3 sort a minute?")
            assert "1003 marbles" in plain(await asked.finished(timeout=60))
            assert "Done" in plain(await (await ada.slash("forget")).finished(timeout=60))
        assert len(server.syncs) == 1

    at_discord(test)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_well(tmp_path: Path, number: int) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_process(server, tmp_path) as bot:
            asked = [
                await server.user(f"user{place}").slash("ask", question="What are the main themes?")
                for place in range(10)
            ]
            for each in asked:
                await each.acknowledged()
            bot.signal(number)
            assert await bot.ended() == 0
            for each in asked:
                assert each.response is not None
                assert each.response.text
            assert " ERROR " not in bot.log, bot.log

    at_discord(test)


def test_stopped_while_it_starts_it_ends_well(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        server.gateway.refuse(1_000)
        async with launched(variables(server, tmp_path)) as bot:
            await server.call("GET /users/@me")
            bot.signal(signal.SIGTERM)
            assert await bot.ended() == 0

    at_discord(test)


def test_log_has_a_line_an_event_and_no_secrets(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_process(server, tmp_path, CITEBOT_LOG_LEVEL="DEBUG") as bot:
            server.weather.fail("PATCH /webhooks/*/*/messages/@original", status=404, times=1)
            failed = await server.user("ada").slash("ask", question=LONG_CONTEXT)
            await failed.acknowledged()
            answered = await server.user("ada").slash("ask", question=LONG_CONTEXT)
            await answered.finished(timeout=60)
        assert server.token not in bot.log
        assert LONG_CONTEXT not in "".join(line for line in bot.log.splitlines() if " citebot.bot " in line)
        for interaction in server.interactions:
            assert interaction.token not in bot.log
        for line in bot.log.splitlines():
            assert line[:4].isdigit(), line

    at_discord(test, well_behaved=False, nobody_waits=False)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DISCORD_TOKEN": ""}, "DISCORD_TOKEN"),
        ({"DISCORD_TOKEN": "wrong"}, "DISCORD_TOKEN"),
        ({"CITEBOT_DISCORD_KEEP_DAYS": "never"}, "CITEBOT_DISCORD_KEEP_DAYS"),
        ({"CITEBOT_DISCORD_ADMINS": "root"}, "CITEBOT_DISCORD_ADMINS"),
        ({"CITEBOT_DISCORD_STORE": "/dev/null/store"}, "CITEBOT_DISCORD_STORE"),
        ({"CITEBOT_LIBRARY": "/nowhere"}, "/nowhere"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_setting(tmp_path: Path, changes: dict[str, str], named: str) -> None:
    async def test(server: DiscordServer) -> None:
        async with launched(variables(server, tmp_path) | changes) as bot:
            assert await bot.ended() == 2
            last = bot.log.splitlines()[-1]
            assert last.startswith("citebot-bot: ")
            assert named in last
            assert "Traceback" not in bot.log

    at_discord(test, well_behaved=False)


def test_check_says_what_is_set_up_and_what_is_missing(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        environment = variables(server, tmp_path)
        done = await asyncio.to_thread(check, environment)
        assert done.returncode == 0, done.stdout
        assert "134 papers" in done.stdout
        assert "permissions=" in done.stdout
        assert server.token not in done.stdout + done.stderr
        assert server.syncs == []
        done = await asyncio.to_thread(check, environment | {"DISCORD_TOKEN": ""})
        assert done.returncode == 1
        assert "✗ DISCORD_TOKEN" in done.stdout
        done = await asyncio.to_thread(check, environment | {"DISCORD_TOKEN": "wrong"})
        assert done.returncode == 1
        assert "✗ DISCORD_TOKEN" in done.stdout

    at_discord(test, well_behaved=False)


def check(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `citebot-bot --check`."""
    return subprocess.run(
        [*CITEBOT_BOT, "--check"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_health_endpoint_tells_how_it_is(tmp_path: Path, unused_port: int) -> None:
    async def test(server: DiscordServer) -> None:
        address = f"http://127.0.0.1:{unused_port}/health"
        async with bot_process(server, tmp_path, CITEBOT_HEALTH_PORT=str(unused_port)) as bot:
            await (await server.user("ada").slash("ask", question=LONG_CONTEXT)).finished(timeout=60)
            async with aiohttp.ClientSession() as session:
                while True:  # ready is said two seconds after the last server
                    async with session.get(address) as response:
                        seen = await response.json()
                        if response.status == 200:
                            break
                        assert response.status == 503
                        assert not seen["ready"]
                    await asyncio.sleep(0.1)
            assert seen["ready"]
            assert seen["papers"] == 134
            assert seen["answered"] == 1
            assert seen["queue"] == 0
            async with launched(variables(server, tmp_path / "other", CITEBOT_HEALTH_PORT=str(unused_port))) as second:
                assert await second.ended() == 2
                assert "CITEBOT_HEALTH_PORT" in second.log
            os.kill(bot.pid, 0)

    at_discord(test)


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    done = subprocess.run([*CITEBOT_BOT, "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "--check" in done.stdout
    wrong = subprocess.run([*CITEBOT_BOT, "--chekc"], capture_output=True, text=True, timeout=60, check=False)
    assert wrong.returncode == 2
    assert len(wrong.stderr.splitlines()) == 1
