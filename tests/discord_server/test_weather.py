"""The test server's bad weather, with a real discord.py client."""

from __future__ import annotations

import aiohttp
import discord
import pytest

from tests.discord_server import DiscordServer
from tests.discord_server.client import Bot, connected, run
from tests.discord_server.weather import route_pattern

SEND = "POST /channels/*/messages"


def test_a_rate_limit_is_obeyed_by_discord_py() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(), server) as channel:
            server.weather.rate_limit(SEND, 0.1)
            await channel.send("Hello")
            first, second = await server.call(SEND, times=2)
            assert [first.status, second.status] == [429, 200]
            assert second.at - first.at >= 0.1
            assert first.answer["global"] is False
            assert server.weather.ignored_limits == []
            assert server.refusals == []

    run(test)


def test_who_ignores_a_rate_limit_is_refused_again_and_noted() -> None:
    async def test() -> None:
        async with DiscordServer() as server, aiohttp.ClientSession() as session:
            url = f"{server.api_url}/channels/{server.channel.id}/messages"
            headers = {"Authorization": f"Bot {server.token}"}
            server.weather.rate_limit(SEND, 30, everywhere=True)
            for url_now in (url, url, f"{server.api_url}/users/@me"):
                async with session.post(url_now, headers=headers, json={"content": "Hello"}) as response:
                    assert response.status == 429
                    assert response.headers["Via"]
                    assert response.headers["Content-Type"] == "application/json"
                    assert (await response.json())["global"] is True
            assert len(server.weather.ignored_limits) == 2
            server.weather.clear()
            async with session.post(url, headers=headers, json={"content": "Hello"}) as response:
                assert response.status == 200

    run(test)


def test_errors_of_the_server_come_as_often_as_asked_for() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(), server) as channel:
            server.weather.fail(SEND, 503)
            with pytest.raises(discord.DiscordServerError):
                await channel.send("Hello")
            server.weather.fail(SEND, 502)
            await channel.send("Hello again")
            assert [call.status for call in await server.call(SEND, times=3)] == [503, 502, 200]
            assert [message.content for message in server.channel.messages] == ["Hello again"]

    run(test)


def test_the_line_is_cut_before_or_after_a_message_is_made() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(), server) as channel:
            server.weather.cut(SEND)
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await channel.send("lost")
            server.weather.cut(SEND, after=True)
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await channel.send("made")
            assert [message.content for message in server.channel.messages] == ["made"]

    run(test)


def test_a_slow_route_takes_its_time() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(), server) as channel:
            server.weather.slow(SEND, 0.1, times=1, after=True)
            sending = channel._state.loop.create_task(channel.send("Hello"))
            message = await server.next_message()
            assert message.content == "Hello"
            assert not sending.done()
            await sending

    run(test)


def test_a_route_that_does_not_exist_is_refused_as_discord_does() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server):
            with pytest.raises(discord.NotFound):
                await bot.http.request(discord.http.Route("GET", "/voice/regions"))
            (call,) = server.refusals
            assert (call.method, call.path, call.status) == ("GET", "/voice/regions", 404)

    run(test)


@pytest.mark.parametrize(
    ("route", "request_line", "matches"),
    [
        ("POST /channels/*/messages", "POST /channels/1/messages", True),
        ("POST /channels/*/messages", "GET /channels/1/messages", False),
        ("POST /channels/*/messages", "POST /channels/1/messages/2/threads", False),
        ("POST /channels/*", "POST /channels/1/messages", False),
        ("* /webhooks/**", "PATCH /webhooks/1/token/messages/@original", True),
        ("GET /gateway", "GET /gateway/bot", False),
    ],
)
def test_patterns_of_routes(route: str, request_line: str, matches: bool) -> None:
    assert bool(route_pattern(route).fullmatch(request_line)) is matches
