"""Answers and papers as Discord shows them: pure functions from rag's objects to pages and embeds.

An answer is cut into claims, each with the marks behind it; pages are filled with whole claims, and each page has the
citations of its own claims. All words of papers and people go through `inert`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import discord

from bot.inert import clean, inert, label, shortened, size
from rag.answers import Answer, Citation
from rag.papers import Paper, Sentence, plain_text

PAGE_CHARACTERS = 3_800  # of the 4,096 of an embed's description; the rest is for the note and the question
PLAIN_PAGE_CHARACTERS = 1_300  # of the 2,000 of a message, where embeds are not allowed
PAGE_PAPERS = 10
TITLE_CHARACTERS = 256
LABEL_CHARACTERS = 80
URL_CHARACTERS = 512
PAPERS_A_LIST = 10
_ABSTRACT_CHARACTERS = 3_600
_MOST_AUTHORS = 6
_BLUE, _GREY = 0x3B6FB6, 0x8A8F98

_BULLET = re.compile(r"^- \*\*(?P<title>.+?)\*\*: (?P<said>.*)$")
_HEADING = re.compile(r"^\*\*(?P<theme>.+)\*\*$")
_MARKS = re.compile(r"\s*(?P<marks>(?:\[\d+\]\s?)*\[\d+\])(?=\s|$)")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an answer that fits one embed: its Markdown and the citations of its marks."""

    text: str
    citations: tuple[Citation, ...] = ()

    @property
    def paper_ids(self) -> tuple[str, ...]:
        """The ids of the cited papers, in the order of their marks."""
        return tuple(dict.fromkeys(each.paper_id for each in self.citations))


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim ready to be shown: what goes before it on the same page, its line's start, its words, its marks."""

    gap: str
    start: str
    body: str
    marks: tuple[int, ...]


@dataclass(slots=True)
class _Filling:
    """A page while it is filled."""

    text: str = ""
    marks: list[int] = field(default_factory=list)


# --------------------------------------------------------------------------- answers


def pages_of(answer: Answer, room: int = PAGE_CHARACTERS) -> list[Page]:
    """Return the answer's text as pages, at least one; every claim stands whole on one page, its marks beside it.

    A page has at most `room` characters; only a claim that is longer than that is cut, between words.
    """
    by_mark = {each.mark: each for each in answer.citations}
    pages: list[Page] = []
    filling = _Filling()

    def turn_page() -> None:
        cited = tuple(by_mark[mark] for mark in dict.fromkeys(filling.marks))
        pages.append(Page(filling.text.strip(), cited))

    for claim in _claims(answer.text, by_mark, room):
        if filling.text and not _fits(filling, claim, by_mark, room):
            turn_page()
            filling = _Filling()
        filling.text += f"{claim.gap if filling.text else claim.start or ''}{claim.body}"
        filling.marks += claim.marks
    turn_page()
    return pages


def _fits(filling: _Filling, claim: _Claim, by_mark: dict[int, Citation], room: int) -> bool:
    papers = {by_mark[mark].paper_id for mark in (*filling.marks, *claim.marks)}
    return size(f"{filling.text}{claim.gap}{claim.body}") <= room and len(papers) <= PAGE_PAPERS


def _claims(text: str, by_mark: dict[int, Citation], room: int) -> Iterator[_Claim]:
    """Yield the claims of an answer's text in order; headings go with the claim behind them."""
    gap = heading = ""
    for line in text.split("\n"):
        if not line.strip():
            gap = "\n\n" if gap else gap
            continue
        if match := _HEADING.match(line):
            heading = f"**{inert(match['theme'])}**\n"
            gap = "\n\n"
            continue
        start, said = _line_start(line, by_mark)
        for number, (words, marks) in enumerate(_sentences(said, by_mark)):
            shown = inert(words) + (" " + "".join(f"[{mark}]" for mark in marks) if marks else "")
            before = (gap or "\n") + heading + start if number == 0 else " "
            yield from _cut_to_fit(_Claim(before, heading + start, shown, marks), room)
            heading = "" if number == 0 else heading
        gap = "\n"


