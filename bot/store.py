"""What the bot keeps, in one SQLite file: answers (for their buttons and follow-ups), votes, channels, a few facts.

All work is done by one thread of the store's own, so the event loop never waits for the disk. What is older than the
retention time is deleted, and so is what a user asks to have forgotten.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from bot.errors import StartError
from rag.answers import Citation

SCHEMA_VERSION = 1
_DAY_SECONDS = 86_400
_SCHEMA = """
CREATE TABLE answers (
    id TEXT PRIMARY KEY, asker INTEGER NOT NULL, asked_at INTEGER NOT NULL,
    question TEXT NOT NULL, text TEXT NOT NULL, citations TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX answers_by_asker ON answers (asker);
CREATE INDEX answers_by_time ON answers (asked_at);
CREATE TABLE votes (
    answer TEXT NOT NULL REFERENCES answers (id) ON DELETE CASCADE, voter INTEGER NOT NULL, vote INTEGER NOT NULL,
    PRIMARY KEY (answer, voter)
) WITHOUT ROWID;
CREATE INDEX votes_by_voter ON votes (voter);
CREATE TABLE channels (
    guild INTEGER NOT NULL, channel INTEGER NOT NULL, allowed INTEGER NOT NULL, PRIMARY KEY (guild, channel)
) WITHOUT ROWID;
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as the store keeps it: what its buttons and follow-ups need."""

    id: str
    question: str
    text: str
    citations: tuple[Citation, ...]


def new_answer_id() -> str:
    """Return an id for an answer: 16 characters, not to be guessed."""
    return secrets.token_hex(8)


class Store:
    """The bot's SQLite file.

    >>> store = await Store.open(Path("bot.sqlite3"), keep_days=30)  # doctest: +SKIP
    >>> await store.vote("0123456789abcdef", voter=1, vote=1)  # doctest: +SKIP
    """

    def __init__(self, path: Path, keep_days: int) -> None:
        """Use `Store.open`."""
        self._path = path
        self._keep_seconds = keep_days * _DAY_SECONDS
        self._thread = ThreadPoolExecutor(1, "citebot-store")
        self._connection: sqlite3.Connection | None = None

    @classmethod
    async def open(cls, path: Path, keep_days: int) -> Store:
        """Return the store in the file `path`, made if it is not there; raises StartError if it cannot be used."""
        store = cls(path, keep_days)
        try:
            await store._in_thread(store._prepare)
        except (OSError, sqlite3.Error) as error:
            store._thread.shutdown()
            raise StartError(f"CITEBOT_DISCORD_STORE: {path} cannot be used ({error}); name another file") from error
        return store

    async def close(self) -> None:
        """Finish what is being written and close the file."""
        if self._connection is not None:
            await self._in_thread(self._connection.close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _prepare(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
        self._path.chmod(0o600)  # questions of people
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"made by another version of citebot: format {version}")
        if version == 0:
            connection.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")
        self._connection = connection

    async def _execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        def work() -> list[tuple[Any, ...]]:
            if self._connection is None:
                raise sqlite3.ProgrammingError("the store is not open")
            return self._connection.execute(statement, values).fetchall()

        return await self._in_thread(work)

    # ------------------------------------------------------------------ answers and votes

    async def keep(self, answer: KeptAnswer, asker: int) -> None:
        """Keep an answer for the retention time."""
        citations = json.dumps([asdict(each) for each in answer.citations], ensure_ascii=True)
        await self._execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)",
            answer.id, asker, int(time.time()), _storable(answer.question), _storable(answer.text), citations,
        )  # fmt: skip

    async def answer(self, answer_id: str) -> KeptAnswer | None:
        """Return an answer, or None if it is not kept (any more)."""
        rows = await self._execute(
            "SELECT question, text, citations FROM answers WHERE id = ? AND asked_at >= ?", answer_id, self._oldest()
        )
        if not rows:
            return None
        question, text, citations = rows[0]
        return KeptAnswer(answer_id, question, text, tuple(map(_citation, json.loads(citations))))

    async def vote(self, answer_id: str, *, voter: int, vote: int) -> bool:
        """Keep a vote (1 or -1) in the place of an earlier one; return False if the answer is not kept (any more)."""
        rows = await self._execute(
            "INSERT OR REPLACE INTO votes SELECT id, ?, ? FROM answers WHERE id = ? AND asked_at >= ? RETURNING answer",
            voter, vote, answer_id, self._oldest(),
        )  # fmt: skip
        return bool(rows)

    async def votes(self) -> tuple[int, int]:
        """Return how many votes there are up and down."""
        rows = await self._execute(
            "SELECT count(*) FILTER (WHERE vote > 0), count(*) FILTER (WHERE vote < 0) FROM votes"
        )
        return int(rows[0][0]), int(rows[0][1])

    async def forget(self, user: int) -> int:
        """Delete a user's questions with their answers, and the user's votes; return how many there were."""
        votes = await self._execute("DELETE FROM votes WHERE voter = ? RETURNING answer", user)
        answers = await self._execute("DELETE FROM answers WHERE asker = ? RETURNING id", user)
        await self._execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log of writes has them, too
        return len(votes) + len(answers)

    async def delete_old(self) -> int:
        """Delete what is older than the retention time; return how many answers there were."""
        return len(await self._execute("DELETE FROM answers WHERE asked_at < ? RETURNING id", self._oldest()))

    def _oldest(self) -> int:
        return int(time.time()) - self._keep_seconds

    # ------------------------------------------------------------------ channels and facts

    async def channels(self) -> dict[tuple[int, int], bool]:
        """Return which channels admins have allowed or forbidden, by guild and channel."""
        rows = await self._execute("SELECT guild, channel, allowed FROM channels")
        return {(guild, channel): bool(allowed) for guild, channel, allowed in rows}

    async def set_channel(self, guild: int, channel: int, allowed: bool | None) -> None:
        """Allow or forbid a channel; None: neither."""
        if allowed is None:
            await self._execute("DELETE FROM channels WHERE guild = ? AND channel = ?", guild, channel)
        else:
            await self._execute("INSERT OR REPLACE INTO channels VALUES (?, ?, ?)", guild, channel, int(allowed))

    async def fact(self, key: str) -> str | None:
        """Return what was kept under `key`, or None."""
        rows = await self._execute("SELECT value FROM facts WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    async def set_fact(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        await self._execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", key, value)


def _storable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which SQLite does not take."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _citation(fields: dict[str, Any]) -> Citation:
    return Citation(**{**fields, "sentence_ids": tuple(fields["sentence_ids"])})
