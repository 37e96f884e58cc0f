"""A writer is killed in the middle: nothing is lost, nothing doubled, and the next one completes the work."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from rag.library import Library
from tests.made_up import assert_chroma_in_step, assert_whole, gadget, gadgets, titles, write_papers
from tests.running import CITEBOT_IN_SMALL_STEPS, papers_on_disk, start, wait_until

PAPERS = 48
CHANCE = random.Random(2024)


def kill_while_adding(directory: Path, file: Path, papers: int, *, until_chroma: bool = False) -> None:
    """Add the file in another process, and kill that with SIGKILL once it has written so many papers."""
    chroma = directory / "chroma" / "chroma.sqlite3"

    def has_come_so_far() -> bool:
        return papers_on_disk(directory) >= papers and (chroma.exists() or not until_chroma)

    with start("add", "--library", directory, file, command=CITEBOT_IN_SMALL_STEPS) as process:
        assert wait_until(has_come_so_far, process), "it was done before it could be killed"
        process.kill()
        assert process.wait(timeout=30) == -signal.SIGKILL


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_papers(tmp_path_factory.mktemp("papers") / "papers.jsonl", gadgets(PAPERS))


@pytest.mark.parametrize("moments", [[1, CHANCE.randint(4, 20)], [CHANCE.randint(21, 33), CHANCE.randint(36, 42)]])
def test_a_killed_writer_leaves_whole_papers_and_the_next_completes(
    file: Path, tmp_path: Path, moments: list[int]
) -> None:
    directory = tmp_path / "library"
    for moment in moments:
        kill_while_adding(directory, file, moment)
        with Library.open(directory, create=False) as library:
            assert moment <= len(library) < PAPERS
            assert set(titles(library)) < {paper.title for paper in gadgets(PAPERS)}
            assert_whole(library)
            newest = library.papers()[-1]
            assert library.search(newest.title)[0].paper == newest
            before = len(library)
    with Library.open(directory, create=False) as library:
        report = library.add(file)
        assert (report.unchanged, report.added, report.updated) == (before, PAPERS - before, 0)
        assert titles(library) == sorted(paper.title for paper in gadgets(PAPERS))
        assert_whole(library)
        assert_chroma_in_step(library)


def test_a_writer_killed_while_it_indexes_has_lost_nothing(file: Path, tmp_path: Path) -> None:
    directory = tmp_path / "library"
    kill_while_adding(directory, file, PAPERS, until_chroma=True)
    with Library.open(directory, create=False) as library:
        assert len(library) == PAPERS
        assert_whole(library)
        assert library.search("Gadget41")[0].paper.title == gadget(41).title
        assert library.index_state()[0] is False
        assert library.add(file).unchanged == PAPERS
        assert_chroma_in_step(library)


def test_a_writer_killed_while_it_replaces_and_removes_leaves_old_or_new(file: Path, tmp_path: Path) -> None:
    directory = tmp_path / "library"
    old = [gadget(number, abstract=f"The old abstract {number} has one sentence.") for number in range(PAPERS)]
    with Library.open(directory) as library:
        library.add_papers(old)
    abstracts = {paper.title: {paper.abstract} for paper in old}
    for paper in gadgets(PAPERS):
        abstracts[paper.title].add(paper.abstract)

    def replaced() -> int:
        with Library.open(directory, create=False) as library:
            return library.catalogue.frequency("microphone")

    with start("add", "--library", directory, file, command=CITEBOT_IN_SMALL_STEPS) as process:
        assert wait_until(lambda: replaced() >= 20, process)
        process.kill()
    with Library.open(directory, create=False) as library:
        assert 20 <= replaced() < PAPERS
        assert all(paper.abstract in abstracts[paper.title] for paper in library.papers())
        assert_whole(library)
        library.add(file)
        assert replaced() == PAPERS
        assert_whole(library)
        assert_chroma_in_step(library)


def test_damaged_vectors_are_made_anew(tmp_path: Path) -> None:
    directory = tmp_path / "library"
    with Library.open(directory) as library:
        library.add_papers(gadgets(3))
    (directory / "chroma" / "chroma.sqlite3").write_bytes(b"no database any more")
    with Library.open(directory) as library:
        assert library.search("Gadget2")[0].paper.title == gadget(2).title
        library.add_papers(gadgets(4))
        assert_chroma_in_step(library)
