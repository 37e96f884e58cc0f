"""A library: a collection of papers in one directory. Add, remove, get, search."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag import ranking, sources
from rag.catalogue import Catalogue, DocumentVector, Entry, Name
from rag.embedding import Embedder, ModelCard
from rag.errors import EmbeddingMismatchError, LibraryError, PaperNotFoundError, SourceError
from rag.names import names_of
from rag.papers import Paper, Sentence, new_paper_id, plain_text, sentences_of, title_key, whole_text
from rag.progress import LoggedProgress, Progress
from rag.reader import Reader
from rag.settings import Settings, load_settings
from rag.sources.entries import checked
from rag.vectors import VectorIndex

if TYPE_CHECKING:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.vector_stores.chroma import ChromaVectorStore

_PAPERS_A_TRANSACTION = 32
_EMBEDDING_FACTS = ("embedding_name", "embedding_revision", "embedding_dimension")
STARTER = "starter"
_STARTER_UNFINISHED = "starter, unfinished"


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `Library.add` did. Papers are counted; `rejected` lists (where, why) for all that could not be read.

    `entries` counts what the files held, a paper that stands in several of them as often as it stands there.
    """

    entries: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that a search found, and the sentence of its abstract that comes nearest.

    `score`: higher is better, on the same scale for every question; about 0.3 and more is near.
    """

    paper: Paper
    score: float
    sentence: Sentence


class Library:
    """A collection of papers on disk. Safe for threads; other processes may read while one writes.

    >>> with Library.open("papers/") as library:  # doctest: +SKIP
    ...     library.add("trending.txt")
    ...     library.search("low-rank adapters", limit=3)
    """

    def __init__(self, directory: Path, settings: Settings, progress: Progress) -> None:
        """Use `Library.open`."""
        self.directory = directory
        self.settings = settings
        self._progress = progress
        self.catalogue = Catalogue(directory / "catalogue.sqlite3")
        self.embedder = Embedder(settings, progress)
        self.reader = Reader(settings, progress)
        self._vectors = VectorIndex(self.catalogue, directory, settings.chroma_url)

    # ------------------------------------------------------------------ opening

    @classmethod
    def open(
        cls,
        directory: str | os.PathLike[str] | None = None,
        *,
        create: bool = True,
        settings: Settings | None = None,
        progress: Progress | None = None,
    ) -> Library:
        """Return the library in `directory`, made there if there is none and `create` is true.

        Without a directory, the one that settings name, else the default library; that one is filled with
        the starter collection when it is empty. Raises LibraryError where there is no library (and
        `create` is false) or it cannot be used, EmbeddingMismatchError where its vectors are of another model.
        """
        settings = settings or load_settings()
        progress = progress or LoggedProgress()
        chosen = Path(directory) if directory is not None else settings.library
        path = (chosen or settings.library_directory).expanduser()
        if chosen is not None and not create and not (path / "catalogue.sqlite3").exists():
            raise LibraryError(f"there is no library in {path}; make one with: citebot add --library {path} FILE")
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"{path} cannot be used as a library ({error.strerror}); name another one") from error
        library = cls(path, settings, progress)
        try:
            library._check_embedding()
            if chosen is None and library.catalogue.fact("origin") in (None, _STARTER_UNFINISHED):
                library._fill_with_starter()
            elif chosen is None and not library.is_complete():
                library.add_papers([])  # an older citebot made it; whoever has only the default need not know
        except BaseException:
            library.close()
            raise
        return library

    def _check_embedding(self) -> None:
        known = [self.catalogue.fact(key) for key in _EMBEDDING_FACTS]
        if known[0] is None:
            return
        card = self.embedder.card
        if known != list(_facts_of(card)):
            raise EmbeddingMismatchError(
                f"the library in {self.directory} was built with the embedding model {known[0]} (revision {known[1]}), "
                f"not with {card.name} (revision {card.revision}); set CITEBOT_EMBEDDING_MODEL back, or make its "
                f"vectors anew with: citebot doctor --rebuild --library {self.directory}"
            )

    def _fill_with_starter(self) -> None:
        """Fill the default library with the collection that ships with citebot, or go on where that was interrupted."""
        if self.catalogue.count() == 0 or self.catalogue.fact("origin") == _STARTER_UNFINISHED:
            self.catalogue.set_fact("origin", _STARTER_UNFINISHED)
            self._progress.message(
                "No library yet: making one from the starter collection (134 digests of papers, in our own words)."
            )
            starter = resources.files("rag").joinpath("starter.jsonl").read_text(encoding="utf-8")
            self._add_readings([sources.read_text(starter, STARTER)])
        self.catalogue.set_fact("origin", STARTER)

    def close(self) -> None:
        """Close the library's files."""
        self._vectors.close()
        self.catalogue.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------ writing

    def add(self, *locations: str | os.PathLike[str], format: str | None = None) -> AddReport:
        """Add the papers of files ("-": standard input) and return what came of it.

        Papers that are there already, unchanged, cost next to nothing; a changed abstract replaces the old one; what
        cannot be read is in the report and stops nothing else. If it is interrupted, papers that were
        added stay, and adding the same files again adds the rest.
        """
        readings, unreadable = [], []
        for location in locations:
            try:
                readings.append(sources.read(location, format=format))
            except SourceError as error:
                unreadable.append((error.where, error.why))
        report = self._add_readings(readings)
        return dataclasses.replace(report, rejected=[*unreadable, *report.rejected])

    def add_papers(self, papers: Sequence[Paper]) -> AddReport:
        """Add papers that are in memory; see `add`. The place of one that is rejected is its number, from 1."""
        good, rejected = [], []
        for number, paper in enumerate(papers, start=1):
            try:
                good.append(checked(paper, f"paper {number}"))
            except SourceError as error:
                rejected.append((error.where, error.why))
        return dataclasses.replace(self._add(good, entries=len(good)), rejected=rejected)

    def _add_readings(self, readings: Sequence[sources.Reading]) -> AddReport:
        papers = [paper for reading in readings for paper in reading.papers]
        report = self._add(papers, entries=len(papers))
        rejected = [(error.where, error.why) for reading in readings for error in reading.rejected]
        return dataclasses.replace(report, rejected=rejected)

    def _add(self, papers: list[Paper], entries: int) -> AddReport:
        with self._writing():
            # Again, now that nobody else writes: another process may have filled the library with other vectors.
            self._check_embedding()
            self._vectors.bring_in_step(self._progress)
            added, updated, unchanged = 0, 0, 0
            taken: set[str] = set()
            to_embed: list[Paper] = []
            to_note: list[Paper] = []
            for paper in _merge_within(papers):
                stored = _stored_twin(paper, self.catalogue.candidates_for_merge(paper))
                if stored is None:
                    to_embed.append(dataclasses.replace(paper, id=self._free_id(paper, taken)))
                    taken.add(to_embed[-1].id)
                    added += 1
                    continue
                merged = _merge(stored, paper)
                if merged == dataclasses.replace(stored, sources=merged.sources):
                    unchanged += 1
                else:
                    updated += 1
                if (merged.title, merged.abstract) != (stored.title, stored.abstract):
                    to_embed.append(merged)
                elif merged != stored:
                    to_note.append(merged)
            if to_note:
                self.catalogue.write_details(to_note)
            if to_embed:
                self._write_embedded(to_embed)
            self._complete_documents()
            self._vectors.bring_in_step(self._progress)
        return AddReport(entries, added, updated, unchanged)

    def _free_id(self, paper: Paper, taken: set[str]) -> str:
        """Return an id for a new paper that is neither in the library nor in `taken`.

        A paper keeps its id when its title changes; a new paper of the old title must not come out with the same.
        """
        first = candidate = new_paper_id(paper)
        number = 1
        while candidate in taken or self.catalogue.papers([candidate]):
            number += 1
            candidate = f"{first}-{number}"
        return candidate

    def _write_embedded(self, papers: Sequence[Paper]) -> None:
        for key, value in zip(_EMBEDDING_FACTS, _facts_of(self.embedder.card), strict=True):
            self.catalogue.set_fact(key, value)
        for start in range(0, len(papers), _PAPERS_A_TRANSACTION):
            self._progress.report("embedding papers", start, len(papers))
            batch = papers[start : start + _PAPERS_A_TRANSACTION]
            sentences = [sentences_of(paper) for paper in batch]
            vectors = self._embed(batch, sentences)
            names: list[list[Name]] = [names_of(paper) for paper in batch]
            parts = zip(batch, sentences, vectors, names, self._documents(batch), strict=True)
            self.catalogue.write([Entry(*its) for its in parts])
        self._progress.report("embedding papers", len(papers), len(papers))

    def _embed(self, papers: Sequence[Paper], sentences: Sequence[Sequence[Sentence]]) -> list[NDArray[np.float32]]:
        """Return for each paper the vectors of its abstract (title before it) and its sentences."""
        texts: list[str] = []
        ends: list[int] = []
        for paper, its_sentences in zip(papers, sentences, strict=True):
            texts.append(whole_text(paper))
            texts.extend(plain_text(sentence.text) for sentence in its_sentences)
            ends.append(len(texts))
        return np.split(self.embedder.encode(texts), ends[:-1])

    def _documents(self, papers: Sequence[Paper]) -> list[DocumentVector | None]:
        """Return the papers' vectors by the dual encoder, None each where the embedding model has none."""
        encoder = self.embedder.dual_encoder
        if not encoder:
            return [None] * len(papers)
        vectors = self.embedder.encode_documents([whole_text(paper) for paper in papers])
        return [DocumentVector(encoder, vector) for vector in vectors]

    def _complete_documents(self) -> None:
        """Make the papers' vectors by the dual encoder where they are not there: an older citebot wrote the papers."""
        encoder = self.embedder.dual_encoder
        lacking = self.catalogue.lacking_document(encoder) if encoder else []
        for start in range(0, len(lacking), _PAPERS_A_TRANSACTION):
            self._progress.report("completing papers", start, len(lacking))
            batch = self.catalogue.papers(lacking[start : start + _PAPERS_A_TRANSACTION])
            documents = zip(batch, self._documents(batch), strict=True)
            self.catalogue.write_documents({paper.id: document for paper, document in documents if document})
        if lacking:
            self._progress.report("completing papers", len(lacking), len(lacking))

    def remove(self, *names: str) -> list[Paper]:
        """Remove papers by id or title and return them; all or, with PaperNotFoundError, none."""
        papers = [self.get(name) for name in names]
        with self._writing():
            self._vectors.bring_in_step(self._progress)
            self.catalogue.remove([paper.id for paper in papers])
            self._vectors.bring_in_step(self._progress)
        return papers

    @classmethod
    def rebuild(cls, *, settings: Settings | None = None, progress: Progress | None = None) -> None:
        """Make all vectors of the library that settings name anew, with the embedding model that they name.

        The way out of EmbeddingMismatchError. Until the last vector is made the library stays as it was.
        """
        settings = settings or load_settings()
        directory = settings.library_directory.expanduser()
        if not (directory / "catalogue.sqlite3").exists():
            raise LibraryError(f"there is no library in {directory}, so there is nothing to rebuild")
        library = cls(directory, settings, progress or LoggedProgress())
        try:
            library._rebuild_vectors()
        finally:
            library.close()

    def _rebuild_vectors(self) -> None:
        with self._writing():
            papers = self.catalogue.papers()

            def batches() -> Iterator[list[tuple[str, NDArray[np.float32], DocumentVector | None]]]:
                for start in range(0, len(papers), _PAPERS_A_TRANSACTION):
                    self._progress.report("embedding papers", start, len(papers))
                    batch = papers[start : start + _PAPERS_A_TRANSACTION]
                    vectors = self._embed(batch, [sentences_of(paper) for paper in batch])
                    ids = [paper.id for paper in batch]
                    yield list(zip(ids, vectors, self._documents(batch), strict=True))
                self._progress.report("embedding papers", len(papers), len(papers))

            facts = dict(zip(_EMBEDDING_FACTS, _facts_of(self.embedder.card), strict=True))
            self.catalogue.replace_vectors(batches(), facts)
            self._vectors.rebuild(self._progress)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the library's writer lock; wait for it, with a word, if another process has it."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.directory / "LOCK")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self._progress.message(f"Another process is writing to {self.directory}; waiting for it ...")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    # ------------------------------------------------------------------ reading

    def __len__(self) -> int:
        return self.catalogue.count()

    def papers(self) -> list[Paper]:
        """Return all papers, in the order in which they were added."""
        return self.catalogue.papers()

    def get(self, name: str) -> Paper:
        """Return the paper with this id, external id or title.

        Raises PaperNotFoundError where there is none, or where several papers have the title.
        """
        found = self.catalogue.papers([name]) or self.catalogue.candidates_for_merge(
            Paper(title=name, abstract="", external_id=name)
        )
        if not found:
            raise PaperNotFoundError(f"no paper {name!r} in {self.directory}; `citebot papers` lists them")
        if len(found) > 1:
            ids = ", ".join(paper.id for paper in found)
            raise PaperNotFoundError(f"{len(found)} papers are called {name!r}: say which by its id ({ids})")
        return found[0]

    def sentences(self, paper: Paper) -> list[Sentence]:
        """Return the sentences of a paper's abstract, in reading order."""
        return self.catalogue.sentences([paper.id]).get(paper.id, [])

    def rank(
        self, question: str, *, is_topic: bool = False, describes: bool = True, names: bool = False
    ) -> ranking.Ranking:
        """Return the ranking of papers for a question or a topic: what `search` and the answers rest on.

        `describes`: papers may be described in other words than their own; `names`: they are named. See
        `ranking.gather_parts`.
        """
        parts = self.ranking_parts(question, is_topic=is_topic, describes=describes, names=names)
        return ranking.combine(parts)

    def ranking_parts(
        self, question: str, *, is_topic: bool = False, describes: bool = True, names: bool = False
    ) -> ranking.Parts:
        """Return what the ranking for a question is made of, for those who tune it."""
        return ranking.gather_parts(
            question,
            self.catalogue,
            self._vectors,
            self.embedder,
            is_topic=is_topic,
            describes=describes,
            names=names,
        )

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the papers nearest to a query, best first, at most `limit`, each with its nearest sentence."""
        with self.catalogue.snapshot():
            found = self.rank(query)
            paper_ids = found.paper_ids[:limit]
            sentences = self.catalogue.sentences(paper_ids)
            papers = self.catalogue.papers(paper_ids)
        hits = []
        for place, paper in enumerate(papers):
            nearest = int(found.sentence_cosines(place).argmax())
            hits.append(Hit(paper, float(found.scores[place]), sentences[paper.id][nearest]))
        return hits

    def is_complete(self) -> bool:
        """Return whether all papers have what this version of citebot stores of a paper."""
        encoder = self.embedder.dual_encoder
        return not (encoder and self.catalogue.lacking_document(encoder))

    def index_state(self) -> tuple[bool, int]:
        """Return whether the vector index is in step with the catalogue, and how many vectors the library has."""
        return self._vectors.is_in_step(), self.catalogue.vector_count()

    def as_retriever(self, limit: int = 10) -> BaseRetriever:
        """Return this library as a LlamaIndex retriever: nodes are sentences, best first."""
        from rag.llamaindex import LibraryRetriever

        return LibraryRetriever(self, limit)

    def vector_store(self) -> ChromaVectorStore:
        """Return the library's Chroma collection as a LlamaIndex vector store, for reading."""
        return self._vectors.store()


