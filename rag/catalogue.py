"""The catalogue: one SQLite file that holds the papers and all that other parts can be rebuilt from.

Papers, their sentences, names and vectors and the full-text index (FTS5) of a paper are written in one
transaction, so a reader sees a paper as it was or as it is, never between. Every writing transaction
raises the library's revision; readers compare revisions to know whether what they hold in memory is old.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.papers import Paper, Sentence, plain_text, title_key
from rag.words import words

SCHEMA_VERSION = 2
_BUSY_TIMEOUT_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE papers (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title_key TEXT NOT NULL, external_id TEXT,
    title TEXT NOT NULL, abstract TEXT NOT NULL, authors TEXT NOT NULL, published TEXT, url TEXT, code_url TEXT,
    categories TEXT NOT NULL, sources TEXT NOT NULL, wording TEXT NOT NULL, revision INTEGER NOT NULL
);
CREATE INDEX papers_by_title ON papers (title_key);
CREATE INDEX papers_by_external_id ON papers (external_id);
CREATE INDEX papers_by_revision ON papers (revision);
CREATE TABLE sentences (
    paper INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (paper, number)
) WITHOUT ROWID;
CREATE TABLE vectors (
    paper INTEGER NOT NULL, number INTEGER NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (paper, number)
) WITHOUT ROWID;
CREATE TABLE names (
    key TEXT NOT NULL, paper INTEGER NOT NULL, name TEXT NOT NULL, standing INTEGER NOT NULL, PRIMARY KEY (key, paper)
) WITHOUT ROWID;
CREATE INDEX names_by_paper ON names (paper);
CREATE TABLE removed (id TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE VIRTUAL TABLE full_text USING fts5 (title, abstract, tokenize = 'porter unicode61');
"""
# In `vectors`, number 0 is the abstract as a whole, 1 and up are its sentences.

# What makes a catalogue of an older version one of the next: by version, from 1 to 2 and so on.
_DOCUMENTS = """
CREATE TABLE documents (paper INTEGER PRIMARY KEY, encoder TEXT NOT NULL, vector BLOB NOT NULL)
"""
_MIGRATIONS = {1: _DOCUMENTS}

_COLUMNS = "id, external_id, title, abstract, authors, published, url, code_url, categories, sources, wording"


class Standing(IntEnum):
    """How a paper has a name, from weak to strong."""

    MENTIONED = 0
    """It stands in the abstract, once."""
    REPEATED = 1
    """It stands in the abstract more than once."""
    TITLE = 2
    """It stands in the title."""
    BROUGHT_IN = 3
    """The abstract introduces it: "we propose X"."""
    TITLE_HEAD = 4
    """It is what the title begins with: "X: ..."."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name that stands in a paper, as written; `key` is what its spellings share."""

    name: str
    key: str
    standing: Standing


class DocumentVector(NamedTuple):
    """The vector of a paper by the dual encoder of that name, shape (dimension,)."""

    encoder: str
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper with all that is derived from it and stored beside it.

    `vectors` has one row for the abstract, then one for each sentence; shape (1 + len(sentences), dimension).
    `document` is the paper's vector by the dual encoder, None where there is no dual encoder.
    """

    paper: Paper
    sentences: Sequence[Sentence]
    vectors: NDArray[np.float32]
    names: Sequence[Name]
    document: DocumentVector | None = None


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A name as the catalogue has it, and a paper in which it stands."""

    key: str
    name: str
    paper_id: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """Vectors of papers. Row i of `vectors` is abstract (number 0) or sentence of paper `paper_ids[owners[i]]`.

    Rows of one paper stand together, in the order of their numbers. `documents` has the papers' vectors by the dual
    encoder called `encoder`, one a paper; no rows, and an empty name, where they were not asked for and unless all
    papers have one by the same encoder.
    """

    paper_ids: list[str]
    owners: NDArray[np.int64]
    numbers: NDArray[np.int64]
    vectors: NDArray[np.float32]
    encoder: str = ""
    documents: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 1), dtype=np.float32))


