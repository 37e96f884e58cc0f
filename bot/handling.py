"""What every command and every button has in common: acknowledged first, done once, and a line for whoever it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord

from bot import log
from bot.delivery import Shown, ToInteraction, acknowledge
from bot.errors import Refusal, line_for, new_reference
from bot.services import services_of


async def handle(
    interaction: discord.Interaction[Any],
    doing: str,
    work: Callable[[ToInteraction], Awaitable[None]],
    *,
    ephemeral: bool = True,
    in_place: bool = False,
) -> None:
    """Acknowledge an interaction, do the work, and say so if it fails.

    `ephemeral`: the reply is for the asker alone; `in_place`: it takes the place of the message that was clicked on.
    An interaction that Discord delivers a second time is left alone.
    """
    services = services_of(interaction)
    if not services.first_time(interaction.id):
        return
    with services.open_work.owed():
        await _handle(interaction, doing, work, ephemeral=ephemeral, in_place=in_place)


async def _handle(
    interaction: discord.Interaction[Any],
    doing: str,
    work: Callable[[ToInteraction], Awaitable[None]],
    *,
    ephemeral: bool,
    in_place: bool,
) -> None:
    acknowledged = await acknowledge(interaction, ephemeral=ephemeral, thinking=not in_place)
    destination = ToInteraction(interaction, ephemeral=ephemeral, acknowledged=acknowledged)
    reference = new_reference()
    try:
        await work(destination)
        log.note("done", ref=reference, doing=doing)
    except asyncio.CancelledError as stopped:
        await _apologise(interaction, destination, stopped, reference, in_place=in_place)
        raise
    except Exception as error:
        if isinstance(error, Refusal):
            log.note("refused", ref=reference, doing=doing, why=str(error))
        else:
            log.note_failure(doing, reference, error)
        await _apologise(interaction, destination, error, reference, in_place=in_place)


async def _apologise(
    interaction: discord.Interaction[Any],
    destination: ToInteraction,
    error: BaseException,
    reference: str,
    *,
    in_place: bool,
) -> None:
    line = line_for(error, reference)
    try:
        if in_place:  # what was clicked on stays as it is
            await interaction.followup.send(line, ephemeral=True)
        else:
            await destination.show(Shown(line))
    except (discord.HTTPException, OSError, aiohttp.ClientError, TimeoutError) as silent:
        log.note_failure("apologise", reference, silent)
