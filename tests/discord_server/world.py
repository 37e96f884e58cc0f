"""The server's memory, and what happens in it. Every change tells the gateway, and wakes those who wait."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.discord_server.changes import Changes
from tests.discord_server.errors import Json
from tests.discord_server.intents import Intent
from tests.discord_server.interactions import Interaction
from tests.discord_server.mentions import Pings
from tests.discord_server.payloads import (
    channel_json,
    everyones_role,
    guild_json,
    is_readable,
    member_json,
    message_json,
    role_json,
)
from tests.discord_server.permissions import EVERYBODY, Permission
from tests.discord_server.rules import Rules, Sync, Violation
from tests.discord_server.snowflakes import Snowflakes
from tests.discord_server.state import (
    DIRECT,
    EPHEMERAL,
    PLAIN,
    PUBLIC_THREAD,
    REPLY,
    STARTER,
    TEXT,
    Account,
    Channel,
    File,
    Guild,
    Message,
    Role,
    Version,
    version,
)


@dataclass(frozen=True)
class Event:
    """What the gateway tells: its name, the intents any of which asks for it, and what is said to whom asked so.

    `guild` None is for what happens outside guilds, which the first shard hears.
    """

    name: str
    body: Callable[[Intent], Json]
    guild: Guild | None = None
    intents: Intent = field(default_factory=lambda: Intent(0))


class World:
    """Everything that exists at the server."""

    def __init__(self, rules: Rules, bot_name: str) -> None:
        """Begin with nothing but the bot."""
        self.rules = rules
        self.changes = Changes()
        self.new_id = Snowflakes().next
        self.bot = Account(self.new_id(), bot_name, bot=True)
        self.accounts: dict[int, Account] = {self.bot.id: self.bot}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.files: dict[int, File] = {}
        self.interactions: dict[int, Interaction] = {}
        self.by_token: dict[str, Interaction] = {}
        self.commands: dict[int | None, list[Json]] = {}
        self.syncs: list[Sync] = []
        self.violations: list[Violation] = []
        self.crashes: list[Exception] = []  # faults of this server, not of the bot
        self.base_url = ""
        self.dispatch: Callable[[Event], None] = lambda event: None

    # ------------------------------------------------------------------ places and people

    def new_guild(self, name: str) -> Guild:
        """Return a new guild in which all accounts are members."""
        owner = Account(self.new_id(), f"{name} owner", permissions=Permission.ADMINISTRATOR)
        self.accounts[owner.id] = owner
        # The next one in time, so that guilds fall to shards in turn.
        guild = Guild(self, self.bot.id + (len(self.guilds) + 1 << 22), name, owner)
        guild.roles[guild.id] = everyones_role(guild.id)
        self.guilds[guild.id] = guild
        for account in self.accounts.values():
            self.join(guild, account)
        self.dispatch(self.guild_event(guild, joined=True))
        return guild

    def join(self, guild: Guild, account: Account) -> None:
        """Make somebody a member of a guild; who may do more than everybody gets a role for it."""
        guild.members[account.id] = account
        if account.permissions & ~EVERYBODY:
            role = Role(self.new_id(), f"{account.name}'s role", account.permissions)
            guild.roles[role.id] = role
            guild.roles_of[account.id] = [role]

    def guild_event(self, guild: Guild, *, joined: bool = False) -> Event:
        """Return the event that tells of a guild and all that is in it: the bot joined it, or it was in it before."""

        def body(intents: Intent) -> Json:
            told = guild_json(guild, with_members=bool(intents & Intent.GUILD_MEMBERS))
            return told if joined else {**told, "unavailable": False}

        return Event("GUILD_CREATE", body, guild, Intent.GUILDS)

    def add_account(self, account: Account) -> None:
        """Make a person a member of every guild."""
        self.accounts[account.id] = account
        for guild in self.guilds.values():
            self.join(guild, account)
            for role in guild.roles_of.get(account.id, []):
                self._tell_role(guild, role)

    def _tell_role(self, guild: Guild, role: Role) -> None:
        body = {"guild_id": str(guild.id), "role": role_json(role, len(guild.roles) - 1)}
        self.dispatch(Event("GUILD_ROLE_CREATE", lambda intents: body, guild, Intent.GUILDS))

    def new_channel(self, guild: Guild, name: str) -> Channel:
        """Return a new text channel."""
        channel = self._add(Channel(self, self.new_id(), TEXT, name, guild))
        guild.channels[channel.id] = channel
        self._tell_channel("CHANNEL_CREATE", channel)
        return channel

    def direct_messages(self, person: Account) -> Channel:
        """Return the channel of direct messages between the bot and a person."""
        for channel in self.channels.values():
            if channel.kind == DIRECT and channel.person is person:
                return channel
        return self._add(Channel(self, self.new_id(), DIRECT, person=person))

    def new_thread(
        self, parent: Channel, name: str, owner: Account, kind: int = PUBLIC_THREAD, starter: Message | None = None
    ) -> Channel:
        """Return a new thread in a channel, beginning at a message if one is given."""
        id = starter.id if starter else self.new_id()
        thread = self._add(Channel(self, id, kind, name, parent.guild, parent=parent, owner=owner))
        assert parent.guild is not None
        parent.guild.channels[id] = thread
        thread.thread_members.add(owner.id)
        self._tell_channel("THREAD_CREATE", thread, newly_created=True)
        if starter:
            starter.thread = thread
            self._tell_message("MESSAGE_UPDATE", starter)
            self.post(thread, starter.author, version({}, []), kind=STARTER, reply_to=starter)
        return thread

    def channel_changed(self, channel: Channel) -> None:
        """Tell of a channel or thread that was changed."""
        self._tell_channel("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)

    def _add(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        return channel

    def _tell_channel(self, name: str, channel: Channel, **more: Any) -> None:
        self.dispatch(Event(name, lambda intents: {**channel_json(channel), **more}, channel.guild, Intent.GUILDS))
        self.changes()

    def add_file(self, channel: Channel, name: str, data: bytes) -> File:
        """Keep a file, to be fetched at its address."""
        id = self.new_id()
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        url = f"{self.base_url}/attachments/{channel.id}/{id}/{quote(name, safe='')}"
        self.files[id] = File(id, name, data, url, kind)
        return self.files[id]

    # ------------------------------------------------------------------ messages

    def post(
        self,
        channel: Channel,
        author: Account,
        first: Version,
        *,
        kind: int = PLAIN,
        reply_to: Message | None = None,
        pings: Pings | None = None,
        allowed_mentions: Json | None = None,
        nonce: str | None = None,
        interaction: Interaction | None = None,
    ) -> Message:
        """Put a new message into a channel; everybody is told, unless it is for one person alone."""
        message = Message(
            self.new_id(),
            channel,
            author,
            [first],
            kind=kind,
            reply_to=reply_to,
            interaction=interaction,
            nonce=nonce,
            allowed_mentions=allowed_mentions,
            pings=pings or Pings(),
            only_for=interaction.user if interaction and first.flags & EPHEMERAL else None,
        )
        channel.archived = False
        channel.by_id[message.id] = self.messages[message.id] = message
        if nonce is not None:
            channel.by_nonce[nonce] = message
        if reply_to is not None and kind == REPLY:
            reply_to.replies.append(message)
        self._tell_message("MESSAGE_CREATE", message)
        return message

    def edit(self, message: Message, changed: Version) -> None:
        """Make a message say something else."""
        message.history.append(changed)
        self._tell_message("MESSAGE_UPDATE", message)

    def delete(self, message: Message) -> None:
        """Delete a message."""
        message.deleted = True
        channel = message.channel
        body = {"id": str(message.id), "channel_id": str(channel.id)}
        if channel.guild:
            body["guild_id"] = str(channel.guild.id)
        if not message.ephemeral:
            intents = message_intents(channel)
            self.dispatch(Event("MESSAGE_DELETE", lambda _: body, channel.guild, intents))
        self.changes()

    def react(self, message: Message, account: Account, emoji: str, *, take_back: bool = False) -> None:
        """Add somebody's reaction to a message, or take it back."""
        people = message.reactions.setdefault(emoji, set())
        (people.discard if take_back else people.add)(account.id)
        guild = message.channel.guild
        body: Json = {
            "user_id": str(account.id),
            "channel_id": str(message.channel.id),
            "message_id": str(message.id),
            "message_author_id": str(message.author.id),
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        if guild:
            body |= {"guild_id": str(guild.id), "member": member_json(account, guild)}
        name = "MESSAGE_REACTION_REMOVE" if take_back else "MESSAGE_REACTION_ADD"
        intents = Intent.GUILD_MESSAGE_REACTIONS if guild else Intent.DIRECT_MESSAGE_REACTIONS
        self.dispatch(Event(name, lambda _: body, guild, intents))
        self.changes()

    def message_event(self, name: str, message: Message) -> Event:
        """Return the event that tells of a message."""
        guild = message.channel.guild

        def body(intents: Intent) -> Json:
            told = message_json(message, readable=is_readable(message, bool(intents & Intent.MESSAGE_CONTENT)))
            if guild:
                told["guild_id"] = str(guild.id)
                if not message.interaction:
                    told["member"] = member_json(message.author, guild, with_user=False)
            return told

        return Event(name, body, guild, message_intents(message.channel))

    def _tell_message(self, name: str, message: Message) -> None:
        if not message.ephemeral:
            self.dispatch(self.message_event(name, message))
        self.changes()

    # ------------------------------------------------------------------ interactions

    def interact(
        self, kind: int, user: Account, channel: Channel, data: Json, message: Message | None = None
    ) -> Interaction:
        """Tell the bot what a person did."""
        interaction = Interaction(self, self.new_id(), secrets.token_urlsafe(48), kind, user, channel, data, message)
        self.interactions[interaction.id] = self.by_token[interaction.token] = interaction
        body = interaction.event()
        self.dispatch(Event("INTERACTION_CREATE", lambda intents: body, channel.guild))
        self.changes()
        return interaction


def message_intents(channel: Channel) -> Intent:
    """Return the intent that asks for the messages of a channel."""
    return Intent.GUILD_MESSAGES if channel.guild else Intent.DIRECT_MESSAGES
