"""The buttons below messages. They hold all that they need in their custom ids, so they work after a restart.

cb:quote:<answer>:<n>     the n-th paper that the answer cites, its abstract with the quoted sentences in bold
cb:vote:<answer>:up|down
cb:thread:<answer>        a thread on the answer, to follow up in
cb:paper:<paper id>       a paper
cb:list:<page>:<query>    a page of the list of papers
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import discord

from bot.delivery import Shown, ToInteraction
from bot.errors import Refusal
from bot.handling import handle
from bot.inert import clean, label, shortened, size
from bot.rendering import LABEL_CHARACTERS, PAPERS_A_LIST, Page, paper_embed, papers_embed, web_address
from bot.services import services_of
from bot.store import KeptAnswer
from rag.answers import Citation
from rag.errors import PaperNotFoundError
from rag.papers import Paper, Sentence, plain_text

THREAD_NAME_CHARACTERS = 100
CUSTOM_ID_CHARACTERS = 100
QUERY_CHARACTERS = 80
_ROWS, _ROW_BUTTONS = 5, 5
_MOST_SOURCES = (_ROWS - 1) * _ROW_BUTTONS  # the last row is for votes and the thread
_LINK_LABEL_CHARACTERS = 30
_THREAD_EXISTS = 160004
_OLD = "I no longer keep that answer, so I cannot do this. Please ask again."

_Interaction = discord.Interaction[Any]
_Button = discord.ui.Button[discord.ui.View]


# --------------------------------------------------------------------------- views


def stateless_view(items: Sequence[discord.ui.Item[Any]]) -> discord.ui.View | None:
    """Return a view with these items, or None without any. discord.py need not keep it: all buttons are dynamic."""
    if not items:
        return None
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def answer_views(
    pages: Sequence[Page], answer_id: str, suggested: Sequence[Paper], *, thread: bool
) -> list[discord.ui.View | None]:
    """Return a view for each page of an answer: its papers; on the last, votes and, if asked for, the thread."""
    cited = list(dict.fromkeys(paper_id for page in pages for paper_id in page.paper_ids))
    views: list[discord.ui.View | None] = []
    for page in pages:
        items = _sources(page, answer_id, cited)
        if page is pages[-1]:
            items += [
                PaperButton.of(paper.id, paper.plain_title, row=number // _ROW_BUTTONS)
                for number, paper in enumerate(suggested)
            ]
            items += [VoteButton.of(answer_id, "up"), VoteButton.of(answer_id, "down")]
            items += [ThreadButton.of(answer_id)] if thread else []
        views.append(stateless_view(items))
    return views


def _sources(page: Page, answer_id: str, cited: Sequence[str]) -> list[discord.ui.Item[Any]]:
    """Return a button for each paper of a page, and links to those whose address is known, as far as there is room."""
    citations: dict[str, list[Citation]] = {}
    for each in page.citations:
        citations.setdefault(each.paper_id, []).append(each)
    items: list[discord.ui.Item[Any]] = []
    for paper_id, its in citations.items():
        items.append(QuoteButton.of(answer_id, cited.index(paper_id), _marks(its), plain_text(its[0].title)))
    for its in citations.values():
        if (url := web_address(its[0].url)) and len(items) < _MOST_SOURCES:
            text = f"{_marks(its)} {label(plain_text(its[0].title), _LINK_LABEL_CHARACTERS)}"
            items.append(_Button(label=label(text, LABEL_CHARACTERS), url=url, emoji="🔗"))
    for number, item in enumerate(items):
        item.row = number // _ROW_BUTTONS
    return items


def _marks(citations: Sequence[Citation]) -> str:
    """Return "[1]", "[1][2]", or, of many, "[1]–[9]"."""
    marks = [each.mark for each in citations]
    return "".join(f"[{mark}]" for mark in marks) if len(marks) <= 3 else f"[{marks[0]}]–[{marks[-1]}]"


def paper_links(paper: Paper) -> list[discord.ui.Item[Any]]:
    """Return link buttons to a paper and its code, as far as the addresses are known."""
    links = (("Paper", paper.url), ("Code", paper.code_url))
    return [_Button(label=name, url=address) for name, url in links if (address := web_address(url))]


def paper_shown(paper: Paper, sentences: Sequence[Sentence], similar: Sequence[Paper]) -> Shown:
    """Return a paper as a message: abstract, links, and the papers that come near as buttons."""
    items = paper_links(paper)
    items += [
        PaperButton.of(each.id, each.plain_title, row=1 + number // _ROW_BUTTONS) for number, each in enumerate(similar)
    ]
    embed = paper_embed(paper, sentences)
    if similar:
        embed.add_field(name="Similar papers", value="in the buttons below", inline=False)
    return Shown(embed=embed, view=stateless_view(items))


def list_shown(papers: Sequence[Paper], query: str, page: int, total: int) -> Shown:
    """Return a page of the list of papers as a message: titles, a button for each, and those to the pages around."""
    items: list[discord.ui.Item[Any]] = []
    for number, paper in enumerate(papers):
        place = f"{page * PAPERS_A_LIST + number + 1}"
        items.append(PaperButton.of(paper.id, place, row=number // _ROW_BUTTONS))
    pages = max(1, -(-total // PAPERS_A_LIST))
    if pages > 1:
        items.append(ListButton.of((page - 1) % pages, query, "◀", "back"))
        items.append(ListButton.of((page + 1) % pages, query, "▶", "on"))
    return Shown(
        embed=papers_embed([each.plain_title for each in papers], query, page, total), view=stateless_view(items)
    )


# --------------------------------------------------------------------------- buttons


class CitebotButton(discord.ui.DynamicItem[_Button], template=r"cb:-"):
    """A button whose custom id says all; see the module's first lines."""

    kind: ClassVar[str] = ""

    def __init__(self, custom_id: str, *, text: str = "…", row: int | None = None, emoji: str | None = None) -> None:
        """Make the button that has this custom id."""
        style = discord.ButtonStyle.secondary
        super().__init__(_Button(label=text or None, custom_id=custom_id, row=row, emoji=emoji, style=style))

    @classmethod
    async def from_custom_id(
        cls, interaction: _Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> CitebotButton:
        """Return the button that was clicked; discord.py calls this."""
        return cls(match.string)

    async def callback(self, interaction: _Interaction) -> None:
        """Do what the button is for."""
        match = self.template.fullmatch(self.custom_id)
        assert match is not None
        await handle(interaction, f"button-{self.kind}", lambda to: self.pressed(interaction, match, to))

    async def pressed(self, interaction: _Interaction, match: re.Match[str], to: ToInteraction) -> None:
        """Do what the button is for, once the click is acknowledged."""
        raise NotImplementedError


class QuoteButton(CitebotButton, template=r"cb:quote:(?P<answer>[0-9a-f]{16}):(?P<number>\d{1,3})"):
    """Shows a cited paper with the quoted sentences in bold, to whoever clicked."""

    kind = "quote"

    @classmethod
    def of(cls, answer_id: str, number: int, marks: str, title: str) -> QuoteButton:
        """Return the button for the paper with this number, from 0, among those that the answer cites."""
        return cls(f"cb:quote:{answer_id}:{number}", text=label(f"{marks} {clean(title)}", LABEL_CHARACTERS))

    async def pressed(self, interaction: _Interaction, match: re.Match[str], to: ToInteraction) -> None:
        """Show the abstract."""
        services = services_of(interaction)
        answer = await services.store.answer(match["answer"])
        if answer is None:
            raise Refusal(_OLD)
        cited = cited_papers(answer)
        if int(match["number"]) >= len(cited):
            raise Refusal(_OLD)
        citations = cited[int(match["number"])]
        try:
            paper, sentences = await services.collection.paper_by_id(citations[0].paper_id)
        except PaperNotFoundError:  # removed since: its quotes are all that is left
            first = citations[0]
            paper = Paper(first.title, "", first.paper_id, url=first.url, wording=first.wording)
            sentences = [Sentence(each.sentence_ids[0], each.paper_id, each.mark, each.quote) for each in citations]
        quoted = frozenset(sentence_id for each in citations for sentence_id in each.sentence_ids)
        await to.show(Shown(embed=paper_embed(paper, sentences, quoted), view=stateless_view(paper_links(paper))))


def cited_papers(answer: KeptAnswer) -> list[list[Citation]]:
    """Return the citations of an answer by paper, papers in the order of their first marks."""
    by_paper: dict[str, list[Citation]] = {}
    for each in answer.citations:
        by_paper.setdefault(each.paper_id, []).append(each)
    return list(by_paper.values())


class VoteButton(CitebotButton, template=r"cb:vote:(?P<answer>[0-9a-f]{16}):(?P<vote>up|down)"):
    """Takes a vote on an answer."""

    kind = "vote"

    @classmethod
    def of(cls, answer_id: str, vote: str) -> VoteButton:
        """Return the button for "up" or "down"."""
        return cls(f"cb:vote:{answer_id}:{vote}", text="", row=_ROWS - 1, emoji="👍" if vote == "up" else "👎")

    async def pressed(self, interaction: _Interaction, match: re.Match[str], to: ToInteraction) -> None:
        """Keep the vote; an earlier one of the same person is replaced."""
        vote = 1 if match["vote"] == "up" else -1
        if not await services_of(interaction).store.vote(match["answer"], voter=interaction.user.id, vote=vote):
            raise Refusal(_OLD)
        await to.show(Shown("Thank you, I have noted that. `/forget` deletes it."))


class ThreadButton(CitebotButton, template=r"cb:thread:(?P<answer>[0-9a-f]{16})"):
    """Opens a thread on an answer."""

    kind = "thread"

    @classmethod
    def of(cls, answer_id: str) -> ThreadButton:
        """Return the button below this answer."""
        return cls(f"cb:thread:{answer_id}", text="Follow up in a thread", row=_ROWS - 1, emoji="💬")

    async def pressed(self, interaction: _Interaction, match: re.Match[str], to: ToInteraction) -> None:
        """Open the thread, or point to the one that is there."""
        message = interaction.message
        assert message is not None
        answer = await services_of(interaction).store.answer(match["answer"])
        client = interaction.client
        name = label(answer.question, THREAD_NAME_CHARACTERS) if answer else "Follow-up"
        try:
            # Not the message's own method: of an answer to an interaction it does not know its guild for certain.
            data = await client.http.start_thread_with_message(
                message.channel.id, message.id, name=name, auto_archive_duration=1440
            )
        except discord.HTTPException as error:
            if error.code != _THREAD_EXISTS:
                raise
            await to.show(Shown(f"There is a thread already: <#{message.id}>."))
            return
        thread = client.get_partial_messageable(int(data["id"]))
        await thread.send("Mention me here to ask on; I know what was said before.")
        await to.show(Shown(f"Let us go on in <#{data['id']}>. Mention me there."))


class PaperButton(CitebotButton, template=r"cb:paper:(?P<paper>[^:\s]{1,90})"):
    """Shows a paper to whoever clicked."""

    kind = "paper"

    @classmethod
    def of(cls, paper_id: str, text: str, *, row: int) -> PaperButton:
        """Return the button for a paper."""
        return cls(f"cb:paper:{paper_id}", text=label(text, LABEL_CHARACTERS), row=row)

    async def pressed(self, interaction: _Interaction, match: re.Match[str], to: ToInteraction) -> None:
        """Show the paper."""
        collection = services_of(interaction).collection
        paper, sentences = await collection.paper_by_id(match["paper"])
        await to.show(paper_shown(paper, sentences, await collection.similar(paper)))


class ListButton(CitebotButton, template=r"(?s:cb:list:(?P<page>\d{1,6}):(?P<way>back|on):(?P<query>.*))"):
    """Turns the pages of the list of papers."""

    kind = "list"

    @classmethod
    def of(cls, page: int, query: str, text: str, way: str) -> ListButton:
        """Return the button to a page, from 0; `way` sets apart two buttons that lead to the same page."""
        return cls(f"cb:list:{page}:{way}:{query_that_fits(query)}", text=text, row=_ROWS - 1)

    async def callback(self, interaction: _Interaction) -> None:
        """Show the other page in the place of this one."""
        match = self.template.fullmatch(self.custom_id)
        assert match is not None
        await handle(interaction, "button-list", lambda to: self.pressed(interaction, match, to), in_place=True)

    async def pressed(self, interaction: _Interaction, match: re.Match[str], to: ToInteraction) -> None:
        """Show the page; where papers were removed since, the last one that there is."""
        await to.show(await list_page(interaction, match["query"], int(match["page"])))


async def list_page(interaction: _Interaction, query: str, page: int) -> Shown:
    """Return a page of the list of papers, from 0, or the last one if there are not so many."""
    collection = services_of(interaction).collection
    papers, total = await collection.page(query, page * PAPERS_A_LIST, PAPERS_A_LIST)
    if not papers and total:
        page = (total - 1) // PAPERS_A_LIST
        papers, total = await collection.page(query, page * PAPERS_A_LIST, PAPERS_A_LIST)
    return list_shown(papers, query, page, total)


def query_that_fits(query: str) -> str:
    """Return a query as a custom id can have it."""
    query = clean(query)
    return query if size(query) <= QUERY_CHARACTERS else shortened(query, QUERY_CHARACTERS).rstrip("…")


DYNAMIC = (QuoteButton, VoteButton, ThreadButton, PaperButton, ListButton)
