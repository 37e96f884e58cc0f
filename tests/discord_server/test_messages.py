"""Messages at the test server, with a real discord.py client."""

from __future__ import annotations

import io
from collections.abc import Awaitable

import discord
import pytest

from tests.discord_server import DiscordServer, Permission, Upload
from tests.discord_server.client import Bot, connected, run


async def refused(sending: Awaitable[object]) -> tuple[int, int]:
    """Return the status and the code with which a request is refused."""
    with pytest.raises(discord.HTTPException) as caught:
        await sending
    return caught.value.status, caught.value.code


def test_what_is_too_long_or_empty_is_refused() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(), server) as channel:
            assert await refused(channel.send("x" * 2001)) == (400, 50035)
            assert await refused(channel.send(" \n ")) == (400, 50006)
            sent = await channel.send("x" * 2000)
            assert await refused(sent.edit(content="")) == (400, 50006)
            assert await refused(channel.send(embed=discord.Embed(description="x" * 4097))) == (400, 50035)
            assert [call.status for call in server.refusals] == [400] * 4
            assert server.refusals[0].answer["errors"] == {
                "content": {
                    "_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}]
                }
            }
            assert [message.content for message in server.channel.messages] == ["x" * 2000]

    run(test)


def test_a_message_without_allowed_mentions_is_noted_and_its_pings_known() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(allowed_mentions=None), server) as channel:
            ada = server.user("ada")
            await channel.send(f"@everyone look, {ada.mention}")
            await channel.send("@everyone", allowed_mentions=discord.AllowedMentions.none())
            assert [violation.kind for violation in server.violations] == ["no allowed_mentions"]
            ((message, pings),) = server.pings()
            assert message.content.startswith("@everyone look")
            assert pings.everyone
            assert pings.users == {ada.id}

    run(test)


def test_a_bot_that_allows_no_mentions_pings_nobody_not_even_by_a_reply() -> None:
    async def test() -> None:
        bot = Bot()
        bot.answer = lambda message: message.reply(f"@everyone {message.author.mention}")
        async with DiscordServer() as server, connected(bot, server):
            asked = await server.user("ada").says(server.channel, "Hello", mentions=[server.bot])
            reply = await server.reply_to(asked)
            assert reply.text.startswith("@everyone")
            assert server.pings() == []
            assert server.violations == []

    run(test)


def test_the_bot_reads_only_what_is_said_to_it() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server) as channel:
            ada = server.user("ada")
            sent = await channel.send("I am here")
            own = server.messages_of_bot()[0]
            await ada.says(server.channel, "to nobody")
            await ada.says(server.channel, "to you", mentions=[server.bot])
            await ada.says(server.channel, "a reply", reply_to=own)
            await ada.says(server.channel, "a silent reply", reply_to=own, ping=False)
            await ada.says(ada.dm, "in private")
            heard = [message.content for message in await bot.hears(5)]
            assert heard == ["", f"{server.bot.mention} to you", "a reply", "", "in private"]
            history = [message.content async for message in channel.history(after=sent)]
            assert history == heard[:4]
            reference = bot.heard[2].reference
            assert reference is not None
            assert isinstance(reference.resolved, discord.Message)
            assert reference.resolved.content == "I am here"

    run(test)


def test_the_same_nonce_makes_one_message_when_the_answer_was_lost() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(), server) as channel:
            server.weather.fail("POST /channels/*/messages", 500, after=True)
            await channel.send("once")
            assert [call.status for call in await server.call("POST /channels/*/messages", times=2)] == [500, 200]
            assert [message.content for message in server.channel.messages] == ["once"]
            await channel.send("once")
            assert len(server.channel.messages) == 2

    run(test)


def test_history_goes_backwards_and_forwards() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(), server) as channel:
            sent = [await channel.send(str(number)) for number in range(7)]
            newest = [message.content async for message in channel.history(limit=3)]
            before = [message.content async for message in channel.history(limit=3, before=sent[4])]
            after = [message.content async for message in channel.history(limit=2, after=sent[1])]
            around = [message.content async for message in channel.history(limit=3, around=sent[3])]
            assert newest == ["6", "5", "4"]
            assert before == ["3", "2", "1"]
            assert after == ["2", "3"]
            assert sorted(around) == ["2", "3", "4"]
            assert (await channel.fetch_message(sent[5].id)).content == "5"
            await sent[5].delete()
            assert await refused(channel.fetch_message(sent[5].id)) == (404, 10008)

    run(test)


