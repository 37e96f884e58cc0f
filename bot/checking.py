"""`citebot-bot --check`: what is set up, what is missing, and what to do about it, a line each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
from rich.console import Console

from bot.client import PERMISSIONS, CitebotClient, invitation, point_at
from bot.collection import Collection
from bot.cooldown import CoolDown
from bot.errors import StartError
from bot.health import serve_health
from bot.inert import clean
from bot.pipeline import Pipeline
from bot.services import Services
from bot.settings import BotSettings
from bot.store import Store
from rag.errors import CitebotError

_HELLO_SECONDS = 10.0
_HELLO = 10
_NETWORK = (OSError, aiohttp.ClientError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its name, whether it is well, and what was seen (or what to do)."""

    name: str
    well: bool
    seen: str


async def check_all(settings: BotSettings) -> bool:
    """Print what there is to say about the bot's set-up; return whether all is well."""
    console = Console(soft_wrap=True)
    well = True
    async for finding in _findings(settings):
        well = well and finding.well
        mark = "[green]✓[/green]" if finding.well else "[red]✗[/red]"
        console.print(f"{mark} {finding.name:14}", end=" ", highlight=False)
        console.print(finding.seen, highlight=False, markup=False)
    return well


async def _findings(settings: BotSettings) -> AsyncIterator[Finding]:
    collection = Collection()
    try:
        yield await _library(collection)
    finally:
        await collection.close()
    try:
        store = await Store.open(settings.discord_store, settings.discord_keep_days)
    except StartError as error:
        yield Finding("store", False, str(error))
        return
    try:
        yield Finding("store", True, f"{settings.discord_store}, kept for {settings.discord_keep_days} days")
        yield await _health(settings)
        async for finding in _discord(settings, store):
            yield finding
    finally:
        await store.close()


async def _library(collection: Collection) -> Finding:
    try:
        await collection.load()
    except CitebotError as error:
        return Finding("library", False, str(error))
    model = f"; answers by {collection.model}" if collection.model else "; no language model: abstracts are quoted"
    return Finding("library", collection.count > 0, f"{collection.count} papers, {collection.name}{model}")


async def _health(settings: BotSettings) -> Finding:
    if settings.health_port is None:
        return Finding("health", True, "no endpoint; CITEBOT_HEALTH_PORT sets its port")
    try:
        runner = await serve_health(dict, settings.health_host, settings.health_port)
    except StartError as error:
        return Finding("health", False, str(error))
    await runner.cleanup()
    return Finding("health", True, f"http://{settings.health_host}:{settings.health_port}/health")


async def _discord(settings: BotSettings, store: Store) -> AsyncIterator[Finding]:
    """Yield what Discord says to the token: who the bot is, its gateway, servers and commands."""
    token = settings.token.get_secret_value()
    if not token:
        yield Finding("DISCORD_TOKEN", False, "not set; the README says where to get it")
        return
    point_at(settings)
    async with _OnlyLookingClient(_services(settings, store)) as client:
        try:
            await client.login(token)
        except discord.LoginFailure:
            yield Finding("DISCORD_TOKEN", False, "Discord does not know it; copy it anew from the developer portal")
            return
        except (*_NETWORK, discord.HTTPException) as error:
            yield Finding("Discord", False, f"{settings.discord_api} does not answer as it should ({_kind(error)})")
            return
        assert client.user is not None
        yield Finding("DISCORD_TOKEN", True, f"of {clean(client.user.name)} ({client.user.id})")
        for look in (_gateway, _servers, _commands, _admins):
            try:
                yield await look(client, settings)
            except (*_NETWORK, discord.DiscordException) as error:
                yield Finding(look.__name__.strip("_"), False, f"could not be looked at ({_kind(error)}); try again")
        yield Finding("invite link", True, invitation(client.application_id or client.user.id))


class _OnlyLookingClient(CitebotClient):
    """A client that logs in and changes nothing."""

    async def setup_hook(self) -> None:
        """Leave the commands as they are."""


def _services(settings: BotSettings, store: Store) -> Services:
    pipeline = Pipeline(workers=1, queue=1, time_limit=1.0)
    return Services(settings, store, Collection(), pipeline, CoolDown(0), CoolDown(0))


async def _gateway(client: CitebotClient, settings: BotSettings) -> Finding:
    """Look whether the gateway says hello; the bot does not identify itself, so no session is used up."""
    address = str(settings.discord_gateway)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, params={"v": "10", "encoding": "json"}) as socket,
    ):
        hello: dict[str, Any] = await asyncio.wait_for(socket.receive_json(), _HELLO_SECONDS)
    well = hello.get("op") == _HELLO
    return Finding("gateway", well, address if well else f"{address} does not speak as Discord's gateway does")


async def _servers(client: CitebotClient, settings: BotSettings) -> Finding:
    guilds = await client.http.get_guilds(200)
    if not guilds:
        return Finding("servers", False, "none yet: open the invite link below and choose one")
    lacking = []
    for guild in guilds:
        has = discord.Permissions(int(guild["permissions"]))
        missing = [name for name, wanted in PERMISSIONS if wanted and not getattr(has, name) and not has.administrator]
        if missing:
            lacking.append(f"{clean(guild['name'])} lacks {', '.join(missing)}")
    if lacking:
        return Finding("servers", False, "; ".join(lacking) + ": open the invite link below again, or change my role")
    return Finding("servers", True, f"{len(guilds)}, with all permissions that I need")


async def _commands(client: CitebotClient, settings: BotSettings) -> Finding:
    known = {command.name for command in await client.tree.fetch_commands()}
    missing = sorted(command.name for command in client.tree.get_commands() if command.name not in known)
    seen = (
        f"not yet known to Discord: {', '.join(missing)}; the bot tells it at its start"
        if missing
        else "known to Discord"
    )
    return Finding("commands", True, seen)


async def _admins(client: CitebotClient, settings: BotSettings) -> Finding:
    others = len(settings.discord_admins - client.owners)
    seen = f"the bot's owner, and {others} of CITEBOT_DISCORD_ADMINS" if others else "the bot's owner alone"
    return Finding("admins", True, seen)


def _kind(error: BaseException) -> str:
    return f"status {error.status}" if isinstance(error, discord.HTTPException) else type(error).__name__
