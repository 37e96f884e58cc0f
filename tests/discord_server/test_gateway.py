"""The test server's gateway, with a real discord.py client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from tests.discord_server import TOKEN, DiscordServer, Intent, Rules
from tests.discord_server.client import INTENTS, Bot, ShardedBot, connected, run


async def resumed(server: DiscordServer, times: int) -> None:
    """Wait until the bot has resumed so many times."""
    await server.world.changes.until(lambda: server.gateway.resumes == times, 10, "a resume")


def test_after_a_drop_the_bot_resumes_and_hears_what_it_missed() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server):
            ada = server.user("ada")
            for number, drop in enumerate([server.gateway.drop, server.gateway.cut, server.gateway.reconnect]):
                await ada.says(ada.dm, f"before {number}")
                drop()
                await ada.says(ada.dm, f"after {number}")
                await bot.hears(2 * number + 2)
                await resumed(server, number + 1)
            heard = [message.content for message in bot.heard]
            assert heard == ["before 0", "after 0", "before 1", "after 1", "before 2", "after 2"]
            assert len(server.gateway.identifies) == 1

    run(test)


def test_no_message_is_lost_or_doubled_however_often_the_line_breaks() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server):
            ada = server.user("ada")
            for number in range(60):
                await ada.says(ada.dm, str(number))
                if number % 3 == 0:
                    await server.gateway.connected()
                    (server.gateway.cut if number % 2 else server.gateway.drop)()
            heard = [int(message.content) for message in await bot.hears(60)]
            assert heard == list(range(60))

    run(test)


def test_while_the_server_is_away_nothing_is_lost() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server):
            ada = server.user("ada")
            await server.stop()
            await ada.says(ada.dm, "Are you there?")
            await server.start()
            assert [message.content for message in await bot.hears(1)] == ["Are you there?"]

    run(test)


def test_after_an_invalid_session_the_bot_identifies_again_or_resumes() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server):
            server.gateway.invalidate(resumable=True)
            await resumed(server, 1)
            server.gateway.invalidate(resumable=False)
            await server.world.changes.until(lambda: len(server.gateway.identifies) == 2, 10, "an identify")
            server.gateway.forget_sessions()
            server.gateway.drop()
            await server.world.changes.until(lambda: len(server.gateway.identifies) == 3, 10, "an identify")
            await server.gateway.connected()
            await server.user("ada").says(server.user("ada").dm, "Hello")
            assert [message.content for message in await bot.hears(1)] == ["Hello"]

    run(test)


def test_events_are_delivered_again_on_command() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server):
            ada = server.user("ada")
            for text in ("one", "two"):
                await ada.says(ada.dm, text)
            await bot.hears(2)
            server.gateway.redeliver(last=1)
            server.gateway.drop()
            await ada.says(ada.dm, "three")
            heard = await bot.hears(4)
            assert [message.content for message in heard] == ["one", "two", "two", "three"]
            assert heard[1].id == heard[2].id

    run(test)


def test_privileged_intents_and_wrong_tokens_are_refused() -> None:
    async def test() -> None:
        curious = discord.Intents(INTENTS.value)
        curious.message_content = True
        async with DiscordServer() as server:
            with pytest.raises(discord.PrivilegedIntentsRequired):
                async with connected(Bot(intents=curious), server):
                    pass
            token, server.token = server.token, "wrong"
            with pytest.raises(discord.LoginFailure):
                async with connected(Bot(), server):
                    pass
            server.token = token
            server.rules.privileged = Intent.MESSAGE_CONTENT
            bot = Bot(intents=curious)
            async with connected(bot, server):
                await server.user("ada").says(server.channel, "to nobody")
                assert [message.content for message in await bot.hears(1)] == ["to nobody"]

    run(test)


def test_heartbeats_are_timed_and_a_bot_without_answers_reconnects() -> None:
    async def test() -> None:
        rules = Rules(heartbeat_seconds=0.25)
        async with DiscordServer(rules) as server, connected(Bot(heartbeat_timeout=1.0), server):
            await server.world.changes.until(lambda: len(server.gateway.heartbeats) >= 3, 10, "heartbeats")
            late_by = [heartbeat.late_by for heartbeat in server.gateway.heartbeats]
            assert max(late_by) == server.gateway.latest_heartbeat
            server.gateway.answers_heartbeats = False
            await resumed(server, 1)

    run(test)


@asynccontextmanager
async def socket_to(server: DiscordServer) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Connect to the gateway without discord.py, and wait for its greeting."""
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == 10
        yield socket


