"""Replies of language models, kept on disk: the same prompt to the same model is not paid for twice.

The file holds hashes of prompts, not the prompts, and the replies. It may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage

_log = logging.getLogger("citebot")

_MOST_REPLIES = 5_000  # some 5 MB
_LONGEST_SECONDS = 30 * 86_400  # providers change what is behind a model's name
_BUSY_SECONDS = 1.0
_SCHEMA = "CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply TEXT NOT NULL, made REAL NOT NULL)"


def reply_key(model: str, max_tokens: int, messages: Sequence[ChatMessage]) -> bytes:
    """Return what a reply is kept under: the model, how much it may write, and every word that it was told."""
    told = [[str(message.role.value), message.content or ""] for message in messages]
    return hashlib.sha256(json.dumps([model, max_tokens, told]).encode()).digest()


class ReplyCache:
    """The replies in one SQLite file. What is wrong with the file is logged, and then there is no cache.

    >>> cache = ReplyCache(Path("replies.sqlite3"))  # doctest: +SKIP
    >>> cache.get(key) is None  # doctest: +SKIP
    True
    """

    def __init__(self, path: Path) -> None:
        """Keep the replies at `path`, which is made when the first reply is kept."""
        self._path = path

    def get(self, key: bytes) -> str | None:
        """Return the reply that was kept under a key, None if there is none or it is too old."""
        if not self._path.exists():
            return None
        try:
            with closing(self._open()) as connection:
                row = connection.execute(
                    "SELECT reply FROM replies WHERE key = ? AND made > ?", (key, time.time() - _LONGEST_SECONDS)
                ).fetchone()
        except (sqlite3.Error, OSError) as error:
            self._complain(error)
            return None
        return str(row[0]) if row else None

    def put(self, key: bytes, reply: str) -> None:
        """Keep a reply; the oldest go when there are too many."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as connection, connection:
                connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", (key, reply, time.time()))
                connection.execute(
                    "DELETE FROM replies WHERE made <= (SELECT made FROM replies ORDER BY made DESC LIMIT 1 OFFSET ?)",
                    (_MOST_REPLIES,),
                )
        except (sqlite3.Error, OSError) as error:
            self._complain(error)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS)
        connection.execute("PRAGMA synchronous = OFF")  # to lose a reply in a power cut is no loss
        connection.execute(_SCHEMA)
        return connection

    def _complain(self, error: Exception) -> None:
        _log.warning("replies of models are not kept: %s: %s", self._path, error)