def _line_start(line: str, by_mark: dict[int, Citation]) -> tuple[str, str]:
    """Return how a line starts, as it is shown, and the rest of the line."""
    for title in {plain_text(each.title) for each in by_mark.values()}:
        if line.startswith(f"- **{title}**: "):
            return f"- **{inert(title)}**: ", line.removeprefix(f"- **{title}**: ")
    if match := _BULLET.match(line):
        return f"- **{inert(match['title'])}**: ", match["said"]
    return ("- ", line[2:]) if line.startswith("- ") else ("", line)


def _sentences(said: str, by_mark: dict[int, Citation]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield words and the marks behind them; what looks like a mark and has no citation is words."""
    begin = 0
    for match in _MARKS.finditer(said):
        marks = tuple(int(number) for number in _NUMBER.findall(match["marks"]))
        if all(mark in by_mark for mark in marks):
            yield said[begin : match.start()], marks
            begin = match.end()
    if said[begin:].strip():
        yield said[begin:], ()


def _cut_to_fit(claim: _Claim, room: int) -> Iterator[_Claim]:
    """Yield the claim, or its parts where it is longer than a page; each part has the marks."""
    parts = _parts(claim.body, max(room - size(claim.start) - 2, room // 4))
    yield _Claim(claim.gap, claim.start, parts[0], claim.marks)
    for part in parts[1:]:
        yield _Claim(" ", claim.start, part, claim.marks)


def _parts(text: str, room: int) -> list[str]:
    """Return the text in parts of at most `room` characters, cut between words where there are any."""
    parts: list[str] = []
    while size(text) > room:
        cut = len(shortened(text, room)) - 1
        parts.append(text[:cut])
        text = text[cut:].lstrip()
    return [*parts, text]


def answer_embeds(answer: Answer, pages: Sequence[Page], asked: str, *, title: bool) -> list[discord.Embed]:
    """Return one embed for each of the answer's pages; `title`: say the question above the first."""
    embeds = [
        discord.Embed(description=page.text, colour=_BLUE if answer.status == "answered" else _GREY) for page in pages
    ]
    first, last = embeds[0], embeds[-1]
    if title:
        first.title = shortened(inert(asked), TITLE_CHARACTERS)
    if clean(answer.question) and clean(answer.question).casefold() != clean(asked).casefold():
        first.description = f"-# understood as: {shortened(inert(answer.question), 200)}\n{first.description}"
    if answer.suggestions and answer.status == "declined":
        nearest = "\n".join(f"- {shortened(inert(each), 200)}" for each in answer.suggestions[:3])
        last.description = f"{last.description}\n\n**Nearest papers**\n{nearest}"
    if answer.note:
        last.description = f"{last.description}\n\n-# {shortened(inert(answer.note), 200)}"
    last.set_footer(text=_source_line(answer))
    return embeds


def growing_embed(answer: Answer, asked: str, *, title: bool, room: int = PAGE_CHARACTERS) -> discord.Embed:
    """Return the embed of an answer that is still being written: its last page so far."""
    page = pages_of(answer, room)[-1]
    embed = discord.Embed(description=f"{page.text} …", colour=_GREY)
    if title:
        embed.title = shortened(inert(asked), TITLE_CHARACTERS)
    return embed


def _source_line(answer: Answer) -> str:
    """Return what the foot of an answer says: what it rests on, and who wrote it."""
    if answer.status == "declined":
        return "I answer from the papers here, and from nothing else."
    wordings = " and ".join(sorted({f"{each.wording}s" for each in answer.citations})) or "papers"
    if answer.model:
        return f"Written by {label(answer.model, 60)}; each sentence checked against the {wordings} it cites."
    return f"Sentences of the {wordings}. The buttons show each one in its place."


# --------------------------------------------------------------------------- papers


def paper_embed(paper: Paper, sentences: Sequence[Sentence], quoted: frozenset[str] = frozenset()) -> discord.Embed:
    """Return a paper with its abstract, the sentences whose ids are `quoted` in bold."""
    embed = discord.Embed(
        title=shortened(inert(paper.plain_title), TITLE_CHARACTERS) or "…",
        description=_abstract(sentences, quoted) or "…",
        colour=_BLUE,
    )
    details = [", ".join(paper.authors[:_MOST_AUTHORS]) + (" …" if len(paper.authors) > _MOST_AUTHORS else "")]
    details += [paper.published or "", "digest in our own words" if paper.wording == "digest" else ""]
    if line := " · ".join(each for each in details if each):
        embed.set_footer(text=label(line, 500))
    return embed


def _abstract(sentences: Sequence[Sentence], quoted: frozenset[str]) -> str:
    """Return the sentences behind one another; of an abstract that is too long, those around the quoted ones."""
    shown = [
        f"**{shortened(inert(plain_text(each.text)), 1_500)}**" if each.id in quoted else inert(plain_text(each.text))
        for each in sentences
    ]
    places = [number for number, each in enumerate(sentences) if each.id in quoted] or [0]
    # Nearest to a quoted sentence first, until the room is used up.
    order = sorted(range(len(shown)), key=lambda number: min(abs(number - place) for place in places))
    room, kept = _ABSTRACT_CHARACTERS, set[int]()
    for number in order:
        room -= size(shown[number]) + 3
        if room < 0 and kept:
            break
        kept.add(number)
    parts: list[str] = []
    for number, text in enumerate(shown):
        if number in kept:
            parts.append(shortened(text, _ABSTRACT_CHARACTERS))
        elif not parts or parts[-1] != "…":
            parts.append("…")
    return shortened(" ".join(parts), _ABSTRACT_CHARACTERS + 200)


def papers_embed(titles: Sequence[str], query: str, page: int, total: int) -> discord.Embed:
    """Return one page of a list of papers: `titles` are those of this page (from 0), `total` counts all papers."""
    first = page * PAPERS_A_LIST
    lines = [
        f"{first + number}. {shortened(inert(title), 300)}" for number, title in enumerate(titles, start=1)
    ]  # "1. " is our own markup: a numbered list
    heading = f"Papers near “{shortened(inert(query), 150)}”" if query else "Papers"
    embed = discord.Embed(title=heading, description="\n".join(lines) or "There are none.", colour=_BLUE)
    pages = max(1, -(-total // PAPERS_A_LIST))
    embed.set_footer(text=f"page {page + 1} of {pages} · {total} {'paper' if total == 1 else 'papers'}")
    return embed


def about_embed(*, papers: int, collection: str, model: str, keep_days: int) -> discord.Embed:
    """Return what the bot says about itself."""
    embed = discord.Embed(
        title="citebot",
        colour=_BLUE,
        description=(
            "I answer questions from a collection of papers. Every sentence that I show is carried by a sentence of an "
            "abstract, which the buttons show word for word. Where the abstracts do not tell, I say so."
        ),
    )
    written = f"the language model {inert(model)}, each sentence checked" if model else "none: I quote the abstracts"
    embed.add_field(name="Collection", value=f"{papers:,} {'paper' if papers == 1 else 'papers'}: {inert(collection)}")
    embed.add_field(name="Language model", value=written)
    embed.add_field(
        name="How to ask",
        value=(
            "`/ask`, or mention me, or write to me directly. To follow up, reply to my answer with the mention on, "
            "or mention me in its thread: I do not read messages that do not mention me."
        ),
        inline=False,
    )
    embed.add_field(
        name="What I keep",
        value=(
            f"Your questions with my answers, and your votes, for {keep_days} days, with your user id. "
            "Nothing else, and nothing of other messages. `/forget` deletes it at once."
        ),
        inline=False,
    )
    return embed


def web_address(url: str | None) -> str | None:
    """Return the address if a link button can have it, else None."""
    if not url or size(url) > URL_CHARACTERS or url != clean(url) or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None