def _facts_of(card: ModelCard) -> tuple[str, str, str]:
    """Return what a library remembers of its embedding model, in the order of _EMBEDDING_FACTS."""
    return card.name, card.revision, str(card.dimension)


# --------------------------------------------------------------------------- the same paper twice


def _merge_within(papers: Sequence[Paper]) -> list[Paper]:
    """Return the papers with those that are the same merged, in the order of first appearance; the later wins."""
    merged: list[Paper] = []
    places: dict[str, int] = {}
    for paper in papers:
        keys = [key for key in (title_key(paper.title), paper.external_id) if key]
        twin = next((places[key] for key in keys if key in places and _are_same(merged[places[key]], paper)), None)
        if twin is None:
            twin = len(merged)
            merged.append(paper)
        else:
            merged[twin] = _merge(merged[twin], paper)
        for key in keys:
            places.setdefault(key, twin)
    return merged


def _stored_twin(paper: Paper, candidates: Sequence[Paper]) -> Paper | None:
    return next((stored for stored in candidates if _are_same(stored, paper)), None)


def _are_same(one: Paper, other: Paper) -> bool:
    """Return whether two entries with a common title or external id are one paper.

    A common external id decides. A common title does unless both have different external ids and
    different abstracts: "Introduction" is the title of many.
    """
    if one.external_id and one.external_id == other.external_id:
        return True
    if title_key(one.title) != title_key(other.title):
        return False
    return not (one.external_id and other.external_id) or one.abstract == other.abstract


def _merge(known: Paper, new: Paper) -> Paper:
    """Return what is known of a paper after a new entry: what is new wins, what is missing stays.

    A digest never replaces the authors' abstract.
    """
    keeps_text = known.wording == "abstract" and new.wording == "digest"
    return dataclasses.replace(
        known,
        title=known.title if keeps_text else new.title,
        abstract=known.abstract if keeps_text else new.abstract,
        wording=known.wording if keeps_text else new.wording,
        external_id=known.external_id or new.external_id,
        authors=new.authors or known.authors,
        published=new.published or known.published,
        url=new.url or known.url,
        code_url=new.code_url or known.code_url,
        categories=new.categories or known.categories,
        sources=tuple(dict.fromkeys([*known.sources, *new.sources])),
    )
