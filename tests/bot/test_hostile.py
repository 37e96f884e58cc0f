"""Hostile questions and abstracts: nothing pings, links, breaks out of its frame, or is refused by Discord."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import rag
from rag.papers import Paper
from tests.bot.bot_running import at_discord, bot_at
from tests.discord_server import DiscordServer, Person

pytestmark = pytest.mark.usefixtures("papers")

PIECES = (
    "@everyone", "@here", "<@{somebody}>", "<@!{somebody}>", "<@&{role}>", "<#{channel}>", "</ask:1>", "<t:1:R>",
    "[click me](https://evil.example/steal)", "[a](<https://evil.example>)", "![x](https://evil.example/x.png)",
    "https://evil.example/preview", "discord.gg/evil", "<https://evil.example>", "||spoiler||", "```\nfence\n```",
    "`code`", "``` ``` ```", "~~~", "**bold**", "__under__ *it* _it_", "# heading", "> quote", ">>> quote", "-# small",
    "- **Title**: said [1]", "1. one\n2. two", "[1]", "[1](https://evil.example)", "[[1]](x)", "\\", "\\\\\\", "\\`\\*",
    "\u202eright to left\u202c", "\u2066isolate\u2069", "\u200f\u200e\u061c", "Z" + "\u0340\u0315\u0337\u0489" * 20,
    "\u200b\u200c\u200d\ufeff\u2060", "\x00\x07\x1b[31mred", "\U000e0041\U000e0042", "👩‍👩‍👧‍👦" * 30, "😀",
    "\n\n\n", "\t",
    "{{7*7}} ${x} %s %n", "'; DROP TABLE answers; --", "<script>alert(1)</script>", "cb:vote:0123456789abcdef:up",
)  # fmt: skip


def filled(piece: str, server: DiscordServer, somebody: Person) -> str:
    """Return the piece with the ids of a person, a role and a channel that are there."""
    return (
        piece.replace("{somebody}", str(somebody.id))
        .replace("{role}", str(server.guild.id))
        .replace("{channel}", str(server.channel.id))
    )


def questions(server: DiscordServer, somebody: Person) -> list[str]:
    """Return over a hundred hostile questions."""
    pieces = [filled(piece, server, somebody) for piece in PIECES]
    about = [f"What does {piece} say about LoRA?" for piece in pieces]
    lengths = ["x" * 1_000, "a " * 500, "`" * 999, "\\" * 1_000, "[" * 500 + "]" * 500, "😀" * 1_000, "é" * 1_000, " "]
    return [*pieces, *about, *lengths]


def check(server: DiscordServer) -> None:
    """Assert that nothing of what the bot wrote does more than be read."""
    assert server.pings() == []
    assert server.refusals == []
    assert server.violations == []
    for message in server.world.messages.values():
        if message.author is not server.bot:
            continue
        assert message.previews == [], message.content
        for raw in (message.content, *(embed.get("description", "") for embed in message.embeds)):
            assert "](http" not in raw.replace("\\]", "")
            assert raw.replace("\\`", "").count("```") == 0
            for sign in "\u202e\u2066\u200f\x00\x1b":
                assert sign not in raw
            assert "@everyone" not in raw
            assert "@here" not in raw


def test_hostile_questions_are_answered_and_do_nothing_else(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path, discord_user_questions=0, discord_channel_questions=0):
            ada, ben = server.user("ada"), server.user("ben")
            asked = questions(server, ben)
            assert len(asked) >= 100
            for question in asked:
                interaction = await ada.slash("ask", question=question)
                assert await interaction.finished(timeout=60) is not None, question
            for question in asked[:40]:
                mention = await ada.says(server.channel, f"{server.bot.mention} {question}", mentions=[server.bot, ben])
                await server.reply_to(mention)
            too_long = await ada.says(ada.dm, "why " * 1_500)
            assert "too long" in (await server.reply_to(too_long)).text
            check(server)

    at_discord(test)


def test_hostile_papers_are_shown_and_do_nothing_else(tmp_path: Path, papers: Path) -> None:
    async def test(server: DiscordServer) -> None:
        ada, ben = server.user("ada"), server.user("ben")
        pieces = [filled(piece, server, ben) for piece in PIECES]
        with rag.Library.open(papers) as library:
            library.add_papers(
                [
                    Paper(
                        title=f"Gizmo{number} {piece} {other}",
                        abstract=(
                            f"We present Gizmo{number}, which polishes {number} spoons {piece} an hour. "
                            f"Gizmo{number} {other} needs {piece} water for {number} forks. {piece * 40}."
                        ),
                        url="https://evil.example/" + piece,
                        code_url="javascript:alert(1)",
                    )
                    for number, (piece, other) in enumerate(itertools.pairwise(pieces), start=1)
                ]
                + [
                    Paper(title="Longgizmo " + "word " * 60, abstract="Longgizmo polishes " + "spoons, forks " * 700),
                    Paper(title="Nogapgizmo", abstract="Nogapgizmo " + "x" * 6_000 + " polishes spoons."),
                ]
            )  # fmt: skip
        async with bot_at(server, tmp_path, discord_user_questions=0, discord_channel_questions=0):
            names = [f"Gizmo{number}" for number in range(1, len(pieces))] + ["Longgizmo", "Nogapgizmo"]
            for number, name in enumerate(names):
                shown = await (await ada.slash("paper", name=name)).finished(timeout=60)
                assert shown is not None
                assert shown.embeds
                if (
                    number % 3
                ):  # what can go wrong shows in each; a third of the answers is enough for the time it takes
                    continue
                asked = await ada.slash("ask", question=f"How many spoons does {name} polish?")
                answer = await asked.finished(timeout=60)
                assert answer is not None
                quote = answer.buttons[0].custom_id
                if quote and "quote" in quote:
                    await (await ada.clicks(answer, quote)).finished(timeout=60)
            listed = await (await ada.slash("papers", query="spoons")).finished(timeout=60)
            assert listed is not None
            choices = await ada.autocomplete("paper", "name", "gizmo")
            assert len(choices.names) == 25
            compared = await ada.slash("compare", a=choices.values[0], b=choices.values[1])
            assert await compared.finished(timeout=60) is not None
            check(server)

    at_discord(test)
