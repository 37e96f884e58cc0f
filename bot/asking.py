"""A question's road through Discord: its turn, the answer as it grows, the answer whole, or why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import aiohttp
import discord

from bot import log
from bot.buttons import answer_views
from bot.delivery import Destination, Shown, Telling
from bot.errors import Refusal, line_for, new_reference
from bot.pipeline import Place
from bot.rendering import PAGE_CHARACTERS, answer_embeds, growing_embed, pages_of
from bot.services import Services
from bot.store import KeptAnswer, new_answer_id
from rag.answers import Answer, Turn
from rag.errors import PaperNotFoundError
from rag.papers import Paper

QUESTION_CHARACTERS = 1_000
WAIT_SECONDS = 3.0
_OPENING = "I am still opening my papers. Your answer comes as soon as that is done."


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what was said before it, who asked it and how, and where the answer goes.

    `titled`: the answer says the question, because nothing else there does. `thread`: offer to follow up in one.
    `room`: the characters of a page.
    """

    question: str
    history: Sequence[Turn]
    asker: int
    how: str
    destination: Destination
    titled: bool
    thread: bool = False
    room: int = PAGE_CHARACTERS


async def answer(asked: Asked, services: Services) -> None:
    """Answer a question. Whatever happens, the asker gets a reply, and the log a line with its reference."""
    reference = new_reference()
    log.note("asked", ref=reference, how=asked.how, characters=len(asked.question), turns=len(asked.history))
    try:
        found = await _answer_of(asked, services)
        await _deliver(found, asked, services)
        log.note("answered", ref=reference, how=asked.how, status=found.status, kind=found.kind, seconds=found.seconds)
    except Refusal as refusal:
        log.note("refused", ref=reference, why=str(refusal))
        await _apologise(asked, refusal, reference)
    except asyncio.CancelledError as stopped:
        log.note("stopped", ref=reference, how=asked.how)
        await _apologise(asked, stopped, reference)
        raise
    except Exception as error:
        log.note_failure("answer", reference, error, how=asked.how)
        await _apologise(asked, error, reference)


async def _answer_of(asked: Asked, services: Services) -> Answer:
    """Return the answer, having kept the asker informed until it was there."""
    if len(asked.question) > QUESTION_CHARACTERS:
        raise Refusal(f"That question is too long for me: {QUESTION_CHARACTERS:,} characters at most, please.")
    if services.open_work.closing:
        raise Refusal("I am being restarted. Please ask again in a minute.")
    async with Telling(asked.destination) as telling:

        def grown(so_far: Answer) -> None:
            make = partial(growing_embed, so_far, asked.question, title=asked.titled, room=asked.room)
            telling.tell(lambda: Shown(embed=make()))

        informing = asyncio.create_task(_inform(telling, lambda: _OPENING))
        try:
            await services.collection.loaded()
            with services.pipeline.place() as place:
                informing.cancel()
                informing = asyncio.create_task(_inform(telling, lambda: _line_of(place)))
                return await services.pipeline.answer(place, services.collection, asked.question, asked.history, grown)
        finally:
            informing.cancel()


def _line_of(place: Place) -> str | None:
    """Return what somebody hears who waits; None as soon as the turn has come."""
    number = place.number
    return f"Your question is number {number} in the line. I answer as soon as its turn has come." if number else None


async def _inform(telling: Telling, line_now: Callable[[], str | None]) -> None:
    """Tell an asker who has to wait for long why that is, until there is no reason any more."""
    last = None
    while True:
        await asyncio.sleep(WAIT_SECONDS)
        line = line_now()
        if line is None:
            return
        if line != last:
            telling.tell(partial(Shown, line))
            last = line


async def _deliver(found: Answer, asked: Asked, services: Services) -> None:
    """Show the answer, page by page, each with its papers; kept first, so that the buttons work when they are seen."""
    kept = KeptAnswer(new_answer_id(), asked.question, found.text, found.citations)
    await services.store.keep(kept, asked.asker)
    pages = pages_of(found, asked.room)
    embeds = answer_embeds(found, pages, asked.question, title=asked.titled)
    views = answer_views(pages, kept.id, await _suggested(found, services), thread=asked.thread)
    for number, (embed, view) in enumerate(zip(embeds, views, strict=True)):
        shown = Shown(embed=embed, view=view)
        await (asked.destination.add(shown) if number else asked.destination.show(shown))


async def _suggested(found: Answer, services: Services) -> list[Paper]:
    """Return the papers that an answer suggests, by their titles."""
    papers = []
    for title in found.suggestions[:3] if found.status == "declined" else ():
        try:
            papers.append((await services.collection.paper_by_id(title))[0])
        except PaperNotFoundError:  # several have the title, or it was removed this moment
            continue
    return papers


async def _apologise(asked: Asked, error: BaseException, reference: str) -> None:
    try:
        await asked.destination.show(Shown(line_for(error, reference)))
    except (discord.HTTPException, OSError, aiohttp.ClientError, TimeoutError) as silent:
        log.note_failure("apologise", reference, silent)
