"""The server as a whole: started and stopped, and looked at by tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.discord_server import routes_channels, routes_interactions, routes_messages, routes_places
from tests.discord_server.gateway import Gateway
from tests.discord_server.interactions import DEFERRED, Interaction
from tests.discord_server.mentions import Pings
from tests.discord_server.people import Person
from tests.discord_server.permissions import EVERYBODY, Permission
from tests.discord_server.rest import PREFIX, Call, Rest, Routes
from tests.discord_server.rules import Rules, Sync, Violation
from tests.discord_server.state import PLAIN, REPLY, Account, Channel, Guild, Message
from tests.discord_server.weather import Weather, route_pattern
from tests.discord_server.world import World

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAwMA.GtestG.a-token-that-opens-nothing-but-this-test-server"


class DiscordServer:
    """A Discord of one's own on this machine; use it with `async with`."""

    def __init__(self, rules: Rules | None = None, *, port: int = 0, bot_name: str = "citebot") -> None:
        """Make a server with one guild and in it one channel, #papers; it runs after `start`."""
        self.rules = rules or Rules()
        self.token = TOKEN
        self.world = World(self.rules, bot_name)
        self.weather = Weather()
        self.gateway = Gateway(self.world, self.token)
        routes = Routes()
        for module in (routes_places, routes_channels, routes_messages, routes_interactions):
            module.register(routes)
        self.rest = Rest(self.world, routes, self.weather, self.token)
        self.guild = self.world.new_guild("Reading group")
        self.channel = self.guild.channel("papers")
        self._port = port
        self._runner: web.AppRunner | None = None
        self._people: dict[str, Person] = {}
        self._handed_out: dict[int, int] = {}

    # ------------------------------------------------------------------ running

    async def start(self) -> None:
        """Listen on this machine."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/attachments/{channel}/{file}/{name}", self._send_file)
        app.router.add_route("*", PREFIX + "/{path:.*}", self.rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.world.base_url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Close every connection, and listen no more; all that happened is kept, and `start` goes on with it."""
        try:
            await self.gateway.close()
        finally:
            if self._runner is not None:
                await self._runner.cleanup()
                self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if error is None and self.world.crashes:
            raise ExceptionGroup("faults of the test server", self.world.crashes)

    @property
    def api_url(self) -> str:
        """What `discord.http.Route.BASE` has to be."""
        return self.world.base_url + PREFIX

    @property
    def gateway_url(self) -> str:
        """What `discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY` has to be, as a yarl.URL."""
        return self.world.base_url.replace("http", "ws", 1) + "/gateway"

    @contextlib.contextmanager
    def in_place_of_discord(self) -> Iterator[None]:
        """Point the discord.py of this process to the server, and back afterwards."""
        import discord.gateway
        import discord.http
        import yarl

        route, socket = discord.http.Route, discord.gateway.DiscordWebSocket
        before = route.BASE, socket.DEFAULT_GATEWAY
        route.BASE, socket.DEFAULT_GATEWAY = self.api_url, yarl.URL(self.gateway_url)
        try:
            yield
        finally:
            route.BASE, socket.DEFAULT_GATEWAY = before

    async def _send_file(self, request: web.Request) -> web.Response:
        if fault := self.weather.take("GET", request.path, "fail before"):
            return web.Response(status=fault.status)
        file = self.world.files.get(int(request.match_info["file"]))
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.data, content_type=file.content_type)

    # ------------------------------------------------------------------ people and places

    @property
    def bot(self) -> Account:
        """The bot's account."""
        return self.world.bot

    def user(self, name: str, *permissions: Permission) -> Person:
        """Return the person of this name; on first use with these permissions beside everybody's."""
        if name not in self._people:
            allowed = EVERYBODY
            for permission in permissions:
                allowed |= permission
            self._people[name] = Person(self.world, name, allowed)
        return self._people[name]

    def new_guild(self, name: str) -> Guild:
        """Return one more guild, with all people in it."""
        return self.world.new_guild(name)

    # ------------------------------------------------------------------ what the bot did

    @property
    def syncs(self) -> list[Sync]:
        """Each time that the bot set its commands."""
        return self.world.syncs

    @property
    def calls(self) -> list[Call]:
        """All requests of the bot, oldest first."""
        return self.rest.calls

    @property
    def refusals(self) -> list[Call]:
        """The requests that were refused: status 400 to 499, but for rate limits."""
        return [call for call in self.calls if 400 <= call.status < 500 and call.status != 429]

    @property
    def violations(self) -> list[Violation]:
        """What Discord lets pass and the bot should not do: messages without `allowed_mentions`."""
        return self.world.violations

    @property
    def interactions(self) -> list[Interaction]:
        """All interactions, oldest first."""
        return list(self.world.interactions.values())

    def pings(self) -> list[tuple[Message, Pings]]:
        """Return the bot's messages that pinged anybody, and whom."""
        return [(message, message.pings) for message in self.messages_of_bot() if message.pings]

    def previews(self) -> list[tuple[Message, list[str]]]:
        """Return the bot's messages of which Discord shows previews of foreign addresses, and the addresses."""
        return [(message, message.previews) for message in self.messages_of_bot() if message.previews]

    def thinking(self) -> list[Interaction]:
        """Return the interactions whose person still sees "thinking ..."."""
        return [interaction for interaction in self.interactions if interaction.thinking]

    def failed(self) -> list[Interaction]:
        """Return the interactions that the bot did not acknowledge in time."""
        return [interaction for interaction in self.interactions if interaction.failed]

    def slowest_acknowledgement(self) -> float:
        """Return the longest time that an acknowledged interaction had to wait, in seconds."""
        waits = [interaction.acknowledged_after for interaction in self.interactions]
        return max((wait for wait in waits if wait is not None), default=0.0)

    def deferred(self) -> list[Interaction]:
        """Return the interactions that were first answered with "thinking ..."."""
        return [interaction for interaction in self.interactions if interaction.callback == DEFERRED]

    def messages_of_bot(self, where: Channel | None = None) -> list[Message]:
        """Return what the bot wrote, ephemeral messages included, oldest first; deleted ones are gone."""
        return [
            message
            for message in self.world.messages.values()
            if message.author is self.bot and not message.deleted and where in (None, message.channel)
        ]

    # ------------------------------------------------------------------ waiting

    async def next_message(self, where: Channel | None = None, timeout: float = 20) -> Message:
        """Return the bot's next message in a channel: each is handed out once, in order; wait if there is none.

        Responses to interactions are not among them: their interaction has them.
        """
        place = where or self.channel

        def unseen() -> Message | None:
            first = None
            for message in reversed(place.by_id.values()):
                if message.id <= self._handed_out.get(place.id, 0):
                    break
                if message.author is self.bot and message.kind in (PLAIN, REPLY) and message.interaction is None:
                    first = first if message.deleted else message
            return first

        message = await self.world.changes.until(unseen, timeout, f"a message of the bot in {place.name or 'a DM'}")
        assert message is not None
        self._handed_out[place.id] = message.id
        return message

    async def reply_to(self, message: Message, timeout: float = 20) -> Message:
        """Return the bot's first message that replies to this one; wait if there is none."""

        def there() -> Message | None:
            replies = (m for m in message.replies if m.author is self.bot and not m.deleted)
            return next(replies, None)

        reply = await self.world.changes.until(there, timeout, f"a reply to {message.content!r}")
        assert reply is not None
        return reply

    async def thread_of(self, start: Message, timeout: float = 20) -> Channel:
        """Return the thread that begins at a message; wait if there is none."""
        thread = await self.world.changes.until(lambda: start.thread, timeout, "a thread")
        assert thread is not None
        return thread

    async def call(self, route: str, times: int = 1, timeout: float = 20) -> list[Call]:
        """Return the requests to a route such as "POST /channels/*/messages"; wait until there are so many."""
        pattern = route_pattern(route)

        def there() -> list[Call] | None:
            found = [call for call in self.calls if call.status and pattern.fullmatch(f"{call.method} {call.path}")]
            return found if len(found) >= times else None

        return await self.world.changes.until(there, timeout, f"{times} × {route}") or []
