"""/admin: who may, and what it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rag
from tests.bot.bot_running import LONG_CONTEXT, at_discord, bot_at, plain
from tests.discord_server import DiscordServer, NotOffered, Permission, Person, Upload
from tests.made_up import gadget, gadgets, write_papers

pytestmark = pytest.mark.usefixtures("papers")


def admin(server: DiscordServer) -> Person:
    return server.user("root", Permission.MANAGE_GUILD)


def test_only_who_has_the_permission_and_stands_on_the_list_is_admin(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        root, listed = admin(server), server.user("listed")
        async with bot_at(server, tmp_path, discord_admins=frozenset({listed.id})):
            with pytest.raises(NotOffered):
                await server.user("ada").slash("admin status")
            refused = await (await root.slash("admin status")).finished(timeout=30)
            assert "CITEBOT_DISCORD_ADMINS" in plain(refused)
            assert str(root.id) in plain(refused)
            refused = await (await listed.slash("admin status", unoffered=True)).finished(timeout=30)
            assert "permission to manage" in plain(refused)

    at_discord(test)


def test_file_is_added_with_progress_and_its_faults_are_named(tmp_path: Path, papers: Path) -> None:
    file = write_papers(tmp_path / "gadgets.jsonl", gadgets(40))
    content = file.read_bytes() + b"no json [click](http://evil.example) @everyone\n"

    async def test(server: DiscordServer) -> None:
        root = admin(server)
        async with bot_at(server, tmp_path, discord_admins=frozenset({root.id})):
            asked = await root.slash("admin add", file=Upload("gadgets.jsonl", content))
            report = await asked.until("40 added", 60)
            assert asked.ephemeral
            assert "left out gadgets.jsonl:41" in plain(report)
            assert "I have 174 now" in plain(report)
            choices = await root.autocomplete("paper", "name", "gadget39")
            assert choices.names[0].startswith("Gadget39")

    at_discord(test)
    with rag.Library.open(papers) as library:
        assert library.get(gadget(39).title).sources == ("gadgets.jsonl",)


def test_pasted_text_is_added(tmp_path: Path) -> None:
    line = json.dumps({"title": gadget(1).title, "abstract": gadget(1).abstract})

    async def test(server: DiscordServer) -> None:
        root = admin(server)
        async with bot_at(server, tmp_path, discord_admins=frozenset({root.id})):
            assert "1 added" in plain(await (await root.slash("admin add", text=line)).until("1 added", 60))
            again = await root.slash("admin add", text=line)
            assert "1 unchanged" in plain(await again.until("1 unchanged", 60))

    at_discord(test)


def test_form_adds_a_paper(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        root = admin(server)
        async with bot_at(server, tmp_path, discord_admins=frozenset({root.id})):
            form = await root.slash("admin add")
            await form.acknowledged()
            sent = await root.submits(
                form,
                {
                    "Title (empty: the text has its own)": gadget(2).title,
                    "Abstract, or JSON lines, or a saved page": gadget(2).abstract,
                },
            )
            await sent.until("1 added", 60)
            answer = await root.slash("ask", question="How many marbles does Gadget2 sort a minute?")
            assert "1002 marbles" in plain(await answer.finished(timeout=30))

    at_discord(test)


def test_what_is_no_file_of_papers_is_refused_with_the_reason(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        root = admin(server)
        async with bot_at(server, tmp_path, discord_admins=frozenset({root.id})):
            asked = await root.slash("admin add", file=Upload("../../@everyone.exe", b"\x00\x01\x02"))
            report = await asked.until("left out", 60)
            assert "0 papers" in plain(report)

    at_discord(test)


def test_paper_is_removed(tmp_path: Path, papers: Path) -> None:
    async def test(server: DiscordServer) -> None:
        root = admin(server)
        async with bot_at(server, tmp_path, discord_admins=frozenset({root.id})):
            chosen = (await root.autocomplete("admin remove", "paper", "longlora")).values[0]
            removed = await (await root.slash("admin remove", paper=chosen)).finished(timeout=60)
            assert "133 papers now" in plain(removed)
            assert (await root.autocomplete("paper", "name", "longlora")).values == []
            unknown = await (await root.slash("admin remove", paper="longlora")).finished(timeout=60)
            assert "I know no paper of that name" in plain(unknown)

    at_discord(test)
    with rag.Library.open(papers) as library:
        assert len(library) == 133


def test_status_tells_papers_latency_and_errors(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        root = admin(server)
        async with bot_at(server, tmp_path, discord_admins=frozenset({root.id})):
            await (await root.slash("ask", question=LONG_CONTEXT)).finished(timeout=30)
            failed = await (await root.slash("paper", name="zzzz")).finished(timeout=30)
            reference = plain(failed).split("`")[-2]
            status = plain(await (await root.slash("admin status")).finished(timeout=30))
            assert "134" in status
            assert "1 answered" in status
            assert reference in status

    at_discord(test)


def test_channel_that_is_forbidden_is_kept_silent(tmp_path: Path) -> None:
    async def test(server: DiscordServer) -> None:
        root, ada = admin(server), server.user("ada")
        other = server.guild.channel("other")
        async with bot_at(server, tmp_path, discord_admins=frozenset({root.id})):
            await (await root.slash("admin channel", channel=server.channel, rule="forbid")).finished(timeout=30)
            refused = await ada.slash("ask", question=LONG_CONTEXT)
            assert "another one" in plain(await refused.finished(timeout=30))
            assert refused.ephemeral
            await ada.says(server.channel, f"{server.bot.mention} {LONG_CONTEXT}", mentions=[server.bot])
            assert "another one" in plain(await server.next_message(ada.dm, 30))
            asked = await ada.slash("ask", where=other, question=LONG_CONTEXT)
            assert "LongLoRA" in plain(await asked.finished(timeout=30))
        async with bot_at(server, tmp_path, discord_admins=frozenset({root.id})):  # it is remembered
            refused = await ada.slash("ask", question=LONG_CONTEXT)
            assert "another one" in plain(await refused.finished(timeout=30))
            await (await root.slash("admin channel", channel=server.channel, rule="allow")).finished(timeout=30)
            asked = await ada.slash("ask", question=LONG_CONTEXT)
            assert "LongLoRA" in plain(await asked.finished(timeout=30))
            refused = await ada.slash("ask", where=other, question=LONG_CONTEXT)
            assert "another one" in plain(await refused.finished(timeout=30))
        assert len(server.channel.messages) == 2  # ada's mention, and the answer since it is allowed

    at_discord(test)
