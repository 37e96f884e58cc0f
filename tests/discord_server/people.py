"""People at Discord: what they type, click and see. Tests drive the bot through them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.discord_server.asking import Upload, command_data, offered_command
from tests.discord_server.errors import Json
from tests.discord_server.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
    InteractionFailed,
)
from tests.discord_server.limits import LABEL_COMPONENT, modal_inputs
from tests.discord_server.mentions import pings
from tests.discord_server.permissions import EVERYBODY, Permission
from tests.discord_server.state import EPHEMERAL, LINK, PLAIN, REPLY, Account, Channel, Message, version
from tests.discord_server.world import World


@dataclass(frozen=True)
class Choices:
    """What an autocomplete offered, and after how many seconds."""

    names: list[str]
    values: list[str | int | float]
    seconds: float


class Person(Account):
    """Somebody who uses Discord."""

    def __init__(self, world: World, name: str, permissions: Permission = EVERYBODY) -> None:
        """Sign up, and join every guild."""
        super().__init__(world.new_id(), name, permissions=permissions)
        self.world = world
        world.add_account(self)

    def _place(self, where: Channel | None) -> Channel:
        if where is not None:
            return where
        return next(iter(next(iter(self.world.guilds.values())).channels.values()))

    @property
    def dm(self) -> Channel:
        """This person's direct messages with the bot."""
        return self.world.direct_messages(self)

    # ------------------------------------------------------------------ slash commands

    async def slash(
        self, command: str, /, where: Channel | None = None, *, unoffered: bool = False, **options: Any
    ) -> Interaction:
        """Type a slash command ("ask", "admin add"), in the first channel if no other is named.

        Options are texts, numbers, truth values, people, channels, roles, and files (`Upload`). LookupError or
        ValueError where Discord would not let the command be sent: it is not there, an option is missing or wrong.
        `unoffered` sends a command that Discord does not offer to this person.
        """
        channel = self._place(where)
        offered = offered_command(self.world, command, self, channel, unoffered)
        data = command_data(self.world, offered, command, channel, options)
        return self.world.interact(COMMAND, self, channel, data)

    async def autocomplete(
        self, command: str, option: str, typed: str, /, where: Channel | None = None, **options: Any
    ) -> Choices:
        """Type into an option that completes what is typed; return what is offered, InteractionFailed if nothing is."""
        channel = self._place(where)
        offered = offered_command(self.world, command, self, channel, False)
        data = command_data(self.world, offered, command, channel, {**options, option: typed}, focused=option)
        interaction = self.world.interact(AUTOCOMPLETE, self, channel, data)
        seconds = await interaction.acknowledged()
        if interaction.choices is None:
            raise InteractionFailed(f"{interaction}: no choices")
        return Choices(
            [choice["name"] for choice in interaction.choices],
            [choice["value"] for choice in interaction.choices],
            seconds,
        )

    # ------------------------------------------------------------------ buttons, selects, modals

    async def clicks(self, message: Message, button: str) -> Interaction:
        """Click a button of a message: named by its label, its emoji, or its custom id.

        LookupError if this person sees no such button, or several; ValueError if it is disabled or a link.
        """
        self._check_sees(message)
        found = [part for part in message.buttons if button in (part.label, part.emoji, part.custom_id)]
        if len(found) != 1:
            names = ", ".join(part.label or part.emoji for part in message.buttons)
            raise LookupError(f"{len(found)} buttons are called {button!r}; there are: {names or 'none'}")
        if found[0].disabled or found[0].style == LINK:
            raise ValueError(f"the button {button!r} is disabled, or a link")
        data = {"custom_id": found[0].custom_id, "component_type": 2, "id": 2}
        return self.world.interact(COMPONENT, self, message.channel, data, message)

    async def chooses(self, message: Message, select: str, values: Iterable[str]) -> Interaction:
        """Choose from a select of a message, named by its custom id or placeholder: values or labels of options."""
        self._check_sees(message)
        for part in message.parts:
            if select in (part.get("custom_id"), part.get("placeholder")) and part["type"] != 2:
                chosen = [value_of(part, value) for value in values]
                data = {"custom_id": part["custom_id"], "component_type": part["type"], "values": chosen, "id": 2}
                return self.world.interact(COMPONENT, self, message.channel, data, message)
        raise LookupError(f"there is no select {select!r}")

    async def submits(self, asked: Interaction, values: dict[str, str]) -> Interaction:
        """Fill in the modal that answered an interaction: texts by label or custom id of the inputs; send it."""
        if asked.modal is None:
            raise LookupError(f"{asked} opened no modal")
        inputs = modal_inputs(asked.modal)
        unknown = set(values) - {str(name) for field in inputs for name in (field.get("label"), field["custom_id"])}
        if unknown:
            raise LookupError(f"the modal has no input {', '.join(sorted(unknown))}")
        rows = [filled_row(row, values) for row in asked.modal["components"]]
        data = {"custom_id": asked.modal["custom_id"], "components": rows}
        return self.world.interact(MODAL_SUBMIT, self, asked.channel, data, asked.message)

    def _check_sees(self, message: Message) -> None:
        if message.deleted or (message.now.flags & EPHEMERAL and message.only_for is not self):
            raise LookupError(f"{self.name} does not see this message")

    # ------------------------------------------------------------------ messages

    async def says(
        self,
        where: Channel,
        text: str,
        *,
        mentions: Iterable[Account] = (),
        reply_to: Message | None = None,
        ping: bool = True,
        files: Iterable[Upload] = (),
    ) -> Message:
        """Write a message. Who is in `mentions` and not in the text is mentioned before it.

        A reply pings the author of the message replied to, unless `ping` is off.
        """
        missing = [account.mention for account in mentions if account.mention not in text]
        text = " ".join([*missing, text])
        kept = [self.world.add_file(where, file.name, file.data) for file in files]
        return self.world.post(
            where,
            self,
            version({"content": text}, kept),
            kind=REPLY if reply_to else PLAIN,
            reply_to=reply_to,
            pings=pings(text, None, reply_to.author.id if reply_to and ping else None),
        )

    async def edits(self, message: Message, text: str) -> None:
        """Change what a message of this person says."""
        self.world.edit(message, version({"content": text}, message.files, message.now))

    async def deletes(self, message: Message) -> None:
        """Delete a message."""
        self.world.delete(message)

    async def reacts(self, message: Message, emoji: str, *, take_back: bool = False) -> None:
        """React to a message, or take it back."""
        self.world.react(message, self, emoji, take_back=take_back)

    async def opens_thread(self, start: Message | Channel, name: str) -> Channel:
        """Open a thread, at a message or in a channel; the bot is not in it until it is mentioned or joins."""
        if isinstance(start, Message):
            return self.world.new_thread(start.channel, name, self, starter=start)
        return self.world.new_thread(start, name, self)


