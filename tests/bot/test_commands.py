"""The slash commands, asked for by a person at a real Discord client's other end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.bot_running import LONG_CONTEXT, at_discord, bot_at, button_of, plain
from tests.discord_server import DiscordServer

pytestmark = pytest.mark.usefixtures("papers")


def test_ask_is_deferred_and_answered_with_papers_and_votes(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            asked = await server.user("ada").slash("ask", question=LONG_CONTEXT)
            answer = await asked.finished(timeout=30)
            assert asked.deferred
            assert not asked.ephemeral
            assert answer is not None
            assert LONG_CONTEXT in plain(answer)
            assert "[1]" in plain(answer)
            labels = [button.label or button.emoji for button in answer.buttons]
            assert "LongLoRA" in labels[0]
            assert labels[-3:] == ["👍", "👎", "Follow up in a thread"]

    at_discord(test)


def test_private_answer_is_for_the_asker_alone(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            asked = await server.user("ada").slash("ask", question=LONG_CONTEXT, private=True)
            answer = await asked.finished(timeout=30)
            assert asked.ephemeral
            assert answer is not None
            assert answer.ephemeral
            assert "Follow up in a thread" not in [button.label for button in answer.buttons]
            assert server.channel.messages == []

    at_discord(test)


def test_ask_works_in_direct_messages(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            asked = await ada.slash("ask", where=ada.dm, question=LONG_CONTEXT)
            assert "LongLoRA" in plain(await asked.finished(timeout=30))

    at_discord(test)


def test_declined_answer_offers_the_nearest_papers(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            answer = await (await ada.slash("ask", question="What is LongQLoRA?")).finished(timeout=30)
            assert answer is not None
            assert "Nearest papers" in plain(answer)
            shown = await (await ada.clicks(answer, button_of(answer))).finished(timeout=30)
            assert shown is not None
            assert shown.ephemeral
            assert shown.embeds[0]["title"]

    at_discord(test)


def test_long_answer_is_sent_in_parts_each_with_its_own_papers(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            asked = await server.user("ada").slash("ask", question="What are the main themes of this collection?")
            await asked.finished(timeout=30)
            await server.world.changes.until(lambda: len(asked.messages) >= 3, 30, "three parts")
            for message in asked.messages:
                text = plain(message)
                for button in message.buttons:
                    if button.label.startswith("["):
                        assert button.label.split()[0] in text

    at_discord(test)


def test_papers_are_listed_page_by_page(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            first = await (await ada.slash("papers")).finished(timeout=30)
            assert first is not None
            assert "page 1 of 14 · 134 papers" in plain(first)
            await ada.clicks(first, "▶")
            await first.until("page 2 of 14", timeout=30)
            assert "11. " in first.text
            shown = await (await ada.clicks(first, "12")).finished(timeout=30)
            assert shown is not None
            assert plain(shown).split("\n")[0] in plain(first)

    at_discord(test)


def test_papers_near_a_query_come_first(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            listed = await (await server.user("ada").slash("papers", query="long context")).finished(timeout=30)
            assert "LongLoRA" in plain(listed).split("11.")[0]

    at_discord(test)


def test_paper_is_found_by_acronym_and_shown_with_its_like(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            choices = await ada.autocomplete("paper", "name", "longlora")
            assert choices.names[0].startswith("LongLoRA: ")
            assert choices.seconds < 3
            shown = await (await ada.slash("paper", name=choices.values[0])).finished(timeout=30)
            assert shown is not None
            assert plain(shown).startswith("LongLoRA: ")
            assert shown.buttons
            typed = await (await ada.slash("paper", name="longlora")).finished(timeout=30)
            assert plain(typed) == plain(shown)

    at_discord(test)


def test_autocomplete_offers_at_most_what_discord_takes(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            assert len((await ada.autocomplete("paper", "name", "")).names) == 25
            assert (await ada.autocomplete("compare", "b", "zzzzzz")).names == []

    at_discord(test)


def test_unknown_paper_is_said_politely(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            shown = await (await server.user("ada").slash("paper", name="zzzzzz @everyone")).finished(timeout=30)
            assert "I know no paper of that name" in plain(shown)

    at_discord(test)


def test_two_papers_are_compared(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            mezo = (await ada.autocomplete("compare", "a", "mezo")).values[0]
            lisa = (await ada.autocomplete("compare", "b", "lisa")).values[0]
            answer = await (await ada.slash("compare", a=mezo, b=lisa)).finished(timeout=30)
            assert answer is not None
            assert len([button for button in answer.buttons if button.label.startswith("[")]) == 2

    at_discord(test)


def test_about_says_what_it_is_and_keeps(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path, discord_keep_days=7):
            asked = await server.user("ada").slash("about")
            shown = plain(await asked.finished(timeout=30))
            assert asked.ephemeral
            assert "134 papers" in shown
            assert "7 days" in shown

    at_discord(test)


def test_forget_deletes_what_is_kept_of_the_asker_and_of_nobody_else(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada, ben = server.user("ada"), server.user("ben")
            hers = await (await ada.slash("ask", question=LONG_CONTEXT)).finished(timeout=30)
            his = await (await ben.slash("ask", question=LONG_CONTEXT)).finished(timeout=30)
            assert hers is not None
            assert his is not None
            await (await ada.clicks(his, "👍")).finished(timeout=30)
            assert "2 entries" in plain(await (await ada.slash("forget")).finished(timeout=30))
            assert "no longer keep" in plain(await (await ben.clicks(hers, "👍")).finished(timeout=30))
            assert "Thank you" in plain(await (await ben.clicks(his, "👎")).finished(timeout=30))
            assert "nothing" in plain(await (await ada.slash("forget")).finished(timeout=30))

    at_discord(test)


def test_commands_are_told_to_discord_once(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        for _ in range(2):
            async with bot_at(server, tmp_path):
                await (await server.user("ada").slash("about")).finished(timeout=30)
        assert len(server.syncs) == 1
        names = {command["name"] for command in server.syncs[0].commands}
        assert names == {"ask", "papers", "paper", "compare", "about", "forget", "admin"}

    at_discord(test)
