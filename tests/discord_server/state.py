"""What exists at the server: accounts, guilds, channels, messages."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.discord_server.errors import Json
from tests.discord_server.limits import embed_texts
from tests.discord_server.mentions import SUPPRESS_EMBEDS, Pings, previews
from tests.discord_server.permissions import EVERYBODY, EVERYTHING, Permission

if TYPE_CHECKING:
    from tests.discord_server.interactions import Interaction
    from tests.discord_server.world import World

TEXT, DIRECT, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
PLAIN, REPLY, SLASH, STARTER = 0, 19, 20, 21
EPHEMERAL, LOADING, HAS_THREAD = 1 << 6, 1 << 7, 1 << 5
LINK = 5


@dataclass(eq=False)
class Account:
    """Somebody with an account: a person, or the bot."""

    id: int
    name: str
    bot: bool = False
    permissions: Permission = EVERYBODY
    accepts_direct_messages: bool = True

    @property
    def mention(self) -> str:
        """The text that mentions this account."""
        return f"<@{self.id}>"


@dataclass(eq=False)
class Role:
    """A role of a guild."""

    id: int
    name: str
    permissions: Permission = EVERYBODY

    @property
    def mention(self) -> str:
        """The text that mentions this role."""
        return f"<@&{self.id}>"


@dataclass(eq=False)
class Guild:
    """A Discord server, with its channels, members and roles. Its first role, with its own id, is everybody's."""

    world: World
    id: int
    name: str
    owner: Account
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Account] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    roles_of: dict[int, list[Role]] = field(default_factory=dict)

    def channel(self, name: str) -> Channel:
        """Return the text channel of this name; it is made if there is none."""
        for channel in self.channels.values():
            if channel.name == name and not channel.is_thread:
                return channel
        return self.world.new_channel(self, name)


@dataclass(eq=False)
class Channel:
    """A text channel, a thread, or the direct messages with one person."""

    world: World
    id: int
    kind: int
    name: str = ""
    guild: Guild | None = None
    parent: Channel | None = None
    person: Account | None = None
    owner: Account | None = None
    denied: dict[int, Permission] = field(default_factory=dict)
    thread_members: set[int] = field(default_factory=set)
    archived: bool = False
    locked: bool = False
    by_id: dict[int, Message] = field(default_factory=dict)
    by_nonce: dict[str, Message] = field(default_factory=dict)
    typing: list[float] = field(default_factory=list)

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.kind in (PUBLIC_THREAD, PRIVATE_THREAD)

    @property
    def mention(self) -> str:
        """The text that links to this channel."""
        return f"<#{self.id}>"

    @property
    def messages(self) -> list[Message]:
        """The messages that everybody sees here, oldest first; deleted ones are gone."""
        return [message for message in self.by_id.values() if not message.deleted and not message.ephemeral]

    @property
    def threads(self) -> list[Channel]:
        """The threads of this channel, oldest first."""
        return [channel for channel in self.world.channels.values() if channel.parent is self]

    def permissions_of(self, account: Account) -> Permission:
        """Return what somebody may do here."""
        if self.guild is None:
            return EVERYTHING
        if account.permissions & Permission.ADMINISTRATOR:
            return EVERYTHING
        place = self.parent or self
        return account.permissions & ~place.denied.get(account.id, Permission(0))

    async def forbid(self, *permissions: Permission, to: Account | None = None) -> None:
        """Take permissions away in this channel, from the bot if nobody else is named; it is told."""
        self._deny(to, self._denied(to) | _all(permissions))

    async def allow(self, *permissions: Permission, to: Account | None = None) -> None:
        """Give back what was forbidden."""
        self._deny(to, self._denied(to) & ~_all(permissions))

    def _denied(self, to: Account | None) -> Permission:
        return self.denied.get((to or self.world.bot).id, Permission(0))

    def _deny(self, to: Account | None, permissions: Permission) -> None:
        self.denied[(to or self.world.bot).id] = permissions
        self.world.channel_changed(self)


def _all(permissions: Iterable[Permission]) -> Permission:
    result = Permission(0)
    for permission in permissions:
        result |= permission
    return result


