"""What the parts of the bot share: one object, made at the start and handed on."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import discord

from bot.collection import Collection
from bot.cooldown import CoolDown
from bot.open_work import OpenWork
from bot.pipeline import Pipeline
from bot.settings import BotSettings
from bot.store import Store

_REMEMBERED_EVENTS = 10_000
_FORBIDDEN_HERE = "I am not to answer in this channel. Please ask me in another one, or write to me directly."


@dataclass(slots=True)
class Services:
    """The bot's parts; they outlive a connection to Discord.

    `told`: who has lately been told that a message is not answered. `channels`: which channels admins have allowed or
    forbidden, by guild and channel, as the store has them.
    """

    settings: BotSettings
    store: Store
    collection: Collection
    pipeline: Pipeline
    by_user: CoolDown
    by_channel: CoolDown
    told: CoolDown = field(default_factory=lambda: CoolDown(1))
    channels: dict[tuple[int, int], bool] = field(default_factory=dict)
    open_work: OpenWork = field(default_factory=OpenWork)
    started: float = field(default_factory=time.time)
    _seen: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def first_time(self, event: int) -> bool:
        """Return whether a message or an interaction with this id is new: after RESUME some come twice."""
        if event in self._seen:
            return False
        self._seen[event] = None
        if len(self._seen) > _REMEMBERED_EVENTS:
            self._seen.popitem(last=False)
        return True

    def may_speak(self, guild: int | None, places: Iterator[int]) -> bool:
        """Return whether admins let the bot answer in a channel; `places` are its id and, of a thread, its parent's.

        Where a guild has channels that are allowed, only those are; a forbidden one never is.
        """
        if guild is None:
            return True
        rules = [self.channels[guild, place] for place in places if (guild, place) in self.channels]
        if rules:
            return rules[0]
        return not any(allowed for (of, _), allowed in self.channels.items() if of == guild)

    def refusal(self, user: int, guild: int | None, places: list[int]) -> str | None:
        """Return why a question is not taken here and now, as a line for the asker; None if it is.

        A question that is taken counts for the cool-downs.
        """
        if not self.may_speak(guild, iter(places)):
            return _FORBIDDEN_HERE
        wait = max(self.by_user.wait(user), self.by_channel.wait(places[0]))
        if wait > 0:
            at = int(time.time() + wait) + 1
            who = "You have" if self.by_user.wait(user) else "This channel has"
            return f"{who} asked a lot just now. I take the next question <t:{at}:R>."
        self.by_user.take(user)
        self.by_channel.take(places[0])
        return None


def services_of(interaction: discord.Interaction[Any]) -> Services:
    """Return the services of the client that received the interaction."""
    services: Services = interaction.client.services
    return services


def places_of(channel: object) -> list[int]:
    """Return the id of a channel, and of a thread's parent behind it."""
    own = [getattr(channel, "id", 0)]
    return [*own, channel.parent_id] if isinstance(channel, discord.Thread) else own
