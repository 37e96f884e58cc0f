"""What can go wrong in Discord, and the one line that the asker reads about it.

An exception's own text is for the log. The line has a reference that stands in the log, too.
"""

from __future__ import annotations

import asyncio
import secrets

import discord

from rag.errors import CitebotError, LibraryError, PaperNotFoundError, SourceError


class StartError(CitebotError):
    """The bot cannot start as it is set up; the message says which setting to look at."""

    exit_status = 2


class Refusal(Exception):  # noqa: N818 - nothing is wrong; it is said politely that it is not done
    """The bot does not do what was asked; the message is for the asker, as it is."""


class TimeLimitError(CitebotError):
    """An answer took longer than it may."""


def new_reference() -> str:
    """Return a short reference under which a person and the log speak of the same event."""
    return secrets.token_hex(4)


def line_for(error: BaseException, reference: str) -> str:
    """Return the line that tells the asker what happened, without any of the error's own text."""
    if isinstance(error, Refusal):
        return str(error)
    return f"{_sentence_for(error)} (reference `{reference}`)"


def _sentence_for(error: BaseException) -> str:
    match error:
        case TimeLimitError():
            return "Sorry, this took too long and I stopped. Please try again, perhaps with a simpler question."
        case asyncio.CancelledError():
            return "Sorry, I am being restarted and could not finish. Please ask again in a minute."
        case PaperNotFoundError():
            return "I know no paper of that name. `/papers` lists those that I have."
        case SourceError():
            return "I could not read that. I read saved “trending papers” pages and JSON lines."
        case LibraryError():
            return "Sorry, I cannot read my papers at the moment. Please tell whoever runs me."
        case discord.Forbidden():
            return "Sorry, I lack a permission for that in this channel. Please ask a moderator to look at my role."
        case discord.HTTPException():
            return "Sorry, Discord did not take my reply. Please try again in a minute."
        case _:
            return "Sorry, that did not work. Please try again; if it fails again, tell whoever runs me."
