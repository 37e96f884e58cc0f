"""The connection to Discord: intents, commands, events; what they mean is decided elsewhere."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import discord
import yarl
from discord import app_commands

from bot import admin, commands, log
from bot.buttons import DYNAMIC
from bot.delivery import Shown, ToInteraction, acknowledge
from bot.errors import line_for, new_reference
from bot.messages import hear
from bot.services import Services
from bot.settings import BotSettings

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    embed_links=True,
    read_message_history=True,
)
_FINGERPRINT = "commands"
_GONE = "That button is from an earlier version of me and no longer works. Please ask again."
_FORM_GONE = "I was restarted while you wrote, so I cannot take that any more. Please use the command again."

_Interaction = discord.Interaction[Any]


def intents() -> discord.Intents:
    """Return what the bot wants to hear of: servers, messages, direct messages; nothing privileged."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    return wanted


def point_at(settings: BotSettings) -> None:
    """Let discord.py talk to the API and the gateway that the settings name."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nothing is said aloud here
    discord.http.Route.BASE = str(settings.discord_api).rstrip("/")
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(str(settings.discord_gateway))


def invitation(application_id: int) -> str:
    """Return the link with which a bot is invited, with exactly the permissions that it needs."""
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=("bot", "applications.commands"))


class CommandTree(app_commands.CommandTree["CitebotClient"]):
    """The commands; whatever goes wrong in one that it did not handle itself becomes a line for the asker."""

    async def on_error(self, interaction: _Interaction, error: app_commands.AppCommandError, /) -> None:
        """Tell the asker, in the place where an answer is expected."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        reference = new_reference()
        log.note_failure("command", reference, cause)
        acknowledged = interaction.response.is_done() or await acknowledge(interaction, ephemeral=True)
        to = ToInteraction(interaction, ephemeral=True, acknowledged=acknowledged)
        await to.show(Shown(line_for(cause, reference)))


class CitebotClient(discord.Client):
    """The bot's connection, for as long as it lasts; what must outlive it is in `services`.

    `forms` has the ids of the forms that are open at somebody's.
    """

    def __init__(self, services: Services, **options: Any) -> None:
        """Connect with `services` behind; `options` are discord.py's."""
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            **options,
        )
        self.services = services
        self.forms: set[str] = set()
        self.tree = CommandTree(
            self,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )
        for command in commands.ALL:
            self.tree.add_command(command)
        self.tree.add_command(admin.group)
        self.add_dynamic_items(*DYNAMIC)

    @property
    def owners(self) -> frozenset[int]:
        """The ids of those to whom the application belongs at Discord."""
        application = self.application
        if application is None:
            return frozenset()
        if application.team is not None:
            return frozenset(member.id for member in application.team.members)
        return frozenset({application.owner.id})

    async def setup_hook(self) -> None:
        """Tell Discord the commands, if they are others than at the last start."""
        payload = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        told = json.dumps([discord.http.Route.BASE, self.application_id, payload], sort_keys=True)
        fingerprint = hashlib.sha256(told.encode()).hexdigest()
        if await self.services.store.fact(_FINGERPRINT) != fingerprint:
            await self.tree.sync()
            await self.services.store.set_fact(_FINGERPRINT, fingerprint)
            log.note("commands-synced", commands=len(payload))

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Pass on an event; none after the end, which discord.py 2.7.1 would stumble over."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def on_ready(self) -> None:
        """Log that Discord is there."""
        log.note("ready", user=self.user and self.user.id, guilds=len(self.guilds), shards=self.shard_count)

    async def on_resumed(self) -> None:
        """Log that a lost connection was taken up again."""
        log.note("resumed")

    async def on_message(self, message: discord.Message) -> None:
        """Hear a message."""
        if self.user is not None:
            await hear(message, self.user, self.services)

    async def on_interaction(self, interaction: _Interaction) -> None:
        """Answer the clicks and forms that nothing else answers any more."""
        data: Any = interaction.data
        custom_id = str((data or {}).get("custom_id", ""))
        if interaction.type is discord.InteractionType.component:
            if not any(each.__discord_ui_compiled_template__.fullmatch(custom_id) for each in DYNAMIC):
                await self._say(interaction, _GONE)
        elif interaction.type is discord.InteractionType.modal_submit:
            if custom_id not in self.forms:
                await self._say(interaction, _FORM_GONE)
            self.forms.discard(custom_id)

    async def _say(self, interaction: _Interaction, line: str) -> None:
        acknowledged = await acknowledge(interaction, ephemeral=True)
        await ToInteraction(interaction, ephemeral=True, acknowledged=acknowledged).show(Shown(line))

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log what an event's handler did not handle."""
        error = sys.exception()
        if error is not None:
            log.note_failure(event_method, new_reference(), error)


class ShardedCitebotClient(CitebotClient, discord.AutoShardedClient):
    """The same over several connections, for bots in very many servers."""


def make_client(services: Services, *, sharded: bool) -> CitebotClient:
    """Return a client that is not connected yet; `sharded`: Discord has said that it must be."""
    shards = services.settings.discord_shards
    if shards is not None:
        return ShardedCitebotClient(services, shard_count=shards)
    return ShardedCitebotClient(services) if sharded else CitebotClient(services)
