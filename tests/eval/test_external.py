"""Sets of others: their figures on data small enough to check, and what happens where they are not there."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from eval.external import SETS, Bench
from eval.external.claim_pairs import figures_of
from eval.external.pubmedqa import abstract_of, quotes_conclusion
from rag.answers import Answer, Citation
from rag.library import Library
from rag.progress import LoggedProgress
from rag.settings import load_settings
from tests.made_up import gadgets


def write(path: Path, lines: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "data", tmp_path / "out" / "external", load_settings(), LoggedProgress())


def test_a_set_says_which_of_its_files_are_missing(tmp_path: Path) -> None:
    assert set(SETS) == {"scifact-retrieval", "scifact-claims", "wice", "expertqa", "qasa", "pubmedqa"}
    for each in SETS.values():
        assert each.missing(tmp_path) == list(each.files)


def test_claims_by_what_was_let_through() -> None:
    pairs = [{"label": label} for label in ("supported", "supported", "contradicted", "not_enough")]
    found = {
        name: each.value for name, each in figures_of(pairs, [0.9, 0.4, 0.6, 0.1], [True, False, True, False]).items()
    }
    assert found == {
        "AUROC, supported against the rest": 0.75, "precision": 0.5, "recall": 0.5,
        "let through: contradicted": 1.0, "let through: not_enough": 0.0, "let through: supported": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["scifact-claims", "wice", "expertqa"])
def test_claim_sets_are_read_and_checked(name: str, bench: Bench) -> None:
    source = "Marbler sorts 41 marbles a minute. It listens to their fall."
    lines: list[dict[str, object]] = [
        {"source": source, "claim": "It listens to their fall.", "label": "supported"},
        {"source": source, "claim": "Spoons bend at 7.5 degrees in Lisbon.", "label": "not_enough"},
    ]
    write(bench.data / SETS[name].files[0], lines)
    assert SETS[name].missing(bench.data) == []
    found = SETS[name].run(bench)
    assert (found["precision"].value, found["recall"].value) == (1.0, 1.0)


def test_scifact_retrieval_finds_what_it_is_to_find(bench: Bench) -> None:
    folder = bench.data / "scifact"
    papers = gadgets(4)
    corpus = [{"_id": str(n), "title": each.title, "text": each.abstract} for n, each in enumerate(papers)]
    write(folder / "corpus.jsonl.gz", corpus)  # type: ignore[arg-type]
    write(folder / "queries.jsonl.gz", [{"_id": "q", "text": "How fast does Gadget2 sort marbles?"}])
    (folder / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t2\t1\n", encoding="utf-8")
    found = SETS["scifact-retrieval"].run(bench)
    assert {name: each.value for name, each in found.items()} == {"nDCG@10": 1.0, "R@10": 1.0, "RR@10": 1.0}


def test_qasa_asks_only_about_papers_that_are_not_there(
    starter: Library, starter_directory: Path, bench: Bench
) -> None:
    held = starter.papers()[0].title
    write(
        bench.data / SETS["qasa"].files[0],
        [
            {"question": "What is a good recipe for lentil soup?", "paper_title": "Soups of the World"},
            {"question": "What is this?", "paper_title": held},
        ],
    )
    shutil.copytree(starter_directory, bench.scratch.parent / "starter")
    with Library.open(bench.scratch.parent / "starter") as fewer:
        fewer.remove(starter.papers()[1].id)  # as after a killed run: it is added again
    found = SETS["qasa"].run(bench)
    assert (found["declined"].value, found["declined"].cases) == (1.0, 1)
    with Library.open(bench.scratch.parent / "starter") as whole:
        assert len(whole) == len(starter)


def test_pubmedqa_finds_papers_and_their_conclusions(bench: Bench) -> None:
    entries = {
        str(number): {
            "QUESTION": f"Does Gadget{number} sort marbles by sound?",
            "CONTEXTS": [f"Gadget{number} was built to sort marbles.", "It listened to 300 of them."],
            "LONG_ANSWER": f"Gadget{number} does sort marbles by their sound alone.",
        }
        for number in range(3)
    }
    path = bench.data / SETS["pubmedqa"].files[0]
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(json.dumps(entries).encode()))
    found = SETS["pubmedqa"].run(bench)
    assert found["found among the first three"].value == 1
    assert found["conclusion quoted"].value <= found["answered"].value
    assert found["answered"].cases == 3


def test_a_conclusion_is_quoted_if_one_of_its_sentences_is() -> None:
    entry = {"CONTEXTS": ["It was built.  "], "LONG_ANSWER": "It sorts marbles. It sings."}
    assert abstract_of(entry) == "It was built. It sorts marbles. It sings."

    def quoting(quote: str) -> Answer:
        return Answer("x [1]", "answered", "fact", citations=(Citation(1, "p", "P", None, quote, ("p.s2",)),))

    assert quotes_conclusion(quoting("It sorts marbles. It sings."), entry)
    assert not quotes_conclusion(quoting("It was built."), entry)