def test_edits_keep_the_history_of_a_message() -> None:
    async def test() -> None:
        async with DiscordServer() as server, connected(Bot(), server) as channel:
            sent = await channel.send("one", embed=discord.Embed(title="kept"))
            await sent.edit(content="two")
            await sent.edit(embed=None)
            (message,) = server.channel.messages
            assert [version.content for version in message.history] == ["one", "two", "two"]
            assert [len(version.embeds) for version in message.history] == [1, 1, 0]
            assert message.edited

    run(test)


def test_files_go_both_ways() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server) as channel:
            await channel.send("a list", file=discord.File(io.BytesIO(b"1,2,3"), "list.csv"))
            (message,) = server.channel.messages
            assert [(file.name, file.data) for file in message.files] == [("list.csv", b"1,2,3")]
            ada = server.user("ada")
            await ada.says(ada.dm, "for you", files=[Upload("a b.txt", "für dich".encode())])
            ((attachment,),) = [heard.attachments for heard in await bot.hears(1)]
            assert attachment.filename == "a b.txt"
            assert (await attachment.read()).decode() == "für dich"
            server.rules.attachment_bytes = 4
            large = discord.File(io.BytesIO(b"12345"), "large.txt")
            assert await refused(channel.send(file=large)) == (413, 40005)

    run(test)


def test_direct_messages_can_be_opened_and_refused() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server):
            ada = server.user("ada")
            user = await bot.fetch_user(ada.id)
            await user.send("Hello")
            assert (await server.next_message(ada.dm)).content == "Hello"
            ada.accepts_direct_messages = False
            assert await refused(user.send("Hello?")) == (403, 50007)

    run(test)


def test_threads() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server) as channel:
            sent = await channel.send("start")
            assert await refused(sent.create_thread(name="x" * 101)) == (400, 50035)
            thread = await sent.create_thread(name="More")
            await thread.send("inside")
            (start,) = server.channel.messages
            inside = await server.thread_of(start)
            assert [message.content for message in inside.messages] == ["", "inside"]
            assert await refused(sent.create_thread(name="Again")) == (400, 160004)
            await server.user("ada").says(inside, "and I", mentions=[server.bot])
            (heard,) = await bot.hears(1)
            assert isinstance(heard.channel, discord.Thread)
            assert heard.channel.parent == channel
            oldest = await anext(thread.history(oldest_first=True))
            assert oldest.type is discord.MessageType.thread_starter_message
            assert oldest.reference is not None
            assert isinstance(oldest.reference.resolved, discord.Message)
            assert oldest.reference.resolved.content == "start"
            alone = await channel.create_thread(name="Alone", type=discord.ChannelType.public_thread)
            assert [place.name for place in server.channel.threads] == ["More", "Alone"]
            await alone.add_user(discord.Object(server.user("ada").id))
            assert len(await alone.fetch_members()) == 2

    run(test)


def test_permissions_are_taken_and_given_back() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server) as channel:
            await server.channel.forbid(Permission.SEND_MESSAGES)
            assert await refused(channel.send("Hello")) == (403, 50013)
            me = channel.guild.me
            await bot.changes.until(lambda: not channel.permissions_for(me).send_messages, 20, "the bot to be told")
            await server.channel.allow(Permission.SEND_MESSAGES)
            await channel.send("Hello")
            await server.channel.forbid(Permission.EMBED_LINKS)
            assert await refused(channel.send(embed=discord.Embed(title="Hello"))) == (403, 50013)
            await server.channel.forbid(Permission.VIEW_CHANNEL)
            assert await refused(channel.send("Hello")) == (403, 50001)
            assert await refused(channel.fetch_message(1)) == (403, 50001)

    run(test)


def test_a_reply_to_a_deleted_message_is_refused_unless_that_was_allowed_for() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server) as channel:
            asked = await server.user("ada").says(server.channel, "Hello", mentions=[server.bot])
            (heard,) = await bot.hears(1)
            await server.user("ada").deletes(asked)
            assert await refused(heard.reply("Hello")) == (400, 50035)
            lenient = discord.MessageReference.from_message(heard, fail_if_not_exists=False)
            await channel.send("Hello", reference=lenient)
            assert [message.reply_to for message in server.channel.messages] == [None]

    run(test)


def test_typing_and_reactions_are_seen() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server) as channel:
            async with channel.typing():
                sent = await channel.send("Hello")
            assert server.channel.typing
            await sent.add_reaction("👍")
            (message,) = server.channel.messages
            assert message.reactions == {"👍": {server.bot.id}}
            await sent.remove_reaction("👍", discord.Object(server.bot.id))
            assert message.reactions == {"👍": set()}

    run(test)
