"""Papers in, changed, merged and out again; what a library finds."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import LibraryError, PaperNotFoundError
from rag.library import AddReport, Library
from rag.papers import Paper
from rag.settings import default_library_directory
from tests.made_up import assert_chroma_in_step, assert_whole, gadget, gadgets, titles, write_papers


@pytest.fixture
def encoded(library: Library, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the library has had embedded."""
    texts: list[str] = []
    encode = library.embedder.encode

    def listening(batch: list[str]):
        texts.extend(batch)
        return encode(batch)

    monkeypatch.setattr(library.embedder, "encode", listening)
    return texts


# --------------------------------------------------------------------------- adding


def test_add_counts_what_it_did(library: Library, tmp_path: Path) -> None:
    first = write_papers(tmp_path / "first.jsonl", gadgets(3))
    second = write_papers(tmp_path / "second.jsonl", gadgets(3, start=2))
    assert library.add(first) == AddReport(entries=3, added=3)
    assert library.add(first, second) == AddReport(entries=6, added=2, unchanged=3)
    assert len(library) == 5
    assert_whole(library)
    assert_chroma_in_step(library)


def test_unchanged_papers_are_not_embedded_again(library: Library, encoded: list[str]) -> None:
    library.add_papers(gadgets(3))
    assert len(encoded) == 3 * (1 + 3)
    encoded.clear()
    revision = library.catalogue.revision
    assert library.add_papers(gadgets(3)) == AddReport(entries=3, unchanged=3)
    assert encoded == []
    assert library.catalogue.revision == revision
    library.add_papers(gadgets(4))
    assert all("Gadget3" in text or "5003" in text for text in encoded)
    assert len(encoded) == 4


def test_what_an_older_citebot_left_out_is_completed_by_the_next_that_writes(library: Library) -> None:
    library.add_papers(gadgets(3))
    before = library.catalogue.vectors(documents=True)
    assert before.encoder == library.embedder.dual_encoder != ""
    with sqlite3.connect(library.catalogue.path) as connection:
        connection.execute("DELETE FROM documents")
    assert not library.is_complete()
    question = "Is there a gadget that listens?"
    assert library.rank(question).similarities.document is None
    library.add_papers(gadgets(3))
    assert library.is_complete()
    np.testing.assert_allclose(library.catalogue.vectors(documents=True).documents, before.documents, atol=1e-2)
    assert library.rank(question).similarities.document is not None
    assert_chroma_in_step(library)


def test_what_cannot_be_read_is_reported_and_stops_nothing(library: Library, tmp_path: Path) -> None:
    good = write_papers(tmp_path / "good.jsonl", gadgets(1))
    good.write_text("not JSON at all\n" + good.read_text())
    report = library.add(tmp_path / "missing.txt", good)
    assert (report.entries, report.added) == (1, 1)
    assert [where for where, _ in report.rejected] == [str(tmp_path / "missing.txt"), "good.jsonl:1"]


def test_papers_in_memory_are_checked_like_those_in_files(library: Library) -> None:
    nothing = Paper(title="Nothing at All", abstract="")
    folded = Paper(title="Folded\nTitle", abstract="One line\nand another.  Then\ta second sentence.")
    report = library.add_papers([nothing, folded])
    assert (report.added, [where for where, _ in report.rejected]) == (1, ["paper 1"])
    assert library.get("Folded Title").abstract == "One line and another. Then a second sentence."
    assert library.search("another line")[0].sentence.text == "One line and another."


def test_a_changed_abstract_replaces_the_old_one_everywhere(library: Library) -> None:
    old = gadget(1, abstract="The old machine listens to zithers. It weighs nine pounds. It is loud.")
    new = gadget(1, abstract="The new machine listens to bassoons. It weighs two pounds.")
    library.add_papers([old, gadget(2)])
    (paper_id,) = (paper.id for paper in library.papers() if paper.title == old.title)
    assert library.add_papers([new]) == AddReport(entries=1, updated=1)
    paper = library.get(paper_id)
    assert paper.abstract == new.abstract
    assert [sentence.text for sentence in library.sentences(paper)] == [
        "The new machine listens to bassoons.",
        "It weighs two pounds.",
    ]
    assert library.catalogue.frequency("zithers") == 0
    assert library.catalogue.frequency("bassoons") == 1
    assert library.search("a machine that listens to bassoons")[0].paper.id == paper_id
    assert_whole(library)
    assert_chroma_in_step(library)
    nodes = library.vector_store()._collection.get(where_document={"$contains": "zithers"})
    assert nodes["ids"] == []


