"""Whom a message pings, and which addresses in it Discord would unfold: pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.discord_server.errors import Json

_USER = re.compile(r"<@!?(\d{15,20})>")
_ROLE = re.compile(r"<@&(\d{15,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_ADDRESS = re.compile(r"(<?)https?://[^\s<>)\]]+(>?)", re.I)
SUPPRESS_EMBEDS = 1 << 2


@dataclass(frozen=True)
class Pings:
    """Whom a message pings: ids of users and roles, and whether it pings everyone or everyone who is here."""

    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.everyone)


def pings(content: str, allowed: Json | None, replied_to: int | None = None) -> Pings:
    """Return whom a message with this content pings, given its `allowed_mentions` (None: it had none).

    Only the content pings, embeds never do. `replied_to` is the author of the message that this one replies to.
    The worst is assumed: that the author may mention everyone and every role, and that code spans do not protect.
    """
    users = {int(id) for id in _USER.findall(content)}
    roles = {int(id) for id in _ROLE.findall(content)}
    everyone = bool(_EVERYONE.search(content))
    replied = {replied_to} if replied_to is not None else set()
    if allowed is None:
        return Pings(frozenset(users | replied), frozenset(roles), everyone)
    parse = allowed.get("parse") or []
    if "users" not in parse:
        users &= {int(id) for id in allowed.get("users") or []}
    if "roles" not in parse:
        roles &= {int(id) for id in allowed.get("roles") or []}
    if not allowed.get("replied_user"):
        replied = set()
    return Pings(frozenset(users | replied), frozenset(roles), everyone and "everyone" in parse)


def previews(content: str, flags: int) -> list[str]:
    """Return the addresses in a message's content from which Discord would make a preview.

    None where the message suppresses embeds; an address in angle brackets has no preview.
    """
    if flags & SUPPRESS_EMBEDS:
        return []
    return [found[0].strip("<>") for found in _ADDRESS.finditer(content) if not (found[1] and found[2])]
