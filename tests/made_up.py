"""Papers that were never written, and what must be true of every library that holds papers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rag.answers import Answer
from rag.library import Library
from rag.papers import Paper, plain_text, split_sentences


def gadget(number: int, **changes: object) -> Paper:
    """Return a made-up paper; its name and its numbers are in no other."""
    fields: dict = {
        "title": f"Gadget{number}: Sorting Marbles by the Sound of Their Fall",
        "abstract": (
            f"We present Gadget{number}, a machine that sorts marbles by listening to them. "
            f"Gadget{number} sorts {1000 + number} marbles a minute on a kitchen table. "
            f"Its microphone was built from the lid of jar {5000 + number}."
        ),
        "sources": ("made-up.jsonl",),
    }
    return Paper(**(fields | changes))


def gadgets(count: int, start: int = 0) -> list[Paper]:
    """Return made-up papers with the numbers from `start` on."""
    return [gadget(number) for number in range(start, start + count)]


def write_papers(path: Path, papers: Iterable[Paper]) -> Path:
    """Write the papers as JSON lines and return the file."""
    lines = []
    for paper in papers:
        fields = {name: value for name, value in asdict(paper).items() if value and name not in ("sources", "wording")}
        fields["id"] = fields.pop("external_id", None)
        if paper.wording == "digest":
            fields["digest"] = fields.pop("abstract")
        lines.append(json.dumps(fields))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def titles(library: Library) -> list[str]:
    """Return the titles of the library's papers, sorted."""
    return sorted(paper.title for paper in library.papers())


def assert_whole(library: Library) -> None:
    """Assert that every paper has all that belongs to it, and that nothing belongs to no paper."""
    papers = library.papers()
    ids = [paper.id for paper in papers]
    assert len(set(ids)) == len(ids) == len(library)
    stored = library.catalogue.vectors()
    assert sorted(stored.paper_ids) == sorted(ids)
    for paper in papers:
        sentences = library.sentences(paper)
        assert [sentence.text for sentence in sentences] == split_sentences(paper.abstract)
        vectors = library.catalogue.vectors([paper.id])
        assert vectors.numbers.tolist() == list(range(len(sentences) + 1))
    connection = library.catalogue._connection()
    for table in ("sentences", "vectors", "names"):
        orphans = f"SELECT count(*) FROM {table} WHERE paper NOT IN (SELECT row FROM papers)"
        assert connection.execute(orphans).fetchone() == (0,), table
    in_full_text = connection.execute("SELECT rowid, title, abstract FROM full_text ORDER BY rowid").fetchall()
    in_catalogue = connection.execute("SELECT row, title, abstract FROM papers ORDER BY row").fetchall()
    assert in_full_text == [(row, plain_text(title), plain_text(abstract)) for row, title, abstract in in_catalogue]


def assert_chroma_in_step(library: Library) -> None:
    """Assert that Chroma has the catalogue's abstracts and sentences, the same words, and nothing else."""
    expected = {}
    for paper in library.papers():
        expected[f"{paper.id}.abstract"] = paper.abstract
        expected.update({sentence.id: sentence.text for sentence in library.sentences(paper)})
    held = library.vector_store()._collection.get(include=["documents"])
    assert dict(zip(held["ids"], held["documents"] or [], strict=True)) == expected
    assert library.index_state() == (True, len(expected))


def assert_answer_holds(answer: Answer, library: Library) -> None:
    """Assert the promise of every answer: quotes are verbatim, and marks and citations belong together."""
    marks = [int(mark) for mark in re.findall(r"\[(\d+)\]", answer.text)]
    assert sorted(set(marks)) == [citation.mark for citation in answer.citations]
    for citation in answer.citations:
        paper = library.get(citation.paper_id)
        assert citation.quote in paper.abstract
        assert citation.title == paper.title
        assert citation.wording == paper.wording
        by_id = {sentence.id: sentence.text for sentence in library.sentences(paper)}
        assert citation.quote == " ".join(by_id[sentence_id] for sentence_id in citation.sentence_ids)
    if answer.status == "declined":
        assert not answer.citations
        assert answer.reason in ("off_topic", "not_in_library", "not_in_abstract")
    else:
        assert answer.citations or answer.kind == "count"  # of all papers, or of none
        assert answer.reason is None