def test_new_details_are_kept_and_old_ones_stay(library: Library, encoded: list[str]) -> None:
    library.add_papers([gadget(1, authors=("Ada", "Bo"), url="https://example.org/1")])
    encoded.clear()
    assert library.add_papers([gadget(1, published="2024-05")]).updated == 1
    paper = library.papers()[0]
    assert (paper.authors, paper.url, paper.published) == (("Ada", "Bo"), "https://example.org/1", "2024-05")
    assert encoded == []


# --------------------------------------------------------------------------- the same paper twice


def test_duplicates_across_files_merge_and_remember_every_source(library: Library, tmp_path: Path) -> None:
    shouted = replace(gadget(1), title=gadget(1).title.upper())
    files = [write_papers(tmp_path / "a.jsonl", [gadget(1), gadget(2)]), write_papers(tmp_path / "b.jsonl", [shouted])]
    assert library.add(*files).added == 2
    assert library.get(gadget(1).title).sources == ("a.jsonl", "b.jsonl")
    later = write_papers(tmp_path / "c.jsonl", [gadget(1)])
    library.add(later)
    assert library.get(gadget(1).title).sources == ("a.jsonl", "b.jsonl", "c.jsonl")
    assert len(library) == 2


def test_titles_that_differ_in_latex_only_are_one_paper(library: Library) -> None:
    library.add_papers([Paper("S$^{2}$FT: Efficient Sorting", "Sorting is done in two steps.")])
    report = library.add_papers([Paper("S2FT - Efficient sorting", "Sorting is done in two steps.")])
    assert (report.added, len(library)) == (0, 1)


def test_a_digest_never_replaces_an_abstract_but_gives_way_to_one(library: Library) -> None:
    abstract = gadget(1)
    digest = gadget(1, wording="digest", abstract="In other words: marbles are sorted by ear.")
    library.add_papers([digest])
    assert library.papers()[0].wording == "digest"
    assert library.add_papers([abstract]).updated == 1
    assert (library.papers()[0].wording, library.papers()[0].abstract) == ("abstract", abstract.abstract)
    assert library.add_papers([digest]).unchanged == 1
    assert (library.papers()[0].wording, library.papers()[0].abstract) == ("abstract", abstract.abstract)
    assert_whole(library)


def test_one_title_with_two_external_ids_and_abstracts_is_two_papers(library: Library) -> None:
    one = Paper("Introduction", "This volume is about owls.", external_id="10.1/owls")
    other = Paper("Introduction", "This volume is about tides.", external_id="10.1/tides")
    assert library.add_papers([one, other]).added == 2
    assert library.add_papers([other, one]).unchanged == 2
    assert library.get("10.1/tides").abstract == other.abstract
    with pytest.raises(PaperNotFoundError, match="2 papers are called 'Introduction'") as caught:
        library.remove("Introduction")
    assert all(paper.id in str(caught.value) for paper in library.papers())
    assert len(library) == 2


def test_a_common_external_id_makes_one_paper_of_two_titles(library: Library) -> None:
    library.add_papers([gadget(1, external_id="2401.00001")])
    report = library.add_papers([gadget(1, title="Gadget1, Revised", external_id="2401.00001")])
    assert (report.added, report.updated) == (0, 1)
    assert titles(library) == ["Gadget1, Revised"]


def test_a_new_paper_never_takes_the_id_of_one_that_changed_its_title(library: Library) -> None:
    library.add_papers([gadget(1)])
    library.add_papers([gadget(1, external_id="x1")])
    library.add_papers([gadget(1, external_id="x1", title="Another Title Altogether")])
    assert library.add_papers([gadget(1)]).added == 1
    assert titles(library) == ["Another Title Altogether", gadget(1).title]
    assert_whole(library)


# --------------------------------------------------------------------------- getting and removing


