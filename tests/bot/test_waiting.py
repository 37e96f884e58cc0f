"""Answers that take their time: places in the line, growth, time limits, and stopping in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from rag.answers import Answer, Turn
from tests.bot.bot_running import Released, Scripted, at_discord, bot_at, cited_answer, plain, plain_answer
from tests.discord_server import DiscordServer

pytestmark = pytest.mark.usefixtures("papers")


def test_fifty_questions_at_once_are_all_acknowledged_and_answered(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        async with bot_at(server, tmp_path, Scripted(script)):
            people = [server.user(f"user{number}") for number in range(50)]
            asked = [await person.slash("ask", question=f"question {person.name}") for person in people]
            for each in asked:
                await each.acknowledged()
            await script.begun(2)
            assert len(script.asked) == 2  # as many as there are workers
            script.release.set()
            for person, each in zip(people, asked, strict=True):
                assert f"Answer to question {person.name}" in plain(await each.finished(timeout=30))

    at_discord(test)


def test_who_waits_is_told_the_place_in_the_line(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        async with bot_at(server, tmp_path, Scripted(script), discord_workers=1):
            ada, ben = server.user("ada"), server.user("ben")
            first = await ada.slash("ask", question="one")
            await script.begun(1)
            second = await ben.slash("ask", question="two")
            third = await ada.says(server.channel, f"{server.bot.mention} three", mentions=[server.bot])
            await second.until("in the line", 30)
            reply = await server.reply_to(third)
            places = sorted(plain(each).split("number ")[1][0] for each in (second.response, reply))
            assert places == ["1", "2"]
            script.release.set()
            await first.until("Answer to one", 30)
            await second.until("Answer to two", 30)
            await reply.until("Answer to three", timeout=30)
            assert "in the line" not in plain(reply)

    at_discord(test)


def test_full_line_refuses_politely(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        async with bot_at(server, tmp_path, Scripted(script), discord_workers=1, discord_queue=1):
            ada = server.user("ada")
            await ada.slash("ask", question="one")
            await script.begun(1)
            both = [await ada.slash("ask", question=question) for question in ("two", "three")]
            await server.world.changes.until(lambda: any("few minutes" in each.text for each in both), 30, "a refusal")
            script.release.set()
            for each in both:
                assert "few minutes" in plain(await each.finished(timeout=30)) or await each.until("Answer", 30)

    at_discord(test)


def test_answer_grows_at_most_once_a_second(tmp_path: Path) -> None:
    claims = [(f"Claim number {number}.", f"paper{number}") for number in range(1, 31)]

    async def script(question: str, history: Sequence[Turn]) -> AsyncIterator[Answer]:
        for count in range(1, len(claims) + 1):
            yield cited_answer(*claims[:count])
            await asyncio.sleep(0.1)

    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path, Scripted(script)):
            ada, ben = server.user("ada"), server.user("ben")
            both = [await person.slash("ask", question="grow") for person in (ada, ben)]
            for asked in both:
                answer = await asked.until("Claim number 30", 30)
                assert "…" not in plain(answer)
                assert asked.response is not None
                versions = [each for each in asked.response.history if each.embeds]
                assert len(versions) >= 3
                gaps = [later.at - earlier.at for earlier, later in pairwise(versions)]
                assert min(gaps) >= 0.95

    at_discord(test)


def test_what_hangs_is_ended_by_the_time_limit_and_harms_nobody_else(tmp_path: Path) -> None:
    async def script(question: str, history: Sequence[Turn]) -> AsyncIterator[Answer]:
        if question == "hang":
            await asyncio.Event().wait()
        yield plain_answer("quick")

    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path, Scripted(script), discord_workers=1, discord_time_limit=0.5):
            ada = server.user("ada")
            hanging = await ada.slash("ask", question="hang")
            behind = await ada.slash("ask", question="next")
            await hanging.until("took too long", 30)
            await behind.until("quick", 30)

    at_discord(test)


def test_failure_is_one_polite_line_with_a_reference_that_the_log_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(question: str, history: Sequence[Turn]) -> AsyncIterator[Answer]:
        yield plain_answer("the beginning")
        raise OSError("secret path /srv/models")

    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path, Scripted(script)):
            ada = server.user("ada")
            by_command = await ada.slash("ask", question="fail")
            lines = [plain(await by_command.until("reference", 30))]
            mention = await ada.says(server.channel, f"{server.bot.mention} fail", mentions=[server.bot])
            lines.append(plain(await (await server.reply_to(mention)).until("reference", timeout=30)))
            for line in lines:
                assert "secret" not in line
                assert len(line.splitlines()) == 1
                assert f"ref={line.split('`')[1]}" in caplog.text

    at_discord(test)


def test_note_of_an_answer_is_shown(tmp_path: Path) -> None:
    async def script(question: str, history: Sequence[Turn]) -> AsyncIterator[Answer]:
        yield cited_answer(
            ("A claim.", "paper1"), note="The model did not reply, so this is quoted.", model="some:model"
        )

    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path, Scripted(script)):
            shown = plain(await (await server.user("ada").slash("ask", question="why?")).finished(timeout=30))
            assert "The model did not reply" in shown
            assert "some:model" in shown

    at_discord(test)


def test_stopping_finishes_what_can_be_finished(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        async with bot_at(server, tmp_path, Scripted(script)) as bot:
            ada = server.user("ada")
            open_question = await ada.slash("ask", question="one")
            await script.begun(1)
            bot.stop()
            late = await ada.slash("ask", question="two")
            await late.until("being restarted", 30)
            script.release.set()
            await open_question.until("Answer to one", 30)

    at_discord(test)


def test_stopping_apologises_for_what_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.running.GRACE_SECONDS", 0.5)

    async def test(server: DiscordServer) -> None:
        script = Released()
        async with bot_at(server, tmp_path, Scripted(script), discord_workers=1) as bot:
            ada = server.user("ada")
            running = await ada.slash("ask", question="one")
            await script.begun(1)
            waiting = await ada.slash("ask", question="two")
            asked = await ada.says(server.channel, f"{server.bot.mention} three", mentions=[server.bot])
            await running.acknowledged()
            await waiting.acknowledged()
            await server.call("POST /channels/*/typing", times=1)
            bot.stop()
            await running.until("being restarted", 30)
            await waiting.until("being restarted", 30)
            assert "being restarted" in plain(await server.reply_to(asked))

    at_discord(test)


def test_cool_down_is_told_with_a_time_of_discord(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script), discord_user_questions=1):
            ada, ben = server.user("ada"), server.user("ben")
            await (await ada.slash("ask", question="one")).until("Answer", 30)
            refused = await ada.slash("ask", question="two")
            await refused.until("<t:", 30)
            assert refused.ephemeral
            await (await ben.slash("ask", question="three")).until("Answer", 30)

    at_discord(test)


def test_flood_of_messages_is_not_answered_with_a_flood(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script), discord_user_questions=1):
            ada, ben = server.user("ada"), server.user("ben")
            for number in range(10):
                await ada.says(server.channel, f"{server.bot.mention} {number}", mentions=[server.bot])
            await server.reply_to(await ben.says(server.channel, f"{server.bot.mention} last", mentions=[server.bot]))
            texts = [message.text for message in server.messages_of_bot()]
            assert sum("<t:" in text for text in texts) == 1
            assert len(texts) == 3

    at_discord(test)


def test_question_that_comes_before_the_papers_are_open_waits_for_them(tmp_path: Path) -> None:
    class Slow(Scripted):
        def __init__(self) -> None:
            super().__init__(Released())
            self.may_load = asyncio.Event()

        async def load(self) -> None:
            await self.may_load.wait()
            await super().load()

    async def test(server: DiscordServer) -> None:
        collection = Slow()
        assert isinstance(collection._script, Released)
        collection._script.release.set()
        async with bot_at(server, tmp_path, collection, open_papers=False, discord_time_limit=5):
            asked = await server.user("ada").slash("ask", question="one")
            await asked.until("still opening my papers", 30)
            collection.may_load.set()
            await asked.until("Answer to one", 30)

    at_discord(test)
