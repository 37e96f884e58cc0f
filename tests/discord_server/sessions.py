"""What the gateway keeps of a bot: its session, and the connection that it has at the moment."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

from tests.discord_server.errors import Json
from tests.discord_server.intents import Intent
from tests.discord_server.world import Event

DISPATCH = 0
REMEMBERED_EVENTS = 5_000
Frame = Json | int | None  # a message, the code of a close frame, or None: cut the line


@dataclass(eq=False)
class Session:
    """What the gateway keeps of a bot that identified, for as long as it may resume."""

    id: str
    shard: int
    shards: int
    intents: Intent
    sequence: int = 0
    events: deque[Json] = field(default_factory=lambda: deque(maxlen=REMEMBERED_EVENTS))
    connection: Connection | None = None

    def hears(self, event: Event) -> bool:
        """Tell whether this session is told of an event."""
        shard = (event.guild.id >> 22) % self.shards if event.guild else 0
        return shard == self.shard and (not event.intents or bool(event.intents & self.intents))

    def tell(self, name: str, body: Json) -> None:
        """Send an event now, or when the session is resumed."""
        self.sequence += 1
        frame = {"op": DISPATCH, "s": self.sequence, "t": name, "d": body}
        self.events.append(frame)
        if self.connection is not None:
            self.connection.outbox.put_nowait(frame)


@dataclass(eq=False)
class Connection:
    """A WebSocket of the bot. What goes out goes through `outbox`, so that nobody who tells something has to wait."""

    socket: web.WebSocketResponse
    request: web.Request
    outbox: asyncio.Queue[Frame] = field(default_factory=asyncio.Queue)
    session: Session | None = None
    hello_at: float = 0.0

    async def write(self) -> None:
        """Send what is in the outbox, until the connection ends."""
        while not self.socket.closed:
            frame = await self.outbox.get()
            if frame is None:
                if self.request.transport is not None:
                    self.request.transport.abort()
                return
            try:
                if isinstance(frame, int):
                    await self.socket.close(code=frame)
                else:
                    await self.socket.send_str(json.dumps(frame))
            except ConnectionError:
                return