def value_of(select: Json, chosen: str) -> str:
    """Return the value of an option of a select, given its value or label."""
    options = select.get("options")
    if options is None:
        return chosen
    for option in options:
        if chosen in (option["value"], option["label"]):
            return str(option["value"])
    raise LookupError(f"the select has no option {chosen!r}")


def filled_row(row: Json, values: dict[str, str]) -> Json:
    """Return a row of a modal as it is sent back."""
    if row["type"] == LABEL_COMPONENT:
        return {"type": LABEL_COMPONENT, "id": 1, "component": filled_input(row["component"], values, row["label"])}
    parts = [filled_input(part, values, part.get("label")) for part in row["components"]]
    return {"type": row["type"], "id": 1, "components": parts}


def filled_input(part: Json, values: dict[str, str], label: str | None) -> Json:
    """Return an input of a modal as it is sent back; ValueError if it is required and empty."""
    value = values.get(str(label), values.get(part["custom_id"], part.get("value") or ""))
    if part.get("required", True) and not value:
        raise ValueError(f"the input {label or part['custom_id']!r} is required")
    if len(value) > int(part.get("max_length") or 4000):
        raise ValueError(f"the input {label or part['custom_id']!r} is too long")
    return {"type": part["type"], "id": 1, "custom_id": part["custom_id"], "value": value}
