"""Mentions, replies and direct messages: questions without a command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import discord

from bot import log
from bot.asking import Asked, answer
from bot.conversations import history_of, is_for, question_of
from bot.delivery import Shown, ToChannel
from bot.errors import line_for, new_reference
from bot.rendering import PAGE_CHARACTERS, PLAIN_PAGE_CHARACTERS
from bot.services import Services, places_of

_TYPING_SECONDS = 8.0  # Discord shows it for 10
_HELP = "Ask me something about the papers, in the message in which you mention me. `/about` says what I can do."
_NETWORK = (discord.HTTPException, OSError, aiohttp.ClientError, TimeoutError)


async def hear(message: discord.Message, me: discord.abc.User, services: Services) -> None:
    """Answer a message, if it is meant for the bot and was not heard before."""
    if is_for(message, me) and services.first_time(message.id):
        with services.open_work.owed():
            await _reply(message, me, services)


async def _reply(message: discord.Message, me: discord.abc.User, services: Services) -> None:
    guild = message.guild
    plain = guild is not None and guild.me is not None and not message.channel.permissions_for(guild.me).embed_links
    destination = ToChannel(message.channel, reply_to=message, otherwise=message.author, plain=plain)
    places = places_of(message.channel)
    try:
        if not services.may_speak(guild.id if guild else None, iter(places)):
            destination = ToChannel(message.author)  # in a channel that is forbidden, not even this line
        if refusal := services.refusal(message.author.id, guild.id if guild else None, places):
            log.note("refused", how="message", why=refusal)
            if not services.told.wait(message.author.id):  # once is enough: a flood is not answered with a flood
                services.told.take(message.author.id)
                await destination.show(Shown(refusal))
            return
        async with _typing(message.channel):
            question = question_of(message, me)
            if not question:
                await destination.show(Shown(_HELP))
                return
            history = await history_of(message, me, services.store.answer)
            room = PLAIN_PAGE_CHARACTERS if plain else PAGE_CHARACTERS
            how = "direct" if guild is None else "mention"
            asked = Asked(question, history, message.author.id, how, destination, titled=False, room=room)
            await answer(asked, services)
    except Exception as error:
        reference = new_reference()
        log.note_failure("message", reference, error)
        with suppress(*_NETWORK):
            await destination.show(Shown(line_for(error, reference)))


@asynccontextmanager
async def _typing(channel: discord.abc.Messageable) -> AsyncIterator[None]:
    """Show that the bot is typing, at once and until the end; it is no harm if Discord does not."""

    async def keep_on() -> None:
        while True:
            with suppress(*_NETWORK):
                await channel.typing()
            await asyncio.sleep(_TYPING_SECONDS)

    task = asyncio.create_task(keep_on())
    try:
        yield
    finally:
        task.cancel()
