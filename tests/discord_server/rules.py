"""The server's numbers, and what it notes of the bot's conduct."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.discord_server.errors import Json
from tests.discord_server.intents import Intent


@dataclass
class Rules:
    """The server's numbers, Discord's own unless a test says otherwise."""

    callback_seconds: float = 3.0  # an interaction must be acknowledged within
    token_seconds: float = 900.0  # an interaction's token is valid for
    heartbeat_seconds: float = 41.25
    attachment_bytes: int = 10 * 1024 * 1024
    shards: int = 1
    privileged: Intent = field(default_factory=lambda: Intent(0))  # what the developer portal has switched on


@dataclass(frozen=True)
class Violation:
    """What Discord would let pass, and the bot should not do."""

    kind: str
    detail: str


@dataclass(frozen=True)
class Sync:
    """Commands that the bot set: for a guild, or for everywhere (None)."""

    guild_id: int | None
    commands: list[Json]
