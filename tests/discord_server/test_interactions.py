"""Interactions at the test server, with a real discord.py client."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.discord_server import DiscordServer, InteractionFailed, NotOffered, Permission, Rules, Upload
from tests.discord_server.client import Bot, connected, run


def bot_with_button(style: discord.ButtonStyle = discord.ButtonStyle.primary, label: str = "More") -> Bot:
    """Return a bot whose /show answers with a button; a click on it changes the message."""
    bot = Bot()

    class More(discord.ui.View):
        @discord.ui.button(label=label, style=style, custom_id="more")
        async def more(self, interaction: discord.Interaction, button: discord.ui.Button[More]) -> None:
            await interaction.response.edit_message(content="more", view=None)
            await interaction.followup.send("only for you", ephemeral=True)

    @bot.tree.command(description="Show something")
    async def show(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("less", view=More(timeout=None))

    return bot


def test_a_slash_command_is_synced_deferred_and_answered() -> None:
    async def test() -> None:
        bot = Bot()

        @bot.tree.command(description="Ask a question")
        @app_commands.describe(question="What you want to know", private="Only for you")
        async def ask(interaction: discord.Interaction, question: str, private: bool = False) -> None:
            await interaction.response.defer(ephemeral=private)
            await interaction.edit_original_response(content=f"{question} is")
            await interaction.edit_original_response(content=f"{question} is a good question")

        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            asked = await server.user("ada").slash("ask", question="Why", private=True)
            response = await asked.finished()
            assert response is not None
            await response.until("Why is a good question", edits=1)
            assert [version.content for version in response.history] == ["", "Why is", "Why is a good question"]
            assert asked.ephemeral
            assert asked.deferred
            assert asked.acknowledged_after is not None
            assert server.channel.messages == []
            ((guild, commands),) = [(sync.guild_id, sync.commands) for sync in server.syncs]
            assert guild is None
            assert [command["name"] for command in commands] == ["ask"]
            assert [command.name for command in await bot.tree.fetch_commands()] == ["ask"]
            with pytest.raises(ValueError, match="'question' is required"):
                await server.user("ada").slash("ask")
            with pytest.raises(NotOffered, match="no command /tell"):
                await server.user("ada").slash("tell")
            assert server.refusals == []
            assert server.violations == []

    run(test)


def test_who_is_not_acknowledged_in_time_sees_a_failure() -> None:
    async def test() -> None:
        bot = Bot()
        late: list[tuple[int, int]] = []

        @bot.tree.command(description="Sleep")
        async def sleep(interaction: discord.Interaction) -> None:
            await late_now.wait()
            try:
                await interaction.response.send_message("Good morning")
            except discord.NotFound as error:
                late.append((error.status, error.code))
            server.world.changes()

        late_now = asyncio.Event()
        async with DiscordServer(Rules(callback_seconds=0.05)) as server, connected(bot, server):
            await bot.tree.sync()
            asked = await server.user("ada").slash("sleep")
            with pytest.raises(InteractionFailed, match="/sleep of ada: the application did not respond"):
                await asked.finished()
            late_now.set()
            await server.world.changes.until(lambda: late, 10, "the late answer")
            assert late == [(404, 10062)]
            assert server.failed() == [asked]

    run(test)


def test_a_second_acknowledgement_is_refused() -> None:
    async def test() -> None:
        bot = Bot()
        codes: list[int] = []

        @bot.tree.command(description="Answer twice")
        async def twice(interaction: discord.Interaction) -> None:
            response = interaction.response
            await response.send_message("one")
            again: discord.InteractionResponse[Bot] = discord.InteractionResponse(interaction)  # type: ignore[arg-type]
            try:
                await again.send_message("two")
            except discord.HTTPException as error:
                codes.append(error.code)
            await interaction.followup.send("three")

        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            asked = await server.user("ada").slash("twice")
            assert await asked.until("three") == "one\nthree"
            assert codes == [40060]

    run(test)


def test_after_its_time_a_token_opens_nothing() -> None:
    async def test() -> None:
        bot = Bot()
        codes: list[tuple[int, int]] = []

        @bot.tree.command(description="Wait")
        async def wait(interaction: discord.Interaction) -> None:
            await interaction.response.defer()
            server.rules.token_seconds = 0.0
            try:
                await interaction.edit_original_response(content="too late")
            except discord.HTTPException as error:
                codes.append((error.status, error.code))
            server.world.changes()

        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            asked = await server.user("ada").slash("wait")
            await server.world.changes.until(lambda: codes, 10, "the refusal")
            assert codes == [(401, 50027)]
            assert server.thinking() == [asked]

    run(test)


def test_the_first_follow_up_takes_the_place_of_thinking() -> None:
    async def test() -> None:
        bot = Bot()

        @bot.tree.command(description="Answer in parts")
        async def parts(interaction: discord.Interaction) -> None:
            await interaction.response.defer(ephemeral=True)
            await interaction.followup.send("one", ephemeral=False)
            await interaction.followup.send("two", ephemeral=True)

        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            asked = await server.user("ada").slash("parts")
            assert await asked.until("two") == "one\ntwo"
            assert asked.response is not None
            assert asked.response.text == "one"
            assert asked.response.ephemeral
            assert len(asked.followups) == 1

    run(test)


def test_buttons_are_clicked_by_those_who_see_them() -> None:
    async def test() -> None:
        bot = bot_with_button()
        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            ada, bob = server.user("ada"), server.user("bob")
            shown = await (await ada.slash("show")).finished()
            assert shown is not None
            assert [(button.label, button.custom_id) for button in shown.buttons] == [("More", "more")]
            with pytest.raises(LookupError, match="0 buttons are called 'Less'; there are: More"):
                await bob.clicks(shown, "Less")
            clicked = await bob.clicks(shown, "More")
            assert await clicked.until("only for you") == "more\nonly for you"
            assert clicked.response is shown
            assert shown.buttons == []
            (private,) = clicked.followups
            assert private.ephemeral
            with pytest.raises(LookupError, match="ada does not see this message"):
                await ada.clicks(private, "More")

    run(test)


def test_a_response_with_a_label_that_is_too_long_is_refused_and_the_person_gets_nothing() -> None:
    async def test() -> None:
        bot = bot_with_button(label="x" * 81)
        errors: list[app_commands.AppCommandError] = []

        @bot.tree.error
        async def on_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
            errors.append(error)
            await interaction.response.send_message("Sorry")

        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            asked = await server.user("ada").slash("show")
            response = await asked.finished()
            assert response is not None
            assert response.text == "Sorry"
            assert "data.components.0.components.0.label: Must be 80 or fewer in length." in str(errors[0])

    run(test)


def test_autocomplete_offers_choices_and_too_many_are_refused() -> None:
    async def test() -> None:
        bot = Bot()

        @bot.tree.command(description="Show a paper")
        @app_commands.describe(name="Its title", limit="How many to offer")
        async def paper(interaction: discord.Interaction, name: str, limit: int = 3) -> None:
            await interaction.response.send_message(name)

        @paper.autocomplete("name")
        async def names(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            limit = interaction.namespace.limit or 3
            return [app_commands.Choice(name=f"{typed} {at}", value=str(at)) for at in range(limit)]

        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            ada = server.user("ada")
            choices = await ada.autocomplete("paper", "name", "lora")
            assert choices.names == ["lora 0", "lora 1", "lora 2"]
            assert choices.values == ["0", "1", "2"]
            assert choices.seconds > 0
            server.rules.callback_seconds = 0.2
            with pytest.raises(InteractionFailed):
                await ada.autocomplete("paper", "name", "lora", limit=26)
            assert [call.status for call in server.refusals] == [400]

    run(test)


def test_sub_commands_take_files_and_are_for_those_who_may() -> None:
    async def test() -> None:
        bot = Bot()
        admin = app_commands.Group(
            name="admin",
            description="For admins",
            default_permissions=discord.Permissions(manage_guild=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
        )

        @admin.command(description="Add papers")
        async def add(interaction: discord.Interaction, file: discord.Attachment, channel: discord.TextChannel) -> None:
            text = (await file.read()).decode()
            allowed = interaction.permissions.manage_guild
            await interaction.response.send_message(f"{file.filename}: {text} in {channel.name}, {allowed}")

        bot.tree.add_command(admin)
        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            papers = Upload("papers.txt", b"LoRA")
            root = server.user("root", Permission.MANAGE_GUILD)
            added = await root.slash("admin add", file=papers, channel=server.channel)
            response = await added.finished()
            assert response is not None
            assert response.text == "papers.txt: LoRA in papers, True"
            with pytest.raises(NotOffered, match="not offered to ada"):
                await server.user("ada").slash("admin add", file=papers, channel=server.channel)
            forced = await server.user("ada").slash("admin add", unoffered=True, file=papers, channel=server.channel)
            response = await forced.finished()
            assert response is not None
            assert response.text.endswith("False")
            with pytest.raises(NotOffered, match="direct messages"):
                await root.slash("admin add", root.dm, file=papers, channel=server.channel)
            with pytest.raises(LookupError, match="has sub-commands: add"):
                await root.slash("admin")

    run(test)


def test_modals_are_opened_filled_in_and_answered() -> None:
    async def test() -> None:
        bot = Bot()

        class Paste(discord.ui.Modal, title="Paste papers"):
            text = discord.ui.TextInput[discord.ui.View](label="Text", max_length=10)
            name = discord.ui.Label[discord.ui.View](
                text="Name", component=discord.ui.TextInput(custom_id="name", required=False)
            )

            async def on_submit(self, interaction: discord.Interaction) -> None:
                assert isinstance(self.name.component, discord.ui.TextInput)
                await interaction.response.send_message(f"{self.text.value} by {self.name.component.value}")

        @bot.tree.command(description="Paste")
        async def paste(interaction: discord.Interaction) -> None:
            await interaction.response.send_modal(Paste())

        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            ada = server.user("ada")
            opened = await ada.slash("paste")
            await opened.finished()
            with pytest.raises(ValueError, match="'Text' is required"):
                await ada.submits(opened, {"Name": "me"})
            with pytest.raises(ValueError, match="'Text' is too long"):
                await ada.submits(opened, {"Text": "x" * 11})
            sent = await ada.submits(opened, {"Text": "LoRA", "name": "me"})
            response = await sent.finished()
            assert response is not None
            assert response.text == "LoRA by me"

    run(test)


def test_a_button_works_after_a_restart_of_the_bot() -> None:
    class Vote(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"vote:(?P<id>\d+)"):
        def __init__(self, id: str) -> None:
            super().__init__(discord.ui.Button(emoji="👍", custom_id=f"vote:{id}"))
            self.id_of_answer = id

        @classmethod
        async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str]) -> Vote:
            return cls(match["id"])

        async def callback(self, interaction: discord.Interaction) -> None:
            await interaction.response.send_message(f"voted for {self.id_of_answer}", ephemeral=True)

    async def test() -> None:
        async with DiscordServer() as server:
            async with connected(Bot(), server) as channel:
                await channel.send("An answer", view=discord.ui.View(timeout=None).add_item(Vote("17")))
            (message,) = server.channel.messages
            bot = Bot()
            bot.add_dynamic_items(Vote)
            async with connected(bot, server):
                clicked = await server.user("ada").clicks(message, "👍")
                assert await clicked.until("voted") == "voted for 17"
                assert clicked.ephemeral

    run(test)


def test_selects_are_chosen_from() -> None:
    async def test() -> None:
        bot = Bot()

        class Pick(discord.ui.View):
            @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label="LoRA", value="7")])
            async def pick(self, interaction: discord.Interaction, select: discord.ui.Select[Pick]) -> None:
                await interaction.response.defer()
                await interaction.edit_original_response(content=f"picked {select.values}", view=None)

        @bot.tree.command(description="Pick one")
        async def pick(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("Which?", view=Pick())

        async with DiscordServer() as server, connected(bot, server):
            await bot.tree.sync()
            ada = server.user("ada")
            shown = await (await ada.slash("pick", ada.dm)).finished()
            assert shown is not None
            chosen = await ada.chooses(shown, "pick", ["LoRA"])
            assert await chosen.until("picked") == "picked ['7']"
            assert chosen.response is shown

    run(test)


def test_commands_that_discord_would_not_take_are_refused() -> None:
    async def test() -> None:
        bot = Bot()
        async with DiscordServer() as server, connected(bot, server):
            with pytest.raises(discord.HTTPException) as caught:
                await bot.http.bulk_upsert_global_commands(server.bot.id, [{"name": "Ask", "description": ""}])
            assert caught.value.code == 50035
            assert set(server.refusals[0].answer["errors"]["0"]) == {"name", "description"}
            assert server.syncs == []

    run(test)