class Catalogue:
    """The SQLite file of a library. Each thread gets a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the catalogue at `path`; make it where there is none.

        Raises LibraryError where the file is no catalogue, or one of a newer citebot.
        """
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._frequencies: tuple[int, dict[str, int]] = (-1, {})
        self._vocabulary: tuple[int, dict[str, int]] = (-1, {})
        self._called: tuple[int, dict[str, list[NameMatch]]] = (-1, {})
        self.path = path
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self.close()
            raise LibraryError(
                f"{path} cannot be opened as a citebot catalogue ({error}); "
                "name another directory with --library, or move this file away"
            ) from error

    def _prepare(self) -> None:
        connection = self._connection()
        connection.execute("PRAGMA journal_mode = WAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute("BEGIN IMMEDIATE")
            try:
                # Another process may have been quicker between the look and the lock.
                if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in (_SCHEMA + _DOCUMENTS).split(";"):
                        connection.execute(statement)
                    connection.execute("INSERT INTO meta VALUES ('revision', '0')")
                    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            return
        while version in _MIGRATIONS:
            self._migrate(version)
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            raise LibraryError(
                f"{self.path} was made by another version of citebot (format {version}, this one reads "
                f"{SCHEMA_VERSION}); update citebot, or build the library anew in another directory"
            )

    def _migrate(self, version: int) -> None:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == version:
                connection.execute(_MIGRATIONS[version])
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
            with self._guard:
                self._connections.append(connection)
        return connection

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()

    @contextmanager
    def _transaction(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """Give a connection and the revision that the transaction makes; all is written at the end, or nothing."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            revision = int(connection.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone()[0]) + 1
            yield connection, revision
            connection.execute("UPDATE meta SET value = ? WHERE key = 'revision'", (str(revision),))
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the same state of the library throughout, whatever others write meanwhile.

        For this thread, and for reading only. Inside another snapshot it changes nothing.
        """
        connection = self._connection()
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")

    # ------------------------------------------------------------------ facts about the library

    @property
    def revision(self) -> int:
        """The number of writing transactions so far."""
        return int(self.fact("revision") or 0)

    def fact(self, key: str) -> str | None:
        """Return a fact about the library that was set under `key`, or None."""
        row = self._connection().execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, key: str, value: str) -> None:
        """Keep a fact about the library; readers need not take note (the revision stays)."""
        self._connection().execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # ------------------------------------------------------------------ writing

    def write(self, entries: Sequence[Entry]) -> None:
        """Write papers with all that belongs to them, in one transaction; each replaces what its id had."""
        with self._transaction() as (connection, revision):
            for entry in entries:
                row = self._write_paper(connection, entry.paper, revision)
                self._delete_derived(connection, row)
                connection.executemany(
                    "INSERT INTO sentences VALUES (?, ?, ?)", [(row, s.number, s.text) for s in entry.sentences]
                )
                # Half precision moves a cosine by less than 0.001 and halves the largest part of the file.
                connection.executemany(
                    "INSERT INTO vectors VALUES (?, ?, ?)",
                    [(row, n, v.astype(np.float16).tobytes()) for n, v in enumerate(entry.vectors)],
                )
                if entry.document is not None:
                    self._write_document(connection, row, entry.document)
                connection.executemany(
                    "INSERT INTO names VALUES (?, ?, ?, ?)", [(n.key, row, n.name, n.standing) for n in entry.names]
                )
                connection.execute(
                    "INSERT INTO full_text (rowid, title, abstract) VALUES (?, ?, ?)",
                    (row, plain_text(entry.paper.title), plain_text(entry.paper.abstract)),
                )

    @staticmethod
    def _write_document(connection: sqlite3.Connection, row: int, document: DocumentVector) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            (row, document.encoder, document.vector.astype(np.float16).tobytes()),
        )

    def write_documents(self, documents: Mapping[str, DocumentVector]) -> None:
        """Write the vectors of papers by the dual encoder, by paper id; nothing else changes."""
        with self._transaction() as (connection, _):
            for paper_id, document in documents.items():
                row = connection.execute("SELECT row FROM papers WHERE id = ?", (paper_id,)).fetchone()
                self._write_document(connection, row[0], document)

    def lacking_document(self, encoder: str) -> list[str]:
        """Return the ids of papers that have no vector by the dual encoder of that name."""
        rows = self._connection().execute(
            "SELECT id FROM papers WHERE row NOT IN (SELECT paper FROM documents WHERE encoder = ?) ORDER BY row",
            (encoder,),
        )
        return [row[0] for row in rows]

    def write_details(self, papers: Sequence[Paper]) -> None:
        """Write what is known of papers whose titles and abstracts are as before; nothing derived changes."""
        with self._transaction() as (connection, revision):
            for paper in papers:
                self._write_paper(connection, paper, revision)

    def remove(self, paper_ids: Sequence[str]) -> None:
        """Remove papers and all that belongs to them, in one transaction."""
        with self._transaction() as (connection, revision):
            for paper_id in paper_ids:
                row = connection.execute("SELECT row FROM papers WHERE id = ?", (paper_id,)).fetchone()
                if row is not None:
                    self._delete_derived(connection, row[0])
                    connection.execute("DELETE FROM papers WHERE row = ?", row)
                    connection.execute("INSERT INTO removed VALUES (?, ?)", (paper_id, revision))

    def replace_vectors(
        self,
        batches: Iterable[Sequence[tuple[str, NDArray[np.float32], DocumentVector | None]]],
        facts: Mapping[str, str],
    ) -> None:
        """Replace the vectors of all papers, and the facts about them, in one transaction.

        `batches` are of (paper id, vectors and document as in Entry).
        """
        with self._transaction() as (connection, revision):
            connection.execute("DELETE FROM vectors")
            connection.execute("DELETE FROM documents")
            for batch in batches:
                for paper_id, vectors, document in batch:
                    row = connection.execute("SELECT row FROM papers WHERE id = ?", (paper_id,)).fetchone()[0]
                    connection.executemany(
                        "INSERT INTO vectors VALUES (?, ?, ?)",
                        [(row, n, v.astype(np.float16).tobytes()) for n, v in enumerate(vectors)],
                    )
                    if document is not None:
                        self._write_document(connection, row, document)
            connection.execute("UPDATE papers SET revision = ?", (revision,))
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())

    @staticmethod
    def _write_paper(connection: sqlite3.Connection, paper: Paper, revision: int) -> int:
        values = {
            "id": paper.id, "title_key": title_key(paper.title), "external_id": paper.external_id,
            "title": paper.title, "abstract": paper.abstract, "authors": json.dumps(paper.authors),
            "published": paper.published, "url": paper.url, "code_url": paper.code_url,
            "categories": json.dumps(paper.categories), "sources": json.dumps(paper.sources),
            "wording": paper.wording, "revision": revision,
        }  # fmt: skip
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        updates = ", ".join(f"{name} = excluded.{name}" for name in values if name != "id")
        row = connection.execute(
            f"INSERT INTO papers ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {updates} RETURNING row",
            values,
        ).fetchone()
        return int(row[0])

    @staticmethod
    def _delete_derived(connection: sqlite3.Connection, row: int) -> None:
        for table in ("sentences", "vectors", "documents", "names"):
            connection.execute(f"DELETE FROM {table} WHERE paper = ?", (row,))
        connection.execute("DELETE FROM full_text WHERE rowid = ?", (row,))

    # ------------------------------------------------------------------ reading

    def count(self) -> int:
        """Return the number of papers."""
        return int(self._connection().execute("SELECT count(*) FROM papers").fetchone()[0])

    def vector_count(self) -> int:
        """Return the number of vectors, of abstracts and sentences together."""
        return int(self._connection().execute("SELECT count(*) FROM vectors").fetchone()[0])

    def papers(self, paper_ids: Sequence[str] | None = None) -> list[Paper]:
        """Return the papers with these ids, in the order of the ids (unknown ones left out); all when None."""
        if paper_ids is None:
            rows = self._connection().execute(f"SELECT {_COLUMNS} FROM papers ORDER BY row")
            return [_paper(row) for row in rows]
        marks = _json_list(paper_ids)
        rows = self._connection().execute(
            f"SELECT {_COLUMNS} FROM papers WHERE id IN (SELECT value FROM json_each(?))", (marks,)
        )
        found = {row[0]: _paper(row) for row in rows}
        return [found[paper_id] for paper_id in paper_ids if paper_id in found]

    def candidates_for_merge(self, paper: Paper) -> list[Paper]:
        """Return the stored papers that have the paper's external id or its title."""
        rows = self._connection().execute(
            f"SELECT {_COLUMNS} FROM papers WHERE title_key = ? OR (external_id IS NOT NULL AND external_id = ?)",
            (title_key(paper.title), paper.external_id),
        )
        return [_paper(row) for row in rows]

    def sentences(self, paper_ids: Sequence[str]) -> dict[str, list[Sentence]]:
        """Return the sentences of the papers, by paper id, in reading order."""
        rows = self._connection().execute(
            "SELECT papers.id, number, text FROM sentences JOIN papers ON papers.row = sentences.paper "
            "WHERE papers.id IN (SELECT value FROM json_each(?)) ORDER BY sentences.paper, number",
            (_json_list(paper_ids),),
        )
        found: dict[str, list[Sentence]] = {}
        for paper_id, number, text in rows:
            found.setdefault(paper_id, []).append(Sentence(f"{paper_id}.s{number}", paper_id, number, text))
        return found

    def vectors(self, paper_ids: Sequence[str] | None = None, *, documents: bool = False) -> StoredVectors:
        """Return the vectors of the papers (of all when None), with those by the dual encoder or without."""
        where = "" if paper_ids is None else "WHERE papers.id IN (SELECT value FROM json_each(?))"
        rows = self._connection().execute(
            "SELECT papers.id, number, vector FROM vectors JOIN papers ON papers.row = vectors.paper "
            f"{where} ORDER BY vectors.paper, number",
            () if paper_ids is None else (_json_list(paper_ids),),
        )
        order: dict[str, int] = {}
        owners, numbers, blobs = [], [], []
        for paper_id, number, blob in rows:
            owners.append(order.setdefault(paper_id, len(order)))
            numbers.append(number)
            blobs.append(blob)
        return StoredVectors(
            list(order),
            np.array(owners, dtype=np.int64),
            np.array(numbers, dtype=np.int64),
            _matrix_of(blobs),
            *(self._documents_of(order, whole=paper_ids is None) if documents else ()),
        )

    def _documents_of(self, place: Mapping[str, int], *, whole: bool) -> tuple[str, NDArray[np.float32]]:
        """Return the dual encoder and its vectors of the papers, in their places; none unless all have one."""
        where = "" if whole else "WHERE papers.id IN (SELECT value FROM json_each(?))"
        rows = self._connection().execute(
            f"SELECT papers.id, encoder, vector FROM documents JOIN papers ON papers.row = documents.paper {where}",
            () if whole else (_json_list(list(place)),),
        )
        found = {paper_id: (encoder, blob) for paper_id, encoder, blob in rows if paper_id in place}
        encoders = {encoder for encoder, _ in found.values()}
        if len(found) < len(place) or len(encoders) != 1:
            return "", _matrix_of([])
        return encoders.pop(), _matrix_of([found[paper_id][1] for paper_id in place])

    def best_matches(self, words: Sequence[str], limit: int) -> dict[str, float]:
        """Return BM25 scores (above 0, higher is better) by paper id for papers with any of the words.

        BM25 as SQLite's FTS5 computes it (k1 = 1.2, b = 0.75), words stemmed (Porter), titles weighing 1.5.
        """
        if not words:
            return {}
        rows = self._connection().execute(
            "SELECT papers.id, found.score FROM (SELECT rowid, -bm25(full_text, 1.5, 1.0) AS score FROM full_text "
            "WHERE full_text MATCH ? ORDER BY score DESC LIMIT ?) AS found JOIN papers ON papers.row = found.rowid",
            (" OR ".join(f'"{word}"' for word in words), limit),
        )
        return {paper_id: float(score) for paper_id, score in rows if score > 0}

    def frequency(self, word: str) -> int:
        """Return in how many papers the word (stemmed) stands; remembered until the library changes."""
        revision = self.revision
        known_at, known = self._frequencies
        if known_at != revision:
            known = {}
            self._frequencies = (revision, known)
        if word not in known:
            row = self._connection().execute("SELECT count(*) FROM full_text WHERE full_text MATCH ?", (f'"{word}"',))
            known[word] = int(row.fetchone()[0])
        return known[word]

    def having_word(self, word: str, among: Sequence[str]) -> set[str]:
        """Return which of the papers `among` have the word (stemmed)."""
        rows = self._connection().execute(
            "SELECT papers.id FROM full_text JOIN papers ON papers.row = full_text.rowid WHERE full_text MATCH ? "
            "AND papers.id IN (SELECT value FROM json_each(?))",
            (f'"{word}"', _json_list(among)),
        )
        return {row[0] for row in rows}

    def having_phrase(self, phrase: Sequence[str], in_title: bool = False) -> list[str]:
        """Return the ids of the papers (at most 9) that have these words, stemmed, side by side."""
        quoted = f'"{" ".join(phrase)}"'
        rows = self._connection().execute(
            "SELECT papers.id FROM full_text JOIN papers ON papers.row = full_text.rowid "
            "WHERE full_text MATCH ? LIMIT 9",
            (f"title : {quoted}" if in_title else quoted,),
        )
        return [row[0] for row in rows]

    def vocabulary(self) -> dict[str, int]:
        """Return the words of all titles and abstracts, in lower case, and how often they stand there.

        Kept until the library changes.
        """
        revision = self.revision
        if self._vocabulary[0] != revision:
            counts: Counter[str] = Counter()
            for title, abstract in self._connection().execute("SELECT title, abstract FROM full_text"):
                counts.update(words(f"{title} {abstract}"))
            self._vocabulary = (revision, dict(counts))
        return self._vocabulary[1]

    def names(self, keys: Sequence[str]) -> list[NameMatch]:
        """Return the papers in which names with these keys stand."""
        rows = self._connection().execute(
            "SELECT key, name, papers.id, standing FROM names JOIN papers ON papers.row = names.paper "
            "WHERE key IN (SELECT value FROM json_each(?))",
            (_json_list(keys),),
        )
        return [NameMatch(key, name, paper_id, Standing(standing)) for key, name, paper_id, standing in rows]

    def names_of_papers(self) -> dict[str, list[NameMatch]]:
        """Return the names by which papers may be called (heads of titles, what abstracts bring in or repeat), by key.

        Kept until the library changes.
        """
        revision = self.revision
        if self._called[0] != revision:
            rows = self._connection().execute(
                "SELECT key, name, papers.id, standing FROM names JOIN papers ON papers.row = names.paper "
                "WHERE standing >= ?",
                (Standing.REPEATED,),
            )
            called: dict[str, list[NameMatch]] = {}
            for key, name, paper_id, standing in rows:
                called.setdefault(key, []).append(NameMatch(key, name, paper_id, Standing(standing)))
            self._called = (revision, called)
        return self._called[1]

    def changes_since(self, revision: int) -> tuple[list[str], list[str]]:
        """Return the ids of the papers written, and of those removed, after the revision."""
        connection = self._connection()
        written = connection.execute("SELECT id FROM papers WHERE revision > ? ORDER BY row", (revision,))
        removed = connection.execute("SELECT id FROM removed WHERE revision > ?", (revision,))
        return [row[0] for row in written], [row[0] for row in removed]


def _json_list(values: Sequence[str]) -> str:
    """Return the values as SQLite's json_each reads them: one parameter, however many values."""
    return json.dumps(list(values))


def _matrix_of(blobs: Sequence[bytes]) -> NDArray[np.float32]:
    """Return stored vectors as rows, shape (len(blobs), dimension)."""
    matrix = np.frombuffer(b"".join(blobs), dtype=np.float16).astype(np.float32)
    return matrix.reshape(len(blobs), -1) if blobs else np.zeros((0, 1), dtype=np.float32)


def _paper(row: tuple[str, ...]) -> Paper:
    paper_id, external_id, title, abstract, authors, published, url, code_url, categories, sources, wording = row
    return Paper(
        title=title, abstract=abstract, id=paper_id, external_id=external_id, authors=tuple(json.loads(authors)),
        published=published, url=url, code_url=code_url, categories=tuple(json.loads(categories)),
        sources=tuple(json.loads(sources)), wording="digest" if wording == "digest" else "abstract",
    )  # fmt: skip
