"""What each sign adds to finding the sentence that answers: `python -m eval.sentences`.

For questions that name their paper (types fact, number and detail of an exam file), the share of questions whose
wanted strings all stand in the first 1, 2, 3, 4 sentences of that paper, with all signs of
`rag.retrieval.SentenceWeights` and with each of them left out.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from rag.answers import Evidence
from rag.library import Library
from rag.questions import Question, understand
from rag.retrieval import DEFAULT_WEIGHTS, SentenceWeights, retrieve

_EXAM = Path(__file__).parents[1].parent / "shared" / "exam" / "dev.jsonl"
_TYPES = ("fact", "number", "detail")
_DEPTHS = (1, 2, 3, 4)


def holds(evidence: list[Evidence], wanted: list[list[str]]) -> bool:
    """Return whether of each group of strings at least one stands in the sentences."""
    text = f" {' '.join(each.sentence.text for each in evidence)} ".lower()
    return all(any(string.lower() in text for string in group) for group in wanted)


def found_within(
    library: Library, items: list[tuple[Question, dict[str, Any]]], weights: SentenceWeights
) -> list[float]:
    """Return the share of questions answered by the first sentences, for each depth."""
    hits = [0] * len(_DEPTHS)
    for question, item in items:
        found = retrieve(library, question, weights)
        paper = next((hit.paper for hit in found.papers if hit.paper.title in item["gold_papers"]), None)
        evidence = found.of(paper) if paper else []
        for index, depth in enumerate(_DEPTHS):
            hits[index] += holds(evidence[:depth], item["must_include"])
    return [count / len(items) for count in hits]


def main(
    exam: Annotated[
        Path, typer.Option(help="Questions with gold papers and wanted strings, a JSON object a line.")
    ] = _EXAM,
    library: Annotated[Path | None, typer.Option(help="The library of the exam's papers.")] = None,
) -> None:
    """Print what each sign adds."""
    console = Console()
    if not exam.exists():
        Console(stderr=True).print(f"There are no questions in {exam}; name a file with --exam.")
        raise typer.Exit(2)
    with Library.open(library, create=False) as opened:
        lines = [json.loads(line) for line in exam.read_text(encoding="utf-8").splitlines()]
        items = [(understand(each["question"], (), opened), each) for each in lines if each["type"] in _TYPES]
        choices = {"all signs": DEFAULT_WEIGHTS}
        for field in dataclasses.fields(SentenceWeights):
            choices[f"without {field.name}"] = dataclasses.replace(DEFAULT_WEIGHTS, **{field.name: 0.0})
        table = Table(f"{len(items)} questions", *(f"first {depth}" for depth in _DEPTHS))
        for name, weights in choices.items():
            table.add_row(name, *(f"{share:.3f}" for share in found_within(opened, items, weights)))
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
