"""The SQLite file: transactions are whole, snapshots stand still, other formats are refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.catalogue import Catalogue, DocumentVector, Entry
from rag.errors import LibraryError
from rag.names import names_of
from rag.papers import Paper, sentences_of
from tests.made_up import gadget


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    yield catalogue
    catalogue.close()


def entry(paper: Paper) -> Entry:
    sentences = sentences_of(paper)
    vectors = np.eye(1 + len(sentences), 8, dtype=np.float32)
    return Entry(paper, sentences, vectors, names_of(paper))


PAPERS = [
    replace(
        gadget(number, authors=("Ada", "Bo"), published="2024-05", categories=("cs.MB",), external_id=f"x{number}"),
        id=f"gadget{number}",
    )
    for number in range(4)
]


def test_papers_come_back_as_they_went_in(catalogue: Catalogue) -> None:
    catalogue.write([entry(paper) for paper in PAPERS])
    assert catalogue.papers() == PAPERS
    assert catalogue.papers(["gadget2", "unknown", "gadget0"]) == [PAPERS[2], PAPERS[0]]
    assert catalogue.sentences(["gadget1"]) == {"gadget1": sentences_of(PAPERS[1])}
    stored = catalogue.vectors(["gadget1"])
    assert np.array_equal(stored.vectors, np.eye(4, 8, dtype=np.float32))
    assert stored.numbers.tolist() == [0, 1, 2, 3]


def test_a_failing_write_leaves_nothing_of_any_paper(catalogue: Catalogue) -> None:
    catalogue.write([entry(PAPERS[0])])
    broken = replace(entry(PAPERS[2]), names=[*names_of(PAPERS[2]), *names_of(PAPERS[2])])  # a name twice
    revision = catalogue.revision
    with pytest.raises(sqlite3.IntegrityError):
        catalogue.write([entry(PAPERS[1]), broken])
    assert catalogue.papers() == [PAPERS[0]]
    assert catalogue.revision == revision
    assert catalogue.frequency("gadget1") == 0
    assert catalogue.vector_count() == 4
    catalogue.write([entry(PAPERS[1])])
    assert catalogue.count() == 2


def test_full_text_finds_words_by_their_stems(catalogue: Catalogue) -> None:
    catalogue.write([entry(paper) for paper in PAPERS])
    assert set(catalogue.best_matches(["gadget3"], 10)) == {"gadget3"}
    assert catalogue.frequency("listened") == 4
    assert catalogue.having_word("gadget3", ["gadget1", "gadget3"]) == {"gadget3"}
    assert len(catalogue.best_matches(["marble"], 2)) == 2
    assert catalogue.best_matches([], 10) == {}


def test_changes_since_a_revision_are_the_papers_written_and_removed(catalogue: Catalogue) -> None:
    catalogue.write([entry(PAPERS[0]), entry(PAPERS[1])])
    revision = catalogue.revision
    catalogue.write([entry(PAPERS[2])])
    catalogue.remove(["gadget0"])
    assert catalogue.changes_since(revision) == (["gadget2"], ["gadget0"])
    assert catalogue.changes_since(catalogue.revision) == ([], [])


def test_a_snapshot_stands_still_while_others_write(catalogue: Catalogue) -> None:
    catalogue.write([entry(PAPERS[0])])
    writer = Catalogue(catalogue.path)
    with catalogue.snapshot():
        assert catalogue.count() == 1
        writer.write([entry(PAPERS[1])])
        with catalogue.snapshot():
            assert catalogue.count() == 1
        assert catalogue.papers() == [PAPERS[0]]
    assert catalogue.count() == 2
    writer.close()


def test_a_catalogue_of_another_format_is_refused(catalogue: Catalogue) -> None:
    connection = sqlite3.connect(catalogue.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryError, match=r"another version of citebot \(format 99"):
        Catalogue(catalogue.path)


def test_vectors_of_a_dual_encoder_are_given_if_all_papers_have_them(catalogue: Catalogue) -> None:
    document = DocumentVector("encoder 1", np.arange(8, dtype=np.float32))
    catalogue.write([replace(entry(PAPERS[0]), document=document), entry(PAPERS[1])])
    assert catalogue.vectors(documents=True).encoder == ""
    assert len(catalogue.vectors(documents=True).documents) == 0
    assert catalogue.vectors(["gadget0"], documents=True).encoder == "encoder 1"
    assert catalogue.vectors(["gadget0"]).encoder == ""
    assert catalogue.lacking_document("encoder 1") == ["gadget1"]
    assert catalogue.lacking_document("encoder 2") == ["gadget0", "gadget1"]

    revision = catalogue.revision
    other = DocumentVector("encoder 1", np.ones(8, dtype=np.float32))
    catalogue.write_documents({"gadget1": other})
    stored = catalogue.vectors(documents=True)
    assert stored.encoder == "encoder 1"
    np.testing.assert_array_equal(stored.documents, [document.vector, other.vector])
    assert catalogue.revision > revision  # readers that hold the vectors in memory take note
    assert catalogue.changes_since(revision) == ([], [])  # and Chroma has nothing to do

    catalogue.write_documents({"gadget1": DocumentVector("encoder 2", other.vector)})
    assert catalogue.vectors(documents=True).encoder == ""
    catalogue.remove(["gadget1"])
    assert catalogue.vectors(documents=True).encoder == "encoder 1"


def test_a_catalogue_of_the_format_before_is_brought_up_and_keeps_all(catalogue: Catalogue) -> None:
    catalogue.write([entry(paper) for paper in PAPERS])
    catalogue.close()
    connection = sqlite3.connect(catalogue.path)
    connection.executescript("DROP TABLE documents; PRAGMA user_version = 1;")
    connection.close()
    for _ in range(2):
        opened = Catalogue(catalogue.path)
        assert opened.papers() == PAPERS
        assert opened.lacking_document("encoder 1") == [paper.id for paper in PAPERS]
        opened.close()
