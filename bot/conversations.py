"""Who is addressed, what is asked, and what was said before: from Discord's messages to a question with its history."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import discord

from bot.inert import clean
from bot.store import KeptAnswer
from rag.answers import Turn

HISTORY_MESSAGES = 10
_SAME_TALK = timedelta(hours=2)  # in direct messages nothing else tells one talk from the next
_ANSWER_ID = re.compile(r"cb:\w+:(?P<answer>[0-9a-f]{16})\b")
_MENTION = re.compile(r"<@!?(\d{1,20})>")
_ESCAPED = re.compile(r"\\([^\w\s])")
_ORDINARY = frozenset({discord.MessageType.default, discord.MessageType.reply})


@dataclass(frozen=True, slots=True)
class Said:
    """A message as far as conversations go. `answer_id`: of the answer that it shows, if it shows one."""

    message_id: int
    by_bot: bool
    text: str
    answer_id: str | None = None


def is_addressed(*, direct: bool, mentioned: bool, by_bot: bool, ordinary: bool) -> bool:
    """Return whether a message is meant for the bot.

    `direct`: in direct messages; `mentioned`: it mentions the bot, as a reply to the bot does; `by_bot`: a bot or a
    webhook wrote it; `ordinary`: somebody typed it (nobody joined, pinned or boosted).
    """
    return (direct or mentioned) and not by_bot and ordinary


def is_for(message: discord.Message, me: discord.abc.User) -> bool:
    """Return whether a message is meant for `me`."""
    return is_addressed(
        direct=message.guild is None,
        mentioned=any(user.id == me.id for user in message.mentions),
        by_bot=message.author.bot or message.webhook_id is not None,
        ordinary=message.type in _ORDINARY,
    )


def question_in(content: str, me: int, names: Mapping[int, str] | None = None) -> str:
    """Return what is asked in a message: its text without mentions of the bot (whose id is `me`), others by name."""
    called = {me: " ", **{id_: name for id_, name in (names or {}).items() if id_ != me}}
    return clean(_MENTION.sub(lambda match: called.get(int(match[1]), " "), content))


def question_of(message: discord.Message, me: discord.abc.User) -> str:
    """Return what is asked in a message."""
    return question_in(message.content, me.id, {user.id: user.display_name for user in message.mentions})


def turns(said: Sequence[Said], kept: dict[str, KeptAnswer]) -> list[Turn]:
    """Return a conversation (oldest first) as the assistant takes it.

    An answer that is kept brings its question along, be it that of a command, which is in no message; then the
    message in which it was asked is not said twice. Service lines of the bot are no part of it.
    """
    result: list[Turn] = []
    shown: set[str] = set()
    for each in said:
        if not each.by_bot:
            if each.text:
                result.append(Turn("user", each.text))
        elif each.answer_id in kept:
            answer = kept[each.answer_id]
            if answer.id in shown:  # its second page
                continue
            shown.add(answer.id)
            if not result or result[-1] != Turn("user", answer.question):
                result.append(Turn("user", answer.question))
            result.append(Turn("assistant", answer.text))
        elif each.answer_id is not None and each.text:
            result.append(Turn("assistant", each.text))
    return result


async def history_of(
    message: discord.Message, me: discord.abc.User, look_up: Callable[[str], Awaitable[KeptAnswer | None]]
) -> list[Turn]:
    """Return what was said before a message: its thread, its direct messages or its reply chain; oldest first.

    At most the last HISTORY_MESSAGES messages. What the bot may not read is left out.
    """
    earlier: list[discord.Message] = []
    try:
        async for each in _before(message):
            earlier.append(each)
            if len(earlier) >= HISTORY_MESSAGES:
                break
    except (discord.Forbidden, discord.NotFound):
        pass  # no permission to read on, or deleted: the history ends here
    said = [_said(each, me) for each in reversed(earlier)]
    kept: dict[str, KeptAnswer] = {}
    for answer_id in {each.answer_id for each in said if each.answer_id}:
        answer = await look_up(answer_id)
        if answer is not None:
            kept[answer_id] = answer
    return turns(said, kept)


async def _before(message: discord.Message) -> AsyncIterator[discord.Message]:
    """Yield the messages before a message, newest first."""
    channel = message.channel
    if isinstance(channel, discord.Thread):
        async for each in channel.history(limit=HISTORY_MESSAGES, before=message):
            if each.type in _ORDINARY:
                yield each
        # A thread that was opened on an answer has the answer's own id.
        if isinstance(channel.parent, discord.TextChannel):
            yield await channel.parent.fetch_message(channel.id)
        return
    if message.reference is not None:
        async for each in _reply_chain(message):
            yield each
        return
    if message.guild is None:
        async for each in channel.history(
            limit=HISTORY_MESSAGES, before=message, after=message.created_at - _SAME_TALK, oldest_first=False
        ):
            yield each


async def _reply_chain(message: discord.Message) -> AsyncIterator[discord.Message]:
    """Yield what a message replies to, what that replies to, and so on."""
    for _ in range(HISTORY_MESSAGES):
        reference = message.reference
        if reference is None or reference.message_id is None:
            return
        if isinstance(reference.resolved, discord.DeletedReferencedMessage):
            return
        message = reference.resolved or await message.channel.fetch_message(reference.message_id)
        yield message


def _said(message: discord.Message, me: discord.abc.User) -> Said:
    if message.author.id != me.id:
        return Said(message.id, False, question_of(message, me))
    text = "\n".join(embed.description or "" for embed in message.embeds)
    return Said(message.id, True, _plain(text), answer_id_of(message))


def answer_id_of(message: discord.Message) -> str | None:
    """Return the id of the answer that a message shows, from its buttons; None if it shows none."""
    for row in message.components:
        for child in getattr(row, "children", []):
            if match := _ANSWER_ID.match(getattr(child, "custom_id", None) or ""):
                return match["answer"]
    return None


def _plain(shown: str) -> str:
    """Return the words of a text that was shown, without what made it inert."""
    return _ESCAPED.sub(r"\1", shown).replace("\u200b", "")