def test_a_bot_that_never_beats_is_disconnected() -> None:
    async def test() -> None:
        async with DiscordServer(Rules(heartbeat_seconds=0.05)) as server, socket_to(server) as socket:
            await socket.receive()
            assert socket.close_code == 4009

    run(test)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 1}}, 4004),
        ({"op": 2, "d": {"token": TOKEN, "intents": 1, "shard": [2, 2]}}, 4010),
        ({"op": 6, "d": {"token": "wrong", "session_id": "none", "seq": 1}}, 4004),
        ({"op": 8, "d": {}}, 4003),
    ],
)
def test_what_the_gateway_does_not_take_closes_the_connection(frame: dict[str, Any], code: int) -> None:
    async def test() -> None:
        async with DiscordServer() as server, socket_to(server) as socket:
            await socket.send_json(frame)
            await socket.receive()
            assert socket.close_code == code

    run(test)


def test_who_claims_to_have_heard_what_was_not_said_loses_the_session() -> None:
    async def test() -> None:
        async with DiscordServer() as server:
            async with socket_to(server) as socket:
                await socket.send_json({"op": 2, "d": {"token": TOKEN, "intents": 1}})
                session_id = (await socket.receive_json())["d"]["session_id"]
                await socket.close(code=4000)
            resume = {"op": 6, "d": {"token": TOKEN, "session_id": session_id, "seq": 99}}
            async with socket_to(server) as socket:
                await socket.send_json(resume)
                await socket.receive()
                assert socket.close_code == 4007
            async with socket_to(server) as socket:
                await socket.send_json(resume)
                assert await socket.receive_json() == {"op": 9, "d": False}

    run(test)


def test_a_session_that_is_not_known_is_invalid() -> None:
    async def test() -> None:
        async with DiscordServer() as server, socket_to(server) as socket:
            await socket.send_json({"op": 6, "d": {"token": TOKEN, "session_id": "none", "seq": 1}})
            assert await socket.receive_json() == {"op": 9, "d": False}

    run(test)


def test_refused_connections() -> None:
    async def test() -> None:
        async with DiscordServer() as server:
            server.gateway.refuse(1)
            with pytest.raises(AttributeError):  # discord.py 2.7.1 does not survive it
                async with connected(Bot(), server):
                    pass
            bot = Bot()
            async with connected(bot, server):
                assert server.gateway.ready
            await server.world.changes.until(lambda: not server.gateway.ready, 10, "the bot to leave")

    run(test)


def test_shards_hear_of_their_own_guilds() -> None:
    async def test() -> None:
        bot = ShardedBot()
        async with DiscordServer(Rules(shards=2)) as server:
            other = server.new_guild("Another group")
            channel = other.channel("general")
            async with connected(bot, server):
                await server.gateway.connected(shards=2)
                assert bot.shard_count == 2
                ada = server.user("ada")
                await ada.says(server.channel, "here", mentions=[server.bot])
                await ada.says(channel, "there", mentions=[server.bot])
                await ada.says(ada.dm, "in private")
                shard_of = {
                    message.content.split()[-1]: message.guild.shard_id if message.guild else None
                    for message in await bot.hears(3)
                }
                assert set(shard_of) == {"here", "there", "private"}
                assert {shard_of["here"], shard_of["there"]} == {0, 1}
                assert shard_of["private"] is None
                told = [event["t"] for session in server.gateway.sessions.values() for event in session.events]
                assert told.count("MESSAGE_CREATE") == 3
                assert told.count("GUILD_CREATE") == 2

    run(test)


def test_a_bot_hears_only_what_it_asked_for() -> None:
    async def test() -> None:
        bot = Bot(intents=discord.Intents(guilds=True, guild_messages=True))
        async with DiscordServer() as server, connected(bot, server):
            ada = server.user("ada")
            await ada.says(ada.dm, "in private")
            await ada.says(server.channel, "in public", mentions=[server.bot])
            assert [message.channel.id for message in await bot.hears(1)] == [server.channel.id]

    run(test)


def test_changes_of_guilds_and_channels_reach_the_bot() -> None:
    async def test() -> None:
        bot = Bot()
        joined = []

        @bot.event
        async def on_guild_join(guild: discord.Guild) -> None:
            joined.append(guild.name)

        async with DiscordServer() as server, connected(bot, server):
            channel = server.new_guild("Another group").channel("general")
            await server.user("ada").says(channel, "Hello", mentions=[server.bot])
            (heard,) = await bot.hears(1)
            assert isinstance(heard.channel, discord.TextChannel)
            assert heard.channel.name == "general"
            assert joined == ["Another group"]
            members = await heard.channel.guild.query_members(query="ada")
            assert [member.name for member in members] == ["ada"]

    run(test)
