"""Buttons: what they show, and that they outlive the bot's process and the answers that are kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import rag
from bot.store import KeptAnswer, Store
from rag.papers import plain_text
from tests.bot.bot_running import LONG_CONTEXT, at_discord, bot_at, button_of, plain
from tests.discord_server import DiscordServer, Permission
from tests.made_up import gadget

pytestmark = pytest.mark.usefixtures("papers")


def test_cited_paper_is_shown_with_the_quoted_sentences_in_bold(tmp_path: Path, papers: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path) as bot:
            ada, ben = server.user("ada"), server.user("ben")
            answer = await (await ada.slash("ask", question=LONG_CONTEXT)).finished(timeout=30)
            assert answer is not None
            shown = await (await ben.clicks(answer, button_of(answer))).finished(timeout=30)
            assert shown is not None
            assert shown.ephemeral
            assert bot.services is not None
            kept = await bot.services.store.answer(button_of(answer).split(":")[2])
            assert kept is not None
            description = plain(shown)
            for citation in kept.citations:
                assert f"**{plain_text(citation.quote)}**" in description
            with rag.Library.open(papers) as library:
                whole = [
                    plain_text(sentence.text)
                    for sentence in library.sentences(
                        library.get("LongLoRA: Efficient Fine-tuning of Long-Context Large Language Models")
                    )
                ]
            assert all(sentence in description for sentence in whole)

    at_discord(test)


def test_known_addresses_are_link_buttons(tmp_path: Path, papers: Path) -> None:
    with rag.Library.open(papers) as library:
        library.add_papers([gadget(7, url="https://papers.example/gadget7", code_url="https://code.example/gadget7")])

    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            asked = await ada.slash("ask", question="How many marbles does Gadget7 sort a minute?")
            answer = await asked.finished(timeout=30)
            assert answer is not None
            assert "https://papers.example/gadget7" in [button.url for button in answer.buttons]
            shown = await (await ada.clicks(answer, button_of(answer))).finished(timeout=30)
            assert shown is not None
            urls = [button.url for button in shown.buttons]
            assert urls == ["https://papers.example/gadget7", "https://code.example/gadget7"]

    at_discord(test)


def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        ada = server.user("ada")
        async with bot_at(server, tmp_path):
            answer = await (await ada.slash("ask", question=LONG_CONTEXT)).finished(timeout=30)
            listed = await (await ada.slash("papers")).finished(timeout=30)
        assert answer is not None
        assert listed is not None
        async with bot_at(server, tmp_path):
            quoted = await (await ada.clicks(answer, button_of(answer))).finished(timeout=30)
            assert "LongLoRA" in plain(quoted)
            assert "Thank you" in plain(await (await ada.clicks(answer, "👍")).finished(timeout=30))
            await ada.clicks(listed, "▶")
            await listed.until("page 2 of 14", timeout=30)
            await (await ada.clicks(answer, "Follow up in a thread")).finished(timeout=30)
            await server.thread_of(answer)

    at_discord(test)


def test_answer_that_is_no_longer_kept_is_said_to_be_gone(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            answer = await (await ada.slash("ask", question=LONG_CONTEXT)).finished(timeout=30)
            assert answer is not None
            await (await ada.slash("forget")).finished(timeout=30)
            for button in (button_of(answer), "👍"):
                assert "no longer keep" in plain(await (await ada.clicks(answer, button)).finished(timeout=30))

    at_discord(test)


def test_paper_that_was_removed_is_shown_by_its_quotes(tmp_path: Path, papers: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path) as bot:
            ada = server.user("ada")
            answer = await (await ada.slash("ask", question=LONG_CONTEXT)).finished(timeout=30)
            assert answer is not None
            assert bot.services is not None
            await bot.services.collection.remove(
                "LongLoRA: Efficient Fine-tuning of Long-Context Large Language Models"
            )
            shown = await (await ada.clicks(answer, button_of(answer))).finished(timeout=30)
            assert "100k of context" in plain(shown)

    at_discord(test)


def test_thread_without_the_permission_is_refused_politely(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            answer = await (await ada.slash("ask", question=LONG_CONTEXT)).finished(timeout=30)
            assert answer is not None
            await server.channel.forbid(Permission.CREATE_PUBLIC_THREADS)
            clicked = await (await ada.clicks(answer, "Follow up in a thread")).finished(timeout=30)
            assert "permission" in plain(clicked)
            assert "reference" in plain(clicked)

    at_discord(test, well_behaved=False)


def test_retention_time_deletes_answers_and_votes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        store = await Store.open(tmp_path / "bot.sqlite3", keep_days=30)
        kept = KeptAnswer("0123456789abcdef", "why?", "because", ())
        await store.keep(kept, asker=1)
        assert await store.vote(kept.id, voter=2, vote=1)
        assert await store.answer(kept.id) == kept
        monkeypatch.setattr("bot.store.time.time", lambda: 10**10)
        assert await store.answer(kept.id) is None
        assert not await store.vote(kept.id, voter=3, vote=1)
        assert await store.delete_old() == 1
        assert await store.votes() == (0, 0)
        await store.close()

    asyncio.run(test())
