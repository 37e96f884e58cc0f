"""Chroma, the exact scan, and the road between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from llama_index.core.vector_stores.types import VectorStoreQuery

from rag import vectors
from rag.errors import LibraryError
from rag.library import Library
from tests.made_up import assert_chroma_in_step, gadget, gadgets

QUERIES = [
    "How far does LongLoRA stretch the context?",
    "training that updates only half of the parameters",
    "retrieving documents in many languages",
    "sparse mixture of experts",
    "shrinking models to one or two bits a weight",
    "sketches to scenes",
    "picking seismic arrival times",
]


@pytest.fixture
def through_chroma(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every library one that is too large to scan."""
    monkeypatch.setattr(vectors, "EXACT_SCAN_LIMIT", 0)


def found(library: Library, query: str, limit: int = 10) -> list[tuple[str, str, float]]:
    return [(hit.paper.id, hit.sentence.id, round(hit.score, 4)) for hit in library.search(query, limit)]


def test_a_search_through_chroma_finds_what_the_scan_finds(starter: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = [found(starter, query) for query in QUERIES]
    monkeypatch.setattr(vectors, "EXACT_SCAN_LIMIT", 0)
    asked: list[VectorStoreQuery] = []
    store = type(starter.vector_store())
    query_store = store.query

    def listening(self, query, **options):
        asked.append(query)
        return query_store(self, query, **options)

    monkeypatch.setattr(store, "query", listening)
    assert [found(starter, query) for query in QUERIES] == scanned
    assert len(asked) == len(QUERIES), "Chroma was not asked"


def test_chroma_finds_the_nearest_vectors_that_there_are(starter: Library) -> None:
    stored = starter.catalogue.vectors()
    ids = np.array(
        [
            f"{stored.paper_ids[owner]}.{f's{number}' if number else 'abstract'}"
            for owner, number in zip(stored.owners, stored.numbers, strict=True)
        ]
    )
    hits = total = 0
    for query in QUERIES:
        vector = starter.embedder.encode([query])[0]
        nearest = set(ids[np.argsort(-(stored.vectors @ vector))[:50]])
        result = starter.vector_store().query(VectorStoreQuery(query_embedding=vector.tolist(), similarity_top_k=50))
        hits += len(nearest.intersection(result.ids or ()))
        total += 50
    assert hits >= 0.98 * total


def test_chroma_has_the_whole_starter_collection(starter: Library) -> None:
    assert_chroma_in_step(starter)


@pytest.mark.usefixtures("through_chroma")
def test_changes_are_seen_through_chroma_at_once(library: Library) -> None:
    library.add_papers(gadgets(4))
    with Library.open(library.directory) as reader:
        assert reader.search("a machine that listens to bassoons", limit=1)[0].paper.title != "On Bassoons"
        library.add_papers([gadget(9, title="On Bassoons", abstract="A machine that listens to bassoons is built.")])
        assert reader.search("a machine that listens to bassoons", limit=1)[0].paper.title == "On Bassoons"
        library.remove("On Bassoons")
        assert reader.search("a machine that listens to bassoons", limit=1)[0].paper.title != "On Bassoons"


@pytest.mark.usefixtures("through_chroma")
def test_an_index_that_is_behind_is_not_asked(library: Library) -> None:
    library.add_papers(gadgets(2))
    library.catalogue.set_fact("chroma_revision", "0")  # as after a kill between catalogue and index
    assert library.index_state()[0] is False
    assert library.search("Gadget1", limit=1)[0].paper.title == gadget(1).title


def test_an_index_that_was_deleted_is_made_anew_at_the_next_add(library: Library) -> None:
    library.add_papers(gadgets(2))
    library.vector_store()._collection.delete(ids=[f"{library.papers()[0].id}.s1"])
    library.add_papers(gadgets(3))
    assert_chroma_in_step(library)


def test_a_server_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEBOT_CHROMA_URL", "http://127.0.0.1:9")
    with Library.open(tmp_path / "library") as library:
        with pytest.raises(LibraryError, match=r"http://127\.0\.0\.1:9 .*CITEBOT_CHROMA_URL"):
            library.add_papers(gadgets(1))
        assert len(library) == 1, "what is in the catalogue stays"