def test_papers_are_found_by_id_title_and_external_id(library: Library) -> None:
    library.add_papers([gadget(1, external_id="2401.00001"), gadget(2)])
    paper = library.papers()[0]
    for name in (paper.id, paper.title, "gadget1 - sorting marbles by the sound of their fall", "2401.00001"):
        assert library.get(name) == paper


def test_an_unknown_paper_is_an_error_that_says_what_to_do(library: Library) -> None:
    library.add_papers(gadgets(1))
    with pytest.raises(PaperNotFoundError, match=r"no paper 'Gadget9' .*citebot papers"):
        library.get("Gadget9")


def test_removed_papers_are_gone_everywhere(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    library.add_papers(gadgets(3))
    gone = library.get(gadget(1).title)
    assert library.remove(gone.title) == [gone]
    assert titles(library) == [gadget(0).title, gadget(2).title]
    assert gone.id not in [hit.paper.id for hit in library.search("Gadget1 marbles")]
    assert library.catalogue.frequency("Gadget1") == 0
    assert_whole(library)
    assert_chroma_in_step(library)
    library.add_papers([gadget(1)])
    assert library.get(gadget(1).title).id == gone.id
    assert_chroma_in_step(library)
    assert not caplog.records, "the vector index was not kept in step, but mended"


def test_removing_with_one_unknown_paper_removes_none(library: Library) -> None:
    library.add_papers(gadgets(2))
    with pytest.raises(PaperNotFoundError):
        library.remove(gadget(1).title, "no such paper")
    assert len(library) == 2


# --------------------------------------------------------------------------- opening


def test_a_library_is_there_again_when_it_is_opened_again(library: Library) -> None:
    library.add_papers(gadgets(2))
    with Library.open(library.directory, create=False) as again:
        assert again.papers() == library.papers()


def test_no_library_is_made_where_none_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="there is no library"):
        Library.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_files_that_are_no_library_are_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "catalogue.sqlite3").write_bytes(b"a shopping list, and a long one at that: " * 100)
    before = (tmp_path / "catalogue.sqlite3").read_bytes()
    with pytest.raises(LibraryError, match="cannot be opened as a citebot catalogue"):
        Library.open(tmp_path)
    assert (tmp_path / "catalogue.sqlite3").read_bytes() == before


def test_a_default_library_stays_as_its_user_made_it(starter_directory: Path) -> None:
    shutil.copytree(starter_directory, default_library_directory())
    with Library.open() as library:
        library.remove(*[paper.id for paper in library.papers()[3:]])
    with Library.open() as library:
        assert len(library) == 3


def test_a_default_library_whose_making_was_interrupted_is_completed(starter_directory: Path, starter: Library) -> None:
    shutil.copytree(starter_directory, default_library_directory())
    with Library.open() as library:
        library.remove(*[paper.id for paper in library.papers()[-4:]])
        library.catalogue.set_fact("origin", "starter, unfinished")
    with Library.open() as library:
        assert titles(library) == titles(starter)
        assert_whole(library)


def test_a_default_library_of_an_older_citebot_is_completed_when_it_is_opened(starter_directory: Path) -> None:
    shutil.copytree(starter_directory, default_library_directory())
    with sqlite3.connect(default_library_directory() / "catalogue.sqlite3") as connection:
        connection.execute("DELETE FROM documents")
    with Library.open() as library:
        assert library.is_complete()
        assert library.rank("Is there a way to send very few bytes?").similarities.document is not None


# --------------------------------------------------------------------------- searching


def test_a_search_gives_the_nearest_papers_with_their_nearest_sentence(starter: Library) -> None:
    hits = starter.search("extending the context length of pre-trained language models", limit=5)
    assert len(hits) == 5
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].paper.title.startswith("LongLoRA")
    assert all(hit.sentence.text in hit.paper.abstract for hit in hits)


def test_an_empty_library_finds_nothing(library: Library) -> None:
    assert library.search("marbles") == []


@pytest.mark.parametrize("query", ["", "   ", "?!", '"', "AND OR NOT NEAR(", "title:x*", "'; DROP TABLE papers; --"])
def test_any_query_is_only_text(library: Library, query: str) -> None:
    library.add_papers(gadgets(2))
    assert len(library.search(query)) == 2
