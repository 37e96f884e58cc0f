"""The slash commands that everybody may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

from bot import log
from bot.asking import QUESTION_CHARACTERS, Asked, answer
from bot.buttons import QUERY_CHARACTERS, list_page, paper_shown, query_that_fits
from bot.delivery import Shown, ToInteraction, acknowledge
from bot.handling import handle
from bot.inert import clean, label
from bot.rendering import about_embed
from bot.services import places_of, services_of

MOST_CHOICES = 25
CHOICE_CHARACTERS = 100
_THREADABLE = frozenset({discord.ChannelType.text, discord.ChannelType.news})

_Interaction = discord.Interaction[Any]
_Question = app_commands.Range[str, 1, QUESTION_CHARACTERS]
_Name = app_commands.Range[str, 1, 300]
_Query = app_commands.Range[str, 1, QUERY_CHARACTERS]


async def choose_paper(interaction: _Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Return the papers that what was typed may mean, as choices."""
    found = await services_of(interaction).collection.named_like(typed, MOST_CHOICES)
    return [app_commands.Choice(name=label(each.title, CHOICE_CHARACTERS), value=each.paper_id) for each in found]


async def _ask(
    interaction: _Interaction, make_question: Callable[[], Awaitable[str]], *, how: str, private: bool = False
) -> None:
    """Acknowledge a question, only then make it, and answer it; what is refused is told to the asker alone."""
    services = services_of(interaction)
    if not services.first_time(interaction.id):
        return
    with services.open_work.owed():
        refusal = services.refusal(interaction.user.id, interaction.guild_id, places_of(interaction.channel))
        alone = private or refusal is not None
        acknowledged = await acknowledge(interaction, ephemeral=alone)
        destination = ToInteraction(interaction, ephemeral=alone, acknowledged=acknowledged)
        if refusal is not None:
            log.note("refused", how=how, why=refusal)
            await destination.show(Shown(refusal))
            return
        question = await make_question()
        thread = not alone and _can_have_threads(interaction)
        await answer(Asked(question, (), interaction.user.id, how, destination, titled=True, thread=thread), services)


def _can_have_threads(interaction: _Interaction) -> bool:
    kind = getattr(interaction.channel, "type", None)
    return kind in _THREADABLE and interaction.app_permissions.create_public_threads


@app_commands.command(description="Ask the papers a question; every sentence of the answer is quoted and cited.")
@app_commands.describe(question="What you want to know", private="Show the answer to you alone")
async def ask(interaction: _Interaction, question: _Question, private: bool = False) -> None:
    """Answer a question."""

    async def make() -> str:
        return clean(question)

    await _ask(interaction, make, how="ask", private=private)


@app_commands.command(description="List the papers, or those nearest to a query.")
@app_commands.describe(query="What to look for; without it, all papers")
async def papers(interaction: _Interaction, query: _Query | None = None) -> None:
    """Show the first page of the list."""

    async def work(to: ToInteraction) -> None:
        await to.show(await list_page(interaction, query_that_fits(query or ""), 0))

    await handle(interaction, "papers", work)


@app_commands.command(description="Show a paper: abstract, links, similar papers.")
@app_commands.describe(name="Title or acronym; choose from the list")
@app_commands.autocomplete(name=choose_paper)
async def paper(interaction: _Interaction, name: _Name) -> None:
    """Show a paper."""

    async def work(to: ToInteraction) -> None:
        collection = services_of(interaction).collection
        found, sentences = await collection.paper(name)
        await to.show(paper_shown(found, sentences, await collection.similar(found)))

    await handle(interaction, "paper", work, ephemeral=False)


@app_commands.command(description="Compare two papers.")
@app_commands.describe(a="Title or acronym; choose from the list", b="The other one")
@app_commands.autocomplete(a=choose_paper, b=choose_paper)
async def compare(interaction: _Interaction, a: _Name, b: _Name) -> None:
    """Answer what two papers claim beside one another."""
    collection = services_of(interaction).collection

    async def make() -> str:
        one, other = [await collection.title_of(name) for name in (a, b)]
        return f"How do “{one}” and “{other}” compare?"

    await _ask(interaction, make, how="compare")


@app_commands.command(description="What I am, which papers I have, and what I keep.")
async def about(interaction: _Interaction) -> None:
    """Show what the bot is."""

    async def work(to: ToInteraction) -> None:
        services = services_of(interaction)
        await services.collection.loaded()
        await to.show(
            Shown(
                embed=about_embed(
                    papers=services.collection.count,
                    collection=services.collection.name,
                    model=services.collection.model,
                    keep_days=services.settings.discord_keep_days,
                )
            )
        )

    await handle(interaction, "about", work)


@app_commands.command(description="Delete what I keep about you: your questions with their answers, and your votes.")
async def forget(interaction: _Interaction) -> None:
    """Delete what is kept about the asker."""

    async def work(to: ToInteraction) -> None:
        count = await services_of(interaction).store.forget(interaction.user.id)
        things = "nothing" if not count else f"{count} {'entry' if count == 1 else 'entries'}"
        await to.show(
            Shown(
                f"Done: {things} of yours was deleted. The buttons below those answers no longer work; "
                "the messages themselves are Discord's, and yours to delete."
            )
        )

    await handle(interaction, "forget", work)


ALL: tuple[app_commands.Command[Any, ..., None], ...] = (ask, papers, paper, compare, about, forget)
