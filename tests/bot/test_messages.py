"""Mentions, replies, threads and direct messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.answers import Turn
from tests.bot.bot_running import LONG_CONTEXT, Released, Scripted, at_discord, bot_at, plain
from tests.discord_server import DiscordServer, Permission

pytestmark = pytest.mark.usefixtures("papers")


def test_mention_is_answered_as_a_reply(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            asked = await ada.says(server.channel, f"{server.bot.mention} {LONG_CONTEXT}", mentions=[server.bot])
            answer = await server.reply_to(asked)
            assert "LongLoRA" in plain(answer)
            assert server.channel.typing

    at_discord(test)


def test_what_is_not_meant_for_the_bot_is_left_alone(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada, ben = server.user("ada"), server.user("ben")
            await ada.says(server.channel, LONG_CONTEXT)
            await ada.says(server.channel, f"{ben.mention} what do you think?", mentions=[ben])
            await ada.says(server.channel, "@everyone hello")
            asked = await ada.says(server.channel, f"{server.bot.mention} the only one", mentions=[server.bot])
            await server.reply_to(asked)
            assert script.asked == ["the only one"]
            assert len(server.messages_of_bot()) == 1

    at_discord(test)


def test_mention_without_a_question_is_told_how_to_ask(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            asked = await server.user("ada").says(server.channel, server.bot.mention, mentions=[server.bot])
            assert "Ask me something" in plain(await server.reply_to(asked))

    at_discord(test)


def test_direct_message_is_answered_and_followed_up_without_a_mention(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada = server.user("ada")
            await server.reply_to(await ada.says(ada.dm, "the first"))
            await server.reply_to(await ada.says(ada.dm, "the second"))
            assert script.histories == [[], [Turn("user", "the first"), Turn("assistant", "Answer to the first")]]

    at_discord(test)


def test_reply_chain_is_the_history(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada, ben = server.user("ada"), server.user("ben")
            first = await server.reply_to(
                await ada.says(server.channel, f"{server.bot.mention} one", mentions=[server.bot])
            )
            await server.reply_to(await ben.says(server.channel, f"{server.bot.mention} aside", mentions=[server.bot]))
            second = await server.reply_to(await ada.says(server.channel, "two", reply_to=first))
            await server.reply_to(await ben.says(server.channel, "three", reply_to=second))
            assert script.histories[-1] == [
                Turn("user", "one"),
                Turn("assistant", "Answer to one"),
                Turn("user", "two"),
                Turn("assistant", "Answer to two"),
            ]

    at_discord(test)


def test_answer_to_a_command_can_be_followed_up_by_a_reply(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada = server.user("ada")
            answer = await (await ada.slash("ask", question="one")).finished(timeout=30)
            assert answer is not None
            await server.reply_to(await ada.says(server.channel, "two", reply_to=answer))
            assert script.histories[-1] == [Turn("user", "one"), Turn("assistant", "Answer to one")]

    at_discord(test)


def test_thread_on_an_answer_goes_on_where_the_answer_was(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada = server.user("ada")
            answer = await (await ada.slash("ask", question="one")).finished(timeout=30)
            assert answer is not None
            clicked = await (await ada.clicks(answer, "Follow up in a thread")).finished(timeout=30)
            thread = await server.thread_of(answer)
            assert thread.name == "one"
            assert thread.mention in plain(clicked)
            await ada.says(thread, "not for the bot")
            await server.reply_to(await ada.says(thread, f"{server.bot.mention} two", mentions=[server.bot]))
            await server.reply_to(await ada.says(thread, f"{server.bot.mention} three", mentions=[server.bot]))
            assert script.histories[-1] == [
                Turn("user", "one"),
                Turn("assistant", "Answer to one"),
                Turn("user", "two"),
                Turn("assistant", "Answer to two"),
            ]
            again = await (await ada.clicks(answer, "Follow up in a thread")).finished(timeout=30)
            assert "thread already" in plain(again)

    # That there is a thread already is something that only the server knows.
    at_discord(test, well_behaved=False)


def test_without_the_permission_to_read_history_a_reply_is_answered_all_the_same(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada = server.user("ada")
            await server.channel.forbid(Permission.READ_MESSAGE_HISTORY)
            await ada.says(server.channel, f"{server.bot.mention} one", mentions=[server.bot])
            assert "Answer to one" in plain(await server.next_message(server.channel, 30))

    at_discord(test, well_behaved=False)


def test_where_the_bot_may_not_write_the_asker_hears_directly(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            await server.channel.forbid(Permission.SEND_MESSAGES)
            await ada.says(server.channel, f"{server.bot.mention} {LONG_CONTEXT}", mentions=[server.bot])
            message = await server.next_message(ada.dm, 30)
            assert "may not write" in plain(message)
            assert "LongLoRA" in plain(message)

    at_discord(test, well_behaved=False)


def test_without_the_permission_for_embeds_the_answer_is_plain_text(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        async with bot_at(server, tmp_path):
            ada = server.user("ada")
            await server.channel.forbid(Permission.EMBED_LINKS)
            overview = f"{server.bot.mention} What are the main themes of this collection?"
            await ada.says(server.channel, overview, mentions=[server.bot])
            first = await server.next_message(server.channel, 30)
            second = await server.next_message(server.channel, 30)
            for message in (first, second):
                assert message.embeds == []
                assert message.content
                assert message.buttons

    at_discord(test)


def test_message_delivered_twice_is_answered_once(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        script = Released()
        script.release.set()
        async with bot_at(server, tmp_path, Scripted(script)):
            ada = server.user("ada")
            asked = await ada.says(server.channel, f"{server.bot.mention} once", mentions=[server.bot])
            await server.reply_to(asked)
            server.gateway.redeliver(last=1, names=("MESSAGE_CREATE",))
            server.gateway.drop()
            await server.world.changes.until(lambda: server.gateway.resumes, 30, "the connection taken up again")
            after = await ada.says(server.channel, f"{server.bot.mention} after", mentions=[server.bot])
            await server.reply_to(after)
            assert script.asked == ["once", "after"]

    at_discord(test)
