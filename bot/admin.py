"""/admin: papers, state and channels, for those who have the permission and stand on the list."""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot import log
from bot.commands import choose_paper
from bot.delivery import Shown, Telling, ToInteraction
from bot.errors import Refusal
from bot.handling import handle
from bot.inert import inert, shortened
from bot.services import Services, services_of
from rag.papers import Paper

if TYPE_CHECKING:
    from rag.library import AddReport

MOST_FILE_BYTES = 20_000_000
_MOST_REJECTED = 8
_LINE_CHARACTERS = 150
_PASTE_SECONDS = 900.0
_DAY_SECONDS = 86_400

_Interaction = discord.Interaction[Any]

group = app_commands.Group(
    name="admin",
    description="Look after the papers and the bot.",
    guild_only=True,
    default_permissions=discord.Permissions(manage_guild=True),
)


def check_admin(interaction: _Interaction) -> None:
    """Raise Refusal unless the user may manage the server and stands on the list of admins, or owns the bot."""
    owners: frozenset[int] = interaction.client.owners
    if interaction.user.id not in services_of(interaction).settings.discord_admins | owners:
        raise Refusal(
            "That is for admins. Whoever runs me can add you: your user id "
            f"`{interaction.user.id}` into CITEBOT_DISCORD_ADMINS."
        )
    if not interaction.permissions.manage_guild:
        raise Refusal("That needs the permission to manage this server.")


# --------------------------------------------------------------------------- papers


@group.command(description="Add papers: from a file, from pasted text, or, with neither, from a form.")
@app_commands.describe(file="A saved “trending papers” page or JSON lines", text="The same, pasted")
async def add(interaction: _Interaction, file: discord.Attachment | None = None, text: str | None = None) -> None:
    """Add papers."""
    if file is None and not text:
        await _offer_form(interaction)
        return

    async def work(to: ToInteraction) -> None:
        check_admin(interaction)
        services = services_of(interaction)
        if file is not None:
            if file.size > MOST_FILE_BYTES:
                raise Refusal(f"That file is too large: {MOST_FILE_BYTES // 1_000_000} MB at most, please.")
            await _add_file(to, services, file.filename, await file.read())
        else:
            await _add_file(to, services, "pasted.txt", (text or "").encode("utf-8", "replace"))

    await handle(interaction, "admin-add", work)


async def _add_file(to: ToInteraction, services: Services, name: str, content: bytes) -> None:
    """Add the papers of a file's content, telling how far it is."""
    safe = re.sub(r"[^\w.\-]", "_", name)[-80:].lstrip(".") or "papers"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / safe
        path.write_bytes(content)
        async with Telling(to) as telling:
            loop = asyncio.get_running_loop()

            def news(stage: str, done: int, total: int) -> None:
                line = f"{stage}: {done} of {total} …"
                loop.call_soon_threadsafe(telling.tell, lambda: Shown(line))

            report = await services.collection.add(path, news)
    await to.show(Shown(_report(report, services.collection.count)))


def _report(report: AddReport, total: int) -> str:
    papers = report.added + report.updated + report.unchanged
    lines = [
        f"{papers} {'paper' if papers == 1 else 'papers'}: {report.added} added, {report.updated} updated, "
        f"{report.unchanged} unchanged. I have {total:,} now."
    ]
    for where, why in report.rejected[:_MOST_REJECTED]:
        lines.append(f"- left out {shortened(inert(Path(where).name), 60)}: {shortened(inert(why), _LINE_CHARACTERS)}")
    if len(report.rejected) > _MOST_REJECTED:
        lines.append(f"- left out {len(report.rejected) - _MOST_REJECTED:,} more")
    return "\n".join(lines)


class PaperForm(discord.ui.Modal, title="Add papers"):
    """A form for one paper, or for pasted lines of many."""

    paper_title: discord.ui.TextInput[Any] = discord.ui.TextInput(
        label="Title (empty: the text has its own)", required=False, max_length=500
    )
    text: discord.ui.TextInput[Any] = discord.ui.TextInput(
        label="Abstract, or JSON lines, or a saved page", style=discord.TextStyle.paragraph, max_length=4_000
    )
    url: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Address", required=False, max_length=500)

    def __init__(self, forms: set[str]) -> None:
        """`forms` has the ids of the forms that are open."""
        super().__init__(timeout=_PASTE_SECONDS)
        self._forms = forms
        forms.add(self.custom_id)

    async def on_submit(self, interaction: _Interaction, /) -> None:
        """Add what was pasted."""

        async def work(to: ToInteraction) -> None:
            check_admin(interaction)
            services = services_of(interaction)
            if not self.paper_title.value.strip():
                await _add_file(to, services, "pasted.txt", self.text.value.encode("utf-8", "replace"))
                return
            paper = Paper(
                title=" ".join(self.paper_title.value.split()),
                abstract=" ".join(self.text.value.split()),
                url=self.url.value.strip() or None,
                sources=("pasted",),
            )
            await to.show(Shown(_report(await services.collection.add_paper(paper), services.collection.count)))

        await handle(interaction, "admin-add", work)

    async def on_timeout(self) -> None:
        """Forget a form that nobody sent."""
        self._forms.discard(self.custom_id)


