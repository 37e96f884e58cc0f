"""Measure and tune the ranking of papers on SciFact (BEIR): `python -m eval.scifact`.

SciFact has 5,183 abstracts and claims as queries. Weights are chosen by nDCG@10 on the 809 train queries, and
the 300 test queries are only measured. The table shows `library.search` beside what it is made of: BM25 alone,
and the vectors alone. The library is built once (some minutes) and kept in the directory given.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from eval.gzipped import read_gzipped_lines
from rag import ranking
from rag.library import Library
from rag.papers import Paper, fold_space, plain_text
from rag.ranking import DEFAULT_WEIGHTS, RankingWeights
from rag.settings import load_settings
from rag.terminal import TerminalProgress
from rag.words import words

DEPTH = 10
_DATA = Path(__file__).parents[1].parent / "shared" / "data" / "scifact"
_CHOICES = [RankingWeights(words, low, high) for words in (0.25, 0.35, 0.45) for low, high in ((0.25, 0.5), (0.3, 0.6))]

Judgements = dict[str, set[str]]  # query id -> ids of the relevant papers


def ndcg(ranked: Sequence[str], relevant: set[str], depth: int = DEPTH) -> float:
    """Return nDCG@depth for binary relevance: DCG with a log2 discount over the best possible one.

    Source: Järvelin and Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques".
    """
    gains = sum(1 / math.log2(place + 2) for place, each in enumerate(ranked[:depth]) if each in relevant)
    best = sum(1 / math.log2(place + 2) for place in range(min(depth, len(relevant))))
    return gains / best if best else 0.0


def read_judgements(path: Path) -> Judgements:
    """Return the relevant papers by query from a BEIR file of judgements (tab-separated, one line of headings)."""
    judgements: Judgements = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, paper, score = line.split("\t")
        if int(score) > 0:
            judgements.setdefault(query, set()).add(paper)
    return judgements


def build(library: Library, data: Path) -> None:
    """Fill the library with SciFact's abstracts, if it is not filled yet."""
    library.add_papers(
        [
            Paper(title=fold_space(each["title"]), abstract=fold_space(each["text"]), external_id=each["_id"])
            for each in read_gzipped_lines(data / "corpus.jsonl.gz")
        ]
    )


def mean(values: Iterable[float]) -> float:
    """Return the mean of the values; 0 of none."""
    collected = list(values)
    return sum(collected) / len(collected) if collected else 0.0


class Bench:
    """SciFact's queries against one library."""

    def __init__(self, library: Library, queries: dict[str, str], console: Console) -> None:
        self._library = library
        self._queries = queries
        self._console = console
        self._external = {paper.id: paper.external_id or "" for paper in library.papers()}

    def search(self, judgements: Judgements) -> float:
        """Return the mean nDCG@10 of `library.search`, as a user calls it."""
        return mean(
            ndcg([hit.paper.external_id or "" for hit in self._library.search(self._queries[query], DEPTH)], relevant)
            for query, relevant in self._track(judgements, "library.search")
        )

    def words_alone(self, judgements: Judgements) -> float:
        """Return the mean nDCG@10 of BM25 alone."""
        scores = []
        for query, relevant in self._track(judgements, "BM25 alone"):
            found = self._library.catalogue.best_matches(words(self._queries[query]), DEPTH)
            scores.append(ndcg([self._external[paper_id] for paper_id in found], relevant))
        return mean(scores)

    def all_weights(self, judgements: Judgements, choices: Sequence[RankingWeights], what: str) -> list[float]:
        """Return the mean nDCG@10 of each choice of weights; each query is embedded and looked up once."""
        totals = [0.0] * len(choices)
        for query, relevant in self._track(judgements, what):
            parts = self._library.ranking_parts(self._queries[query])
            for index, weights in enumerate(choices):
                ranked = ranking.combine(parts, weights).paper_ids[:DEPTH]
                totals[index] += ndcg([self._external[paper_id] for paper_id in ranked], relevant)
        return [total / len(judgements) for total in totals]

    def _track(self, judgements: Judgements, what: str) -> Iterable[tuple[str, set[str]]]:
        return track(judgements.items(), what, console=self._console, disable=not self._console.is_terminal)


def main(
    data: Annotated[Path, typer.Option(help="SciFact as BEIR has it: corpus, queries, train.tsv, test.tsv.")] = _DATA,
    library: Annotated[Path, typer.Option(help="Where its library is kept.")] = Path("build/scifact"),
    tune: Annotated[bool, typer.Option(help="Look for better weights on train.")] = False,
) -> None:
    """Print nDCG@10 of the ranking and of its parts on SciFact."""
    console, errors = Console(), Console(stderr=True)
    if not (data / "corpus.jsonl.gz").exists():
        errors.print(f"There is no SciFact in {data}; name its directory with --data.")
        raise typer.Exit(2)
    with TerminalProgress(errors) as progress, Library.open(
        library, settings=load_settings(), progress=progress
    ) as opened:  # fmt: skip
        build(opened, data)
        queries = {each["_id"]: plain_text(each["text"]) for each in read_gzipped_lines(data / "queries.jsonl.gz")}
        sets = {name: read_judgements(data / f"{name}.tsv") for name in ("train", "test")}
        bench = Bench(opened, queries, errors)
        if tune:
            scores = bench.all_weights(sets["train"], _CHOICES, "tuning on train")
            console.print("The best weights on train:")
            for score, weights in sorted(zip(scores, _CHOICES, strict=True), key=lambda each: -each[0])[:8]:
                console.print(f"  {score:.4f}  {weights}", highlight=False)
        vectors_alone = dataclasses.replace(DEFAULT_WEIGHTS, words=0.0)
        table = Table("nDCG@10", *(f"{name} ({len(judged)})" for name, judged in sets.items()))
        table.add_row("BM25 alone", *(f"{bench.words_alone(judged):.4f}" for judged in sets.values()))
        table.add_row(
            "vectors alone",
            *(f"{bench.all_weights(judged, [vectors_alone], 'vectors alone')[0]:.4f}" for judged in sets.values()),
        )
        table.add_row("library.search", *(f"{bench.search(judged):.4f}" for judged in sets.values()))
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
