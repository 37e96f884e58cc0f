"""The vectors of a library: how near a question is to every abstract and every sentence.

The vectors themselves are in the catalogue. Two ways lead through them:

- a scan of all of them, exact and without any index to load: as quick as an index up to EXACT_SCAN_LIMIT
  vectors (about five thousand abstracts), and what a small library uses;
- Chroma, embedded in the library's directory or on a server, through LlamaIndex's ChromaVectorStore: finds
  the nearest few hundred among millions, which are then scored from the catalogue like the others.

Chroma is kept in step at every write, so other LlamaIndex programs can open the collection; where it is not
(a writer was killed), readers scan and the next writer catches up.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from rag.catalogue import Catalogue, StoredVectors
from rag.errors import LibraryError
from rag.papers import sentence_id
from rag.progress import Progress

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from llama_index.vector_stores.chroma import ChromaVectorStore

_log = logging.getLogger("citebot")

EXACT_SCAN_LIMIT = 50_000
_NEAREST_VECTORS = 400
_PAPERS_A_STEP = 256
_NONE = np.float32(-2)  # below any cosine
_COLLECTION = "citebot"
_IN_STEP = "chroma_revision"
# Chroma's default space is squared Euclidean, and its default search breadth misses neighbours on hard data.
_INDEX = {"hnsw": {"space": "cosine", "ef_search": 200}}


@dataclass(frozen=True, slots=True)
class Similarities:
    """Cosines of a question with papers.

    `abstract` and `best_sentence` have one element a paper, in the order of `paper_ids`. `cosines` has one for each
    stored vector; those of a paper begin at its place in `starts`, the abstract's before the sentences'.
    `document` has the cosines of a query and the papers by the dual encoder; None where that was not asked for.
    """

    paper_ids: list[str]
    abstract: NDArray[np.float32]
    best_sentence: NDArray[np.float32]
    cosines: NDArray[np.float32]
    starts: NDArray[np.int64]
    document: NDArray[np.float32] | None = None

    def of_sentences(self, index: int) -> NDArray[np.float32]:
        """Return the cosines of the sentences of the paper at `index`, in reading order."""
        end = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.cosines)
        return self.cosines[self.starts[index] + 1 : end]


class VectorIndex:
    """Nearness of questions to the papers of one library. Safe for threads; one process writes at a time."""

    def __init__(self, catalogue: Catalogue, directory: Path, chroma_url: str | None) -> None:
        self._catalogue = catalogue
        self._directory = directory / "chroma"
        self._url = chroma_url
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._opened_at = -1
        self._scan: tuple[int, StoredVectors] | None = None

    # ------------------------------------------------------------------ asking

    def near(self, question: NDArray[np.float32], also: Sequence[str]) -> StoredVectors:
        """Return the vectors of all papers, or in a large library of those near the question and those in `also`."""
        if not self._uses_chroma():
            return self.all_vectors()
        near = self._nearest_papers(question)
        return self._catalogue.vectors(list(dict.fromkeys([*near, *also])), documents=True)

    def all_vectors(self) -> StoredVectors:
        """Return every vector of the library; held in memory until the library changes."""
        revision = self._catalogue.revision
        with self._lock:
            if self._scan is None or self._scan[0] != revision:
                self._scan = (revision, self._catalogue.vectors(documents=True))
            return self._scan[1]

    def is_in_step(self) -> bool:
        """Return whether Chroma has what the catalogue has."""
        return self._catalogue.fact(_IN_STEP) == str(self._catalogue.revision)

    def _uses_chroma(self) -> bool:
        if self._url is None and self._catalogue.vector_count() <= EXACT_SCAN_LIMIT:
            return False
        return self.is_in_step()

    def _nearest_papers(self, question: NDArray[np.float32]) -> list[str]:
        from chromadb.errors import ChromaError
        from llama_index.core.vector_stores.types import VectorStoreQuery

        query = VectorStoreQuery(query_embedding=question.tolist(), similarity_top_k=_NEAREST_VECTORS)
        try:
            result = self.store().query(query)
        except ChromaError as error:
            raise LibraryError(
                f"the vector index cannot be read ({error}); make it anew with: "
                f"citebot doctor --rebuild --library {self._directory.parent}"
            ) from error
        return list(dict.fromkeys(node.ref_doc_id or "" for node in result.nodes or ()))

    # ------------------------------------------------------------------ Chroma

    def store(self) -> ChromaVectorStore:
        """Return the library's Chroma collection as a LlamaIndex vector store, as fresh as the catalogue."""
        from llama_index.vector_stores.chroma import ChromaVectorStore

        with self._lock:
            revision = self._catalogue.revision
            if self._client is not None and self._url is None and self._opened_at != revision:
                # An embedded Chroma does not see what another process wrote since it was opened.
                self._client.close()
                self._client = None
            if self._client is None:
                self._client = self._connect()
                self._opened_at = revision
            collection = self._client.get_or_create_collection(
                _COLLECTION, configuration=_INDEX, embedding_function=None  # type: ignore[arg-type]
            )  # fmt: skip
        return ChromaVectorStore(chroma_collection=collection)

    def _connect(self) -> Client:
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        quiet = Settings(anonymized_telemetry=False)
        if self._url is None:
            self._directory.mkdir(parents=True, exist_ok=True)
            try:
                return cast("Client", chromadb.PersistentClient(str(self._directory), settings=quiet))
            except ChromaError:
                # Chroma keeps the half-made client, and would hand it out again once the files are mended.
                SharedSystemClient._identifier_to_system.pop(str(self._directory), None)
                raise
        from urllib.parse import urlsplit

        address = urlsplit(self._url)
        secure = address.scheme == "https"
        try:
            client = chromadb.HttpClient(
                address.hostname or "", address.port or (443 if secure else 8000), ssl=secure, settings=quiet
            )
            return cast("Client", client)
        except ValueError as error:
            raise LibraryError(
                f"the Chroma server at {self._url} does not answer ({error}); start it, or unset CITEBOT_CHROMA_URL"
            ) from error

    def bring_in_step(self, progress: Progress) -> None:
        """Write to Chroma what the catalogue has and Chroma has not. Only for the one who holds the writer's lock."""
        target = self._catalogue.revision
        done = int(self._catalogue.fact(_IN_STEP) or 0)
        if done == target and self._url is None and not self._directory.exists():
            done = 0
        if done == target:
            return
        from chromadb.errors import ChromaError

        try:
            self._catch_up(done, progress)
            fault = "" if self.store()._collection.count() == self._catalogue.vector_count() else "it is not complete"
        except ChromaError as error:
            if self._url is not None:
                raise LibraryError(f"the Chroma server at {self._url} cannot be used ({error})") from error
            fault = str(error)
        if fault:
            _log.warning("the vector index does not match the catalogue (%s); it is made anew", fault)
            self.rebuild(progress)
        else:
            self._catalogue.set_fact(_IN_STEP, str(target))

    def _catch_up(self, done: int, progress: Progress) -> None:
        """Write to Chroma what the catalogue has had since the revision `done`."""
        written, removed = self._catalogue.changes_since(done)
        self._forget(removed)
        for start in range(0, len(written), _PAPERS_A_STEP):
            if len(written) > _PAPERS_A_STEP:
                progress.report("indexing", start, len(written))
            self._put(written[start : start + _PAPERS_A_STEP])

    def rebuild(self, progress: Progress) -> None:
        """Make the Chroma collection anew from the catalogue."""
        self._catalogue.set_fact(_IN_STEP, "0")
        with self._lock:
            if self._url is not None:
                client = self._client or self._connect()
                if _COLLECTION in [collection.name for collection in client.list_collections()]:
                    client.delete_collection(_COLLECTION)
                self._client = client
            else:
                if self._client is not None:
                    self._client.close()
                    self._client = None
                shutil.rmtree(self._directory, ignore_errors=True)
        target = self._catalogue.revision
        written, _ = self._catalogue.changes_since(0)
        for start in range(0, len(written), _PAPERS_A_STEP):
            progress.report("indexing", start, len(written))
            self._put(written[start : start + _PAPERS_A_STEP])
        self._catalogue.set_fact(_IN_STEP, str(target))

    def _forget(self, paper_ids: Sequence[str]) -> None:
        for start in range(0, len(paper_ids), _PAPERS_A_STEP):
            some = list(paper_ids[start : start + _PAPERS_A_STEP])
            self.store()._collection.delete(where={"ref_doc_id": {"$in": some}})  # type: ignore[dict-item]

    def _put(self, paper_ids: Sequence[str]) -> None:
        """Write the papers' vectors, replacing what is there: after a kill, part of them may be."""
        from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

        self._forget(paper_ids)
        stored = self._catalogue.vectors(paper_ids)
        papers = {paper.id: paper for paper in self._catalogue.papers(paper_ids)}
        sentences = self._catalogue.sentences(paper_ids)
        nodes = []
        for owner, number, vector in zip(stored.owners, stored.numbers, stored.vectors, strict=True):
            paper = papers[stored.paper_ids[owner]]
            node = TextNode(
                id_=sentence_id(paper.id, int(number)) if number else f"{paper.id}.abstract",
                text=sentences[paper.id][number - 1].text if number else paper.abstract,
                metadata={"paper_id": paper.id, "title": paper.title, "number": int(number)},
                relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=paper.id)},
                embedding=vector.tolist(),
            )
            nodes.append(node)
        store = self.store()
        # LlamaIndex assumes a larger batch than Chroma takes.
        limit = self._client.get_max_batch_size() if self._client is not None else 5_000
        for start in range(0, len(nodes), limit):
            store.add(list(nodes[start : start + limit]))

    def close(self) -> None:
        """Let go of Chroma's files."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


def gather(
    question: NDArray[np.float32], stored: StoredVectors, query: NDArray[np.float32] | None = None
) -> Similarities:
    """Return the cosines of the question with the stored vectors, gathered by paper.

    `query`: the question's vector by the dual encoder that made the stored documents.
    """
    starts = np.flatnonzero(stored.numbers == 0)
    if not len(starts):
        nothing = np.zeros(0, dtype=np.float32)
        return Similarities([], nothing, nothing, nothing, starts)
    cosines = stored.vectors @ question
    sentences = cosines.copy()
    sentences[starts] = _NONE
    best = np.maximum.reduceat(sentences, starts)
    abstract = cosines[starts]
    best_sentence = np.where(best == _NONE, abstract, best)
    document = None if query is None else stored.documents @ query
    return Similarities(stored.paper_ids, abstract, best_sentence, cosines, starts, document)