async def _offer_form(interaction: _Interaction) -> None:
    """Show the form: it is itself the acknowledgement."""
    try:
        check_admin(interaction)
    except Refusal as refusal:
        await interaction.response.send_message(str(refusal), ephemeral=True)
        return
    forms: set[str] = interaction.client.forms
    await interaction.response.send_modal(PaperForm(forms))
    log.note("done", doing="admin-form")


@group.command(description="Remove a paper.")
@app_commands.describe(paper="Title or acronym; choose from the list")
@app_commands.autocomplete(paper=choose_paper)
async def remove(interaction: _Interaction, paper: app_commands.Range[str, 1, 300]) -> None:
    """Remove a paper."""

    async def work(to: ToInteraction) -> None:
        check_admin(interaction)
        collection = services_of(interaction).collection
        removed = await collection.remove(paper)
        title = shortened(inert(removed.plain_title), 300)
        await to.show(Shown(f"Removed “{title}”. I have {collection.count:,} papers now."))

    await handle(interaction, "admin-remove", work)


# --------------------------------------------------------------------------- state


@group.command(description="How the bot is: papers, queue, latency, last errors.")
async def status(interaction: _Interaction) -> None:
    """Show how the bot is."""

    async def work(to: ToInteraction) -> None:
        check_admin(interaction)
        await to.show(Shown(embed=await _status(interaction)))

    await handle(interaction, "admin-status", work)


async def _status(interaction: _Interaction) -> discord.Embed:
    services = services_of(interaction)
    pipeline = services.pipeline
    up, down = await services.store.votes()
    embed = discord.Embed(title="Status", colour=0x3B6FB6)
    embed.add_field(name="Papers", value=f"{services.collection.count:,}")
    embed.add_field(name="Latency to Discord", value=_milliseconds(interaction.client.latency))
    embed.add_field(name="Questions", value=f"{pipeline.answered:,} answered, {pipeline.waiting} waiting")
    if pipeline.seconds:
        median = statistics.median(pipeline.seconds)
        embed.add_field(
            name="Time to answer", value=f"{_milliseconds(median)} median, {_milliseconds(max(pipeline.seconds))} most"
        )
    embed.add_field(name="Votes", value=f"{up} 👍  {down} 👎")
    embed.add_field(name="Started", value=f"<t:{int(services.started)}:R>")
    failures = "\n".join(
        f"`{each.reference}` <t:{int(each.at)}:R> {inert(each.doing)}: {inert(each.kind)}"
        for each in reversed(log.recent_failures)
        if each.at > time.time() - _DAY_SECONDS
    )
    embed.add_field(name="Last errors", value=shortened(failures, 1_000) or "none", inline=False)
    return embed


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if 0 <= seconds < 1e6 else "not known"


@group.command(description="Allow or forbid answers in a channel. Once one is allowed, only allowed ones are.")
@app_commands.describe(channel="The channel, with its threads", rule="What to do with it")
@app_commands.choices(
    rule=[
        app_commands.Choice(name="allow", value="allow"),
        app_commands.Choice(name="forbid", value="forbid"),
        app_commands.Choice(name="neither", value="neither"),
    ]
)
async def channel(interaction: _Interaction, channel: discord.TextChannel, rule: str) -> None:
    """Allow or forbid a channel."""

    async def work(to: ToInteraction) -> None:
        check_admin(interaction)
        services = services_of(interaction)
        assert interaction.guild_id is not None
        allowed = {"allow": True, "forbid": False}.get(rule)
        await services.store.set_channel(interaction.guild_id, channel.id, allowed)
        services.channels = await services.store.channels()
        said = {True: "is allowed", False: "is forbidden", None: "has no rule of its own any more"}[allowed]
        await to.show(Shown(f"<#{channel.id}> {said}. {_rules(services, interaction.guild_id)}"))

    await handle(interaction, "admin-channel", work)


def _rules(services: Services, guild: int) -> str:
    own = {place: allowed for (of, place), allowed in services.channels.items() if of == guild}
    if allowed := [place for place, is_allowed in own.items() if is_allowed]:
        return f"I answer only in {', '.join(f'<#{place}>' for place in allowed[:20])}."
    if forbidden := list(own):
        return f"I answer everywhere but in {', '.join(f'<#{place}>' for place in forbidden[:20])}."
    return "I answer in all channels."
