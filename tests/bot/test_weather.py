"""A network that fails, a Discord that is busy, events that come twice, tokens that are over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.bot.bot_running import LONG_CONTEXT, Released, Scripted, at_discord, bot_at, plain
from tests.discord_server import DiscordServer

pytestmark = pytest.mark.usefixtures("papers")
CALLBACK = "POST /interactions/*/*/callback"
ORIGINAL = "PATCH /webhooks/*/*/messages/@original"
MESSAGES = "POST /channels/*/messages"


@pytest.mark.parametrize("times", [1, 2])
def test_acknowledgement_survives_errors_of_the_server(tmp_path: Path, times: int) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            server.rules.callback_seconds = 3.5  # discord.py alone would come after four
            server.weather.fail(CALLBACK, status=500, times=times)
            asked = await server.user("ada").slash("ask", question=LONG_CONTEXT)
            assert "LongLoRA" in plain(await asked.finished(timeout=30))
            assert not asked.failed

    at_discord(test)


@pytest.mark.parametrize("after", [False, True])
def test_acknowledgement_survives_a_cut_connection(tmp_path: Path, after: bool) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            server.weather.cut(CALLBACK, times=1, after=after)
            asked = await server.user("ada").slash("ask", question=LONG_CONTEXT)
            assert "LongLoRA" in plain(await asked.finished(timeout=30))

    at_discord(test, well_behaved=not after)  # the second acknowledgement is refused, as it should be


@pytest.mark.parametrize("route", [ORIGINAL, MESSAGES])
@pytest.mark.parametrize("trouble", ["500", "503", "429", "cut before", "cut after"])
def test_answer_arrives_once_in_bad_weather(tmp_path: Path, route: str, trouble: str) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            if trouble == "429":
                server.weather.rate_limit(route, seconds=0.2)
            elif trouble.startswith("cut"):
                server.weather.cut(route, times=1, after=trouble == "cut after")
            else:
                server.weather.fail(route, status=int(trouble), times=1)
            ada = server.user("ada")
            if route == ORIGINAL:
                await (await ada.slash("ask", question="one")).until("Answer to one", 30)
            else:
                asked = await ada.says(server.channel, f"{server.bot.mention} one", mentions=[server.bot])
                assert "Answer to one" in plain(await server.reply_to(asked))
                again = await ada.says(server.channel, f"{server.bot.mention} two", mentions=[server.bot])
                await server.reply_to(again)
            assert len([each for each in server.messages_of_bot() if "Answer to one" in each.text]) == 1
            assert server.weather.ignored_limits == []

    at_discord(test)


def test_answer_after_the_token_is_over_goes_to_the_channel(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada = server.user("ada")
            asked = await ada.slash("ask", question="one")
            private = await ada.slash("ask", question="two", private=True)
            await asked.acknowledged()
            await private.acknowledged()
            server.rules.token_seconds = 0.0
            script.release.set()
            assert "Answer to one" in plain(await server.next_message(server.channel, 30))
            assert "Answer to two" in plain(await server.next_message(ada.dm, 30))
            assert not any("two" in message.text for message in server.channel.messages)

    # Nothing can end the "thinking" of an interaction whose token is over; Discord ends it itself.
    at_discord(test, well_behaved=False, nobody_waits=False)


def test_interaction_that_comes_too_late_is_answered_in_the_channel(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            server.rules.callback_seconds = 0.0
            ada = server.user("ada")
            await ada.slash("ask", question="one")
            assert "Answer to one" in plain(await server.next_message(server.channel, 30))
            await ada.slash("ask", question="two", private=True)
            assert "Answer to two" in plain(await server.next_message(ada.dm, 30))

    at_discord(test, well_behaved=False)


def test_refused_gateway_is_tried_again(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        server.gateway.refuse(2)
        async with bot_at(server, tmp_path):
            asked = await server.user("ada").slash("ask", question=LONG_CONTEXT)
            assert "LongLoRA" in plain(await asked.finished(timeout=30))

    at_discord(test)


@pytest.mark.parametrize("trouble", ["drop", "cut", "reconnect", "invalid, resumable", "invalid"])
def test_lost_connection_is_taken_up_again(tmp_path: Path, trouble: str) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada = server.user("ada")
            before = await ada.slash("ask", question="before")
            await before.acknowledged()
            if trouble == "drop":
                server.gateway.drop()
            elif trouble == "cut":
                server.gateway.cut()
            elif trouble == "reconnect":
                server.gateway.reconnect()
            else:
                server.gateway.invalidate(resumable=trouble != "invalid")
            count = len(server.gateway.identifies) + server.gateway.resumes
            await server.world.changes.until(
                lambda: len(server.gateway.identifies) + server.gateway.resumes > count, 30, "another connection"
            )
            script.release.set()
            await before.until("Answer to before", 30)
            await (await ada.slash("ask", question="after")).until("Answer to after", 30)

    at_discord(test)


def test_sharded_bot_works(tmp_path: Path) -> None:
    async def run() -> None:
        async with DiscordServer() as server, bot_at(server, tmp_path, discord_shards=2):
            await server.gateway.connected(timeout=30, shards=2)
            asked = await server.user("ada").slash("ask", question=LONG_CONTEXT)
            assert "LongLoRA" in plain(await asked.finished(timeout=30))

    asyncio.run(run())
