"""Getting words to the asker through bad weather: acknowledged at once, sent once, never lost without a word.

A reply goes to a `Destination`: the answer to an interaction, or to a message. Where Discord no longer takes the answer
to an interaction (its three seconds or its fifteen minutes are over), it goes to the channel, or, if it was
meant for the asker alone, to the asker's direct messages.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import aiohttp
import discord
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_fixed,
    wait_random_exponential,
)

from bot import log
from bot.inert import inert, shortened

ACKNOWLEDGE_SECONDS = 2.8  # Discord waits for 3
_ONE_TRY_SECONDS = 0.9  # less than discord.py's pause after an error of the server, so that three tries fit
_TOKEN_LIFE = timedelta(minutes=14, seconds=30)  # Discord takes it for 15 minutes
_EDIT_SECONDS = 1.0
_FIRST_EDIT_SECONDS = 0.3
_ALREADY_ACKNOWLEDGED = 40060
_TOKEN_IS_OVER = frozenset({50027, 10062, 10015})  # invalid webhook token, unknown interaction, unknown webhook
_UNKNOWN_MESSAGE = 10008
_MAY_NOT_REPLY = 160002
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Shown:
    """What one message shows: a line, an embed, or both; and its buttons."""

    content: str | None = None
    embed: discord.Embed | None = None
    view: discord.ui.View | None = None


class Destination(Protocol):
    """Where a reply goes: one message that may be changed, and further ones behind it."""

    async def show(self, shown: Shown) -> None:
        """Show this in the first message; it is made, or changed."""

    async def add(self, shown: Shown) -> None:
        """Show this in a further message."""


# --------------------------------------------------------------------------- bad weather


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, OSError | aiohttp.ClientError | TimeoutError | discord.DiscordServerError)


async def persistently(call: Callable[[], Awaitable[_Result]]) -> _Result:
    """Return what a call to Discord gives; it is repeated while the network or Discord's servers fail.

    For calls that may be repeated without harm: edits, and messages with a nonce.
    """
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        wait=wait_random_exponential(0.25, max=5),
        stop=stop_after_attempt(6),
        reraise=True,
    ):
        with attempt:
            return await call()
    raise AssertionError("tenacity returns or raises")


async def acknowledge(interaction: discord.Interaction[Any], *, ephemeral: bool = False, thinking: bool = True) -> bool:
    """Tell Discord that the interaction has arrived; return False if Discord did not hear it in time.

    Tried again at once where it fails: discord.py pauses for one second and then three, too long for the three that
    Discord waits.
    """
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_fixed(0.05),
            stop=stop_after_delay(ACKNOWLEDGE_SECONDS - _ONE_TRY_SECONDS),
            reraise=True,
        ):
            with attempt:
                defer = interaction.response.defer(ephemeral=ephemeral, thinking=thinking)
                await asyncio.wait_for(defer, _ONE_TRY_SECONDS)
    except discord.HTTPException as error:
        if error.code == _ALREADY_ACKNOWLEDGED:  # the answer to an earlier try was lost
            return True
        log.note("unacknowledged", code=error.code, status=error.status)
        return False
    except (OSError, aiohttp.ClientError, TimeoutError) as error:
        log.note("unacknowledged", error=type(error).__name__)
        return False
    return True


# --------------------------------------------------------------------------- destinations


class ToChannel:
    """Replies as messages in a channel, the first one as a reply to `reply_to` if there is one."""

    def __init__(
        self,
        channel: discord.abc.Messageable,
        *,
        reply_to: discord.Message | None = None,
        prefix: str | None = None,
        otherwise: discord.abc.Messageable | None = None,
        plain: bool = False,
    ) -> None:
        """Reply in `channel`.

        `prefix` is a line above the first message: whom it is for, where that cannot be seen. `otherwise`: where to
        write if the bot may not write there. `plain`: embeds are not allowed; their words are sent instead.
        """
        self._channel = channel
        self._otherwise = otherwise
        self._plain = plain
        self._reference = reply_to.to_reference(fail_if_not_exists=False) if reply_to is not None else None
        self._prefix = prefix
        self._message: discord.Message | None = None

    async def show(self, shown: Shown) -> None:
        """Send the first message, or change it; one that somebody deleted stays deleted."""
        if self._plain:
            shown = _without_embed(shown)
        content = "\n".join(line for line in (self._prefix, shown.content) if line) or None
        if self._message is None:
            self._message = await self._send_first(Shown(content, shown.embed, shown.view))
            return
        message = self._message
        try:
            await persistently(lambda: message.edit(content=content, embed=shown.embed, view=shown.view))
        except discord.NotFound as error:
            if error.code != _UNKNOWN_MESSAGE:
                raise

    async def _send_first(self, shown: Shown) -> discord.Message:
        try:
            return await self._send(shown, self._reference)
        except discord.HTTPException as error:
            if error.code == _MAY_NOT_REPLY:  # without the history to read; it can be said, though
                return await self._send(shown, None)
            if not isinstance(error, discord.Forbidden) or self._otherwise is None:
                raise
            log.note("forbidden-to-write")
        self._channel, self._otherwise = self._otherwise, None
        self._prefix = "-# I may not write in the channel where you asked, so here it is."
        content = "\n".join(line for line in (self._prefix, shown.content) if line)
        return await self._send(Shown(content, shown.embed, shown.view), None)

    async def add(self, shown: Shown) -> None:
        """Send a further message, as a reply to the one before it, so that they stay together."""
        if self._plain:
            shown = _without_embed(shown)
        before = self._message.to_reference(fail_if_not_exists=False) if self._message else None
        self._message = await self._send(shown, before)

    async def _send(self, shown: Shown, reference: discord.MessageReference | None) -> discord.Message:
        fields: dict[str, Any] = {"content": shown.content, "embed": shown.embed, "view": shown.view}
        fields = {name: value for name, value in fields.items() if value is not None}
        if reference is not None:
            fields["reference"] = reference
        if self._plain:
            fields["suppress_embeds"] = True  # no preview of anything
        nonce = secrets.randbits(63)  # Discord makes no second message of the same nonce
        return await persistently(lambda: self._channel.send(nonce=nonce, **fields))


def _without_embed(shown: Shown) -> Shown:
    """Return what an embed says as a line and text."""
    if shown.embed is None:
        return shown
    title = f"**{shown.embed.title}**" if shown.embed.title else ""
    foot = f"-# {shown.embed.footer.text}" if shown.embed.footer.text else ""
    parts = (shown.content, title, shown.embed.description, foot)
    return Shown("\n".join(part for part in parts if part), None, shown.view)


class ToInteraction:
    """Replies as the answer to an interaction, or, where Discord takes none any more, elsewhere."""

    def __init__(self, interaction: discord.Interaction[Any], *, ephemeral: bool, acknowledged: bool) -> None:
        """`ephemeral`: for the asker alone."""
        self._interaction = interaction
        self._ephemeral = ephemeral
        self._elsewhere: ToChannel | None = None if acknowledged else self._find_elsewhere()

    def _find_elsewhere(self) -> ToChannel:
        user, channel = self._interaction.user, self._interaction.channel
        if self._ephemeral or not isinstance(channel, discord.abc.Messageable):
            return ToChannel(user)
        name = shortened(inert(user.display_name), 80)
        return ToChannel(channel, prefix=f"-# for {name}, whose command took too long to be answered in its place")

    async def show(self, shown: Shown) -> None:
        """Show this as the answer."""
        await self._deliver(
            lambda: self._interaction.edit_original_response(content=shown.content, embed=shown.embed, view=shown.view),
            lambda place: place.show(shown),
        )

    async def add(self, shown: Shown) -> None:
        """Show this behind the answer."""
        fields: dict[str, Any] = {"content": shown.content, "embed": shown.embed, "view": shown.view}
        given = {name: value for name, value in fields.items() if value is not None}
        await self._deliver(
            lambda: self._interaction.followup.send(ephemeral=self._ephemeral, wait=True, **given),
            lambda place: place.add(shown),
        )

    async def _deliver(
        self, call: Callable[[], Awaitable[object]], instead: Callable[[ToChannel], Awaitable[None]]
    ) -> None:
        if self._elsewhere is None and discord.utils.utcnow() - self._interaction.created_at < _TOKEN_LIFE:
            try:
                await persistently(call)
                return
            except discord.HTTPException as error:
                if error.code == _UNKNOWN_MESSAGE:  # the asker has put it away
                    return
                if error.code not in _TOKEN_IS_OVER:
                    raise
        if self._elsewhere is None:
            self._elsewhere = self._find_elsewhere()
        await instead(self._elsewhere)


# --------------------------------------------------------------------------- what changes while one waits


class Telling:
    """Keeps a reply up to date while it is being made: the newest state, at most once a second.

    Each reply has its own timer. Use it as a context: at its end nothing of it is under way any more, so that
    what is shown next stays.
    """

    def __init__(self, destination: Destination) -> None:
        """Show on `destination`."""
        self._destination = destination
        self._newest: Callable[[], Shown] | None = None
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._shown_at = -_EDIT_SECONDS

    def tell(self, make: Callable[[], Shown]) -> None:
        """Show what `make` returns, when its time has come, unless something newer is told before."""
        self._newest = make
        self._news.set()

    async def __aenter__(self) -> Telling:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        self._news.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._news.wait()
            await self._pause(_FIRST_EDIT_SECONDS)  # what is whole by then is shown whole at once
            if self._over.is_set():
                break
            self._news.clear()
            assert self._newest is not None
            self._shown_at = loop.time()
            try:
                await self._destination.show(self._newest())
            except (discord.HTTPException, OSError, aiohttp.ClientError, TimeoutError) as error:
                # A state on the way; the whole answer is tried for itself.
                log.note("not-shown", error=type(error).__name__)
            await self._pause(_EDIT_SECONDS)
        await asyncio.sleep(max(0.0, self._shown_at + _EDIT_SECONDS - loop.time()))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)