@dataclass(frozen=True)
class File:
    """A file in a message or an option: what it is called, what is in it, and where it can be fetched."""

    id: int
    name: str
    data: bytes
    url: str = ""
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Version:
    """A message as it was from a point in time on: `at` in seconds of `time.monotonic`, `when` by the calendar."""

    at: float
    when: datetime
    content: str
    embeds: list[Json]
    components: list[Json]
    files: list[File]
    flags: int


@dataclass(frozen=True)
class Button:
    """A button as a person sees it."""

    label: str
    emoji: str
    custom_id: str | None
    url: str | None
    disabled: bool
    style: int


@dataclass(eq=False)
class Message:
    """A message, as it is now and as it was."""

    id: int
    channel: Channel
    author: Account
    history: list[Version]
    kind: int = PLAIN
    reply_to: Message | None = None
    interaction: Interaction | None = None
    nonce: str | None = None
    allowed_mentions: Json | None = None
    pings: Pings = field(default_factory=Pings)
    reactions: dict[str, set[int]] = field(default_factory=dict)
    thread: Channel | None = None
    replies: list[Message] = field(default_factory=list)
    deleted: bool = False
    only_for: Account | None = None

    @property
    def now(self) -> Version:
        """The message as it is now."""
        return self.history[-1]

    @property
    def content(self) -> str:
        """The text outside embeds."""
        return self.now.content

    @property
    def embeds(self) -> list[Json]:
        """The embeds, as Discord's objects."""
        return self.now.embeds

    @property
    def files(self) -> list[File]:
        """The attached files."""
        return self.now.files

    @property
    def text(self) -> str:
        """All that can be read in it: the content, then the texts of the embeds, one a line."""
        return "\n".join([self.content, *(text for embed in self.embeds for text in embed_texts(embed))]).strip()

    @property
    def parts(self) -> list[Json]:
        """The buttons and selects, as Discord's objects."""
        return [part for row in self.now.components for part in row.get("components") or []]

    @property
    def buttons(self) -> list[Button]:
        """The buttons, in the order in which they are shown."""
        return [
            Button(
                label=part.get("label") or "",
                emoji=(part.get("emoji") or {}).get("name") or "",
                custom_id=part.get("custom_id"),
                url=part.get("url"),
                disabled=bool(part.get("disabled")),
                style=part["style"],
            )
            for part in self.parts
            if part["type"] == 2
        ]

    @property
    def thinking(self) -> bool:
        """Whether the person still sees "thinking ..."."""
        return bool(self.now.flags & LOADING)

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.now.flags & EPHEMERAL)

    @property
    def edited(self) -> bool:
        """Whether it was changed after it was first shown."""
        return len([version for version in self.history if not version.flags & LOADING]) > 1

    @property
    def previews(self) -> list[str]:
        """The addresses of which Discord shows a preview below the message."""
        return previews(self.content, self.now.flags)

    async def until(self, condition: str | None = None, *, edits: int = 0, timeout: float = 10) -> Message:
        """Wait until its text contains `condition`, and it was changed at least `edits` times; return the message."""

        def there() -> bool:
            shown = [version for version in self.history if not version.flags & LOADING]
            return len(shown) > edits and (condition is None or condition in self.text)

        await self.channel.world.changes.until(there, timeout, f"{condition!r} in {self.text!r}")
        return self


def version(draft: Json, files: list[File], before: Version | None = None) -> Version:
    """Return a message's version from a request's body; what the body leaves out is as before."""
    now = datetime.now(UTC)
    old = before or Version(0, now, "", [], [], [], 0)
    return Version(
        at=time.monotonic(),
        when=now,
        content=(draft["content"] or "").strip() if "content" in draft else old.content,
        embeds=(draft["embeds"] or []) if "embeds" in draft else old.embeds,
        components=(draft["components"] or []) if "components" in draft else old.components,
        files=files,
        flags=int(draft.get("flags") or 0) if before is None else edited_flags(draft, old.flags & ~LOADING),
    )


def edited_flags(draft: Json, flags: int) -> int:
    """Return a message's flags after an edit, which can only suppress its embeds, or show them again."""
    if "flags" not in draft:
        return flags
    return flags & ~SUPPRESS_EMBEDS | int(draft["flags"] or 0) & SUPPRESS_EMBEDS
