"""Interactions: a slash command, a click, an autocomplete or a modal, and what the bot answers to it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.discord_server.errors import Json
from tests.discord_server.payloads import channel_json, member_json, message_json, user_json
from tests.discord_server.state import Account, Channel, Message

if TYPE_CHECKING:
    from tests.discord_server.world import World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
PONG, MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
IN_GUILD, IN_DIRECT_MESSAGES = 0, 1


class InteractionFailed(AssertionError):  # noqa: N818 - what Discord shows: "This interaction failed"
    """The bot did not answer in time; the person sees that the application did not respond."""


@dataclass(eq=False)
class Interaction:
    """What a person did, and what the bot made of it so far."""

    world: World
    id: int
    token: str
    kind: int
    user: Account
    channel: Channel
    data: Json
    message: Message | None = None
    asked_at: float = field(default_factory=time.monotonic)
    acknowledged_at: float | None = None
    callback: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None

    # ------------------------------------------------------------------ what the person sees

    @property
    def acknowledged_after(self) -> float | None:
        """Seconds from the event to the bot's first answer; None as long as there is none."""
        return None if self.acknowledged_at is None else self.acknowledged_at - self.asked_at

    @property
    def deferred(self) -> bool:
        """Whether the first answer was "thinking ...", or a promise to change the message."""
        return self.callback in (DEFERRED, DEFERRED_UPDATE)

    @property
    def thinking(self) -> bool:
        """Whether the person sees "thinking ..." now."""
        return self.original is not None and self.original.thinking and not self.original.deleted

    @property
    def failed(self) -> bool:
        """Whether the person sees that the application did not respond."""
        return self.acknowledged_at is None and time.monotonic() > self.asked_at + self.world.rules.callback_seconds

    @property
    def response(self) -> Message | None:
        """The response as it now is (for a click that changes its message, that message); None if there is none."""
        return None if self.original is None or self.original.deleted else self.original

    @property
    def ephemeral(self) -> bool:
        """Whether only the person sees the response."""
        return self.original is not None and self.original.ephemeral

    @property
    def messages(self) -> list[Message]:
        """The response and the follow-ups, as far as they are there and say something."""
        shown = [self.original, *self.followups]
        return [message for message in shown if message and not message.deleted and not message.thinking]

    @property
    def text(self) -> str:
        """All that can be read in the response and the follow-ups."""
        return "\n".join(message.text for message in self.messages)

    # ------------------------------------------------------------------ waiting

    async def acknowledged(self) -> float:
        """Wait for the first answer; return after how many seconds it came. InteractionFailed if it came too late."""
        left = self.asked_at + self.world.rules.callback_seconds - time.monotonic()
        try:
            await self.world.changes.until(lambda: self.acknowledged_at is not None, max(left, 0), "")
        except TimeoutError:
            raise InteractionFailed(f"{self}: the application did not respond") from None
        assert self.acknowledged_after is not None
        return self.acknowledged_after

    async def finished(self, timeout: float = 20) -> Message | None:
        """Wait until the person sees an answer; return the response (None if the answer has no message).

        A promise to change the message (DEFERRED_UPDATE) is an answer. InteractionFailed if the bot did not
        acknowledge in time, TimeoutError if it is "thinking" for longer than `timeout` seconds.
        """
        await self.acknowledged()
        await self.world.changes.until(lambda: not self.thinking, timeout, f"{self} to be answered")
        return self.response

    async def until(self, text: str, timeout: float = 20) -> str:
        """Wait until the response or a follow-up contains `text`; return all that can then be read."""
        await self.acknowledged()
        await self.world.changes.until(lambda: text in self.text, timeout, f"{text!r} in {self}: {self.text!r}")
        return self.text

    def __str__(self) -> str:
        kinds = {COMMAND: "/", COMPONENT: "click on ", AUTOCOMPLETE: "autocomplete of /", MODAL_SUBMIT: "modal "}
        return f"{kinds[self.kind]}{self.data.get('name') or self.data.get('custom_id')} of {self.user.name}"

    # ------------------------------------------------------------------ what the bot gets

    @property
    def expired(self) -> bool:
        """Whether the token is no longer valid."""
        return time.monotonic() > self.asked_at + self.world.rules.token_seconds

    def event(self) -> Json:
        """Return the event that tells the bot of it."""
        guild, bot = self.channel.guild, self.world.bot
        event: dict[str, Any] = {
            "id": str(self.id),
            "application_id": str(bot.id),
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(self.channel.id),
            "channel": channel_json(self.channel),
            "app_permissions": str(int(self.channel.permissions_of(bot))),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id) if guild else "0"},
            "context": IN_GUILD if guild else IN_DIRECT_MESSAGES,
            "attachment_size_limit": self.world.rules.attachment_bytes,
        }
        if guild:
            event["guild_id"] = str(guild.id)
            event["guild_locale"] = "en-US"
            event["guild"] = {"id": str(guild.id), "locale": "en-US", "features": []}
            event["member"] = member_json(self.user, guild, channel=self.channel)
        else:
            event["user"] = user_json(self.user)
        if self.message is not None:
            event["message"] = message_json(self.message)
        return event
