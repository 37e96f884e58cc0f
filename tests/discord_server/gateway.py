"""The gateway, version 10: sessions, events, heartbeats, and everything that can go wrong with them."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import WSCloseCode, WSMsgType, web

from tests.discord_server.errors import Json
from tests.discord_server.intents import PRIVILEGED, Intent
from tests.discord_server.payloads import member_json, user_json
from tests.discord_server.sessions import Connection, Frame, Session
from tests.discord_server.state import Guild
from tests.discord_server.world import Event, World

HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT = 1, 2, 3, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
SESSION_ENDS = (1000, 1001, 4007, 4009)


@dataclass(frozen=True)
class Heartbeat:
    """A heartbeat: when it came, and how much later than the interval after the one before (seconds)."""

    at: float
    late_by: float


class Gateway:
    """The gateway and its weather."""

    def __init__(self, world: World, token: str) -> None:
        """Tell bots with this token what happens in the world."""
        self.world = world
        self.token = token
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.heartbeats: list[Heartbeat] = []
        self.identifies: list[Json] = []
        self.resumes = 0
        self.answers_heartbeats = True
        self._refuse = 0
        self._redeliver: tuple[int, tuple[str, ...]] = (0, ())
        world.dispatch = self.tell

    # ------------------------------------------------------------------ for tests

    @property
    def ready(self) -> bool:
        """Whether a bot is connected and identified."""
        return any(connection.session for connection in self.connections)

    @property
    def latest_heartbeat(self) -> float:
        """How much later than it should the latest of all heartbeats came (seconds; negative if none was late)."""
        return max((heartbeat.late_by for heartbeat in self.heartbeats), default=float("-inf"))

    async def connected(self, timeout: float = 30, shards: int = 1) -> None:
        """Wait until so many shards of the bot are connected and identified."""

        def there() -> bool:
            return len({c.session.shard for c in self.connections if c.session}) >= shards

        await self.world.changes.until(there, timeout, f"{shards} shard(s) to connect")

    def refuse(self, times: int) -> None:
        """Refuse the next connections."""
        self._refuse = times

    def drop(self, code: int = 4000, *, shard: int | None = None) -> None:
        """Close the connections now with this code; events are kept until the bot resumes.

        After 1000, 1001, 4007 and 4009 it cannot resume.
        """
        self._send_each(code, shard)

    def cut(self, *, shard: int | None = None) -> None:
        """Cut the connections now, without a close frame, as a broken line does."""
        self._send_each(None, shard)

    def reconnect(self, *, shard: int | None = None) -> None:
        """Ask the bot to reconnect and resume (opcode 7)."""
        self._send_each({"op": RECONNECT, "d": None}, shard)

    def invalidate(self, *, resumable: bool, shard: int | None = None) -> None:
        """Say that the session is invalid (opcode 9), resumable or not."""
        for connection in self._connections_of(shard):
            if not resumable and connection.session:
                self._end(connection.session)
        self._send_each({"op": INVALID_SESSION, "d": resumable}, shard)

    def forget_sessions(self) -> None:
        """Forget all sessions: who resumes has to identify again."""
        for session in list(self.sessions.values()):
            self._end(session)

    def redeliver(self, last: int, names: Iterable[str] = ("MESSAGE_CREATE",)) -> None:
        """At the next resume, send again the last events of these names that the bot already had."""
        self._redeliver = (last, tuple(names))

    # ------------------------------------------------------------------ events

    def tell(self, event: Event) -> None:
        """Tell every session that asked for it of an event."""
        for session in self.sessions.values():
            if session.hears(event):
                session.tell(event.name, event.body(session.intents))

    # ------------------------------------------------------------------ connections

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket."""
        if self._refuse > 0:
            self._refuse -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0, compress=False, timeout=1)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.append(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._converse(connection)
        except Exception as error:
            self.world.crashes.append(error)
            raise
        finally:
            writer.cancel()
            self.connections.remove(connection)
            self._hang_up(connection)
            self.world.changes()
        return socket

    async def _converse(self, connection: Connection) -> None:
        interval = self.world.rules.heartbeat_seconds
        hello = {"heartbeat_interval": int(interval * 1000), "_trace": []}
        connection.outbox.put_nowait({"op": HELLO, "d": hello, "s": None, "t": None})
        connection.hello_at = due = time.monotonic()
        while True:
            try:
                message = await connection.socket.receive(timeout=interval * 2)
            except TimeoutError:
                await connection.socket.close(code=4009)
                return
            if message.type is not WSMsgType.TEXT:
                return
            frame = json.loads(message.data)
            if frame["op"] == HEARTBEAT:
                now = time.monotonic()
                self.heartbeats.append(Heartbeat(now, now - due))
                due = now + interval
                if self.answers_heartbeats:
                    connection.outbox.put_nowait({"op": HEARTBEAT_ACK, "d": None, "s": None, "t": None})
            else:
                self._obey(connection, frame)
            self.world.changes()

    def _obey(self, connection: Connection, frame: Json) -> None:
        body = frame.get("d") or {}
        if frame["op"] == IDENTIFY:
            self._identify(connection, body)
        elif frame["op"] == RESUME:
            self._resume(connection, body)
        elif connection.session is None:
            connection.outbox.put_nowait(4003)
        elif frame["op"] == REQUEST_MEMBERS:
            self._send_members(connection.session, body)
        elif frame["op"] != PRESENCE:
            connection.outbox.put_nowait(4001)

    def _identify(self, connection: Connection, body: Json) -> None:
        self.identifies.append({key: value for key, value in body.items() if key != "token"})
        intents = Intent(int(body.get("intents") or 0))
        shard, shards = body.get("shard") or (0, 1)
        if fault := self._identify_fault(connection, body, intents, shard, shards):
            connection.outbox.put_nowait(fault)
            return
        session = Session(secrets.token_hex(16), shard, shards, intents, connection=connection)
        connection.session = self.sessions[session.id] = session
        guilds = [guild for guild in self.world.guilds.values() if (guild.id >> 22) % shards == shard]
        session.tell("READY", self._ready_body(session, guilds))
        for guild in guilds:
            event = self.world.guild_event(guild)
            if session.hears(event):
                session.tell(event.name, event.body(intents))

    def _identify_fault(
        self, connection: Connection, body: Json, intents: Intent, shard: int, shards: int
    ) -> int | None:
        if connection.session is not None:
            return 4005
        if body.get("token") != self.token:
            return 4004
        if intents & PRIVILEGED & ~self.world.rules.privileged:
            return 4014
        if not 0 <= shard < shards:
            return 4010
        return None

    def _ready_body(self, session: Session, guilds: list[Guild]) -> Json:
        bot = self.world.bot
        return {
            "v": 10,
            "user": {**user_json(bot), "verified": True, "mfa_enabled": False, "flags": 0, "email": None},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "private_channels": [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.world.base_url.replace("http", "ws", 1) + "/gateway",
            "shard": [session.shard, session.shards],
            "application": {"id": str(bot.id), "flags": 0},
        }

    def _resume(self, connection: Connection, body: Json) -> None:
        session = self.sessions.get(str(body.get("session_id")))
        had = body.get("seq")
        if body.get("token") != self.token:
            connection.outbox.put_nowait(4004)
            return
        if session is None or not isinstance(had, int):
            connection.outbox.put_nowait({"op": INVALID_SESSION, "d": False})
            return
        if had > session.sequence:
            self._end(session)
            connection.outbox.put_nowait(4007)
            return
        if session.connection is not None:
            session.connection.session = None
            session.connection.outbox.put_nowait(4000)
        session.connection, connection.session = connection, session
        self.resumes += 1
        for frame in self._to_replay(session, had):
            connection.outbox.put_nowait(frame)
        session.tell("RESUMED", {"_trace": []})

    def _to_replay(self, session: Session, had: int) -> list[Json]:
        last, names = self._redeliver
        self._redeliver = (0, ())
        again = [frame for frame in session.events if frame["s"] <= had and frame["t"] in names]
        missed = [frame for frame in session.events if frame["s"] > had]
        return (again[-last:] if last else []) + missed

    def _send_members(self, session: Session, body: Json) -> None:
        guild = self.world.guilds.get(int(body["guild_id"]))
        if guild is None:
            return
        wanted = {int(id) for id in body.get("user_ids") or []}
        start = str(body.get("query") or "")
        members = [
            account
            for account in guild.members.values()
            if (account.id in wanted if wanted else account.name.startswith(start))
        ]
        chunk: Json = {
            "guild_id": str(guild.id),
            "members": [member_json(account, guild) for account in members],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        if body.get("nonce"):
            chunk["nonce"] = body["nonce"]
        session.tell("GUILD_MEMBERS_CHUNK", chunk)

    # ------------------------------------------------------------------ endings

    def _hang_up(self, connection: Connection) -> None:
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = connection.session = None
        if connection.socket.close_code in SESSION_ENDS:
            self._end(session)

    def _end(self, session: Session) -> None:
        self.sessions.pop(session.id, None)

    def _connections_of(self, shard: int | None) -> list[Connection]:
        return [c for c in self.connections if shard is None or (c.session and c.session.shard == shard)]

    def _send_each(self, frame: Frame, shard: int | None) -> None:
        for connection in self._connections_of(shard):
            session = connection.session
            if not isinstance(frame, dict) and session is not None and session.connection is connection:
                # From now on nothing reaches the bot here: what happens is kept for the session.
                session.connection = connection.session = None
                if frame in SESSION_ENDS:
                    self._end(session)
            if not isinstance(frame, dict):
                while not connection.outbox.empty():  # lost on the way
                    connection.outbox.get_nowait()
            connection.outbox.put_nowait(frame)

    async def close(self) -> None:
        """Close all connections: the server goes away, and remembers the sessions."""
        self._send_each(int(WSCloseCode.SERVICE_RESTART), None)
        await self.world.changes.until(lambda: not self.connections, 10, "the bot's connections to end")
