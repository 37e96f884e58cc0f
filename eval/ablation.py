"""What each device adds: `python -m eval.ablation --library DIR --exam FILE --scorer FILE --papers FILE`.

Answers the questions of an exam file once with everything and once without each device, and prints the share that
passes by type, as the scorer judges (a script that is called with exam, answers, papers and prints a line a type).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from rag import answerability, questions, ranking, sentence_choice
from rag.answering import extractive
from rag.assistant import Assistant
from rag.embedding import Embedder
from rag.jsonl import answer_lines
from rag.library import Library
from rag.naming import NamedPapers
from rag.regression import Estimate

_Patch = tuple[Any, str, Any]


DEVICES: dict[str, list[_Patch]] = {
    "everything": [],
    "sentence vectors": [(ranking, "nearness", lambda found: found.abstract)],
    "question adapter": [(Embedder, "encode_description", Embedder.encode_question)],
    "dual encoder": [(ranking, "DEFAULT_WEIGHTS", ranking.RankingWeights(document=0.0))],
    "words (BM25)": [(ranking, "DEFAULT_WEIGHTS", ranking.RankingWeights(words=0.0))],
    "name index": [(questions, "papers_named", lambda *_: NamedPapers({}, frozenset(), False, True))],
    "descriptions": [(questions, "_described", lambda *_: {})],
    "spelling": [(questions, "corrected", lambda text, _: text)],
    "acronyms": [(answerability, "spelled_out", lambda *_: None)],
    "matrix of sentence choice": [(sentence_choice, "likeness", lambda *_: 0.0)],
    "answerability": [(extractive, "is_answered_by", lambda *_: Estimate(1.0, 0.0))],
    "scope": [(extractive, "is_within", lambda *_: Estimate(1.0, 0.0))],
    "kinds (all facts)": [(questions, "kind_of", lambda *_: "fact")],
}


def score(assistant: Assistant, items: list[dict[str, Any]], judge: Callable[[Path], str]) -> dict[str, float]:
    """Return the share of questions that pass, by type, and "ALL"."""
    with tempfile.TemporaryDirectory() as directory:
        answers = Path(directory) / "answers.jsonl"
        answers.write_text("\n".join(answer_lines(assistant, map(json.dumps, items))), encoding="utf-8")
        printed = judge(answers)
    found = {match[1]: float(match[2]) for match in re.finditer(r"^(\w+)\s+\d+/\d+\s+([\d.]+)$", printed, re.M)}
    total = re.search(r"^ALL .*= ([\d.]+)$", printed, re.M)
    return {**found, "ALL": float(total[1]) if total else 0.0}


def main(
    library: Annotated[Path, typer.Option(help="The library of the exam's papers.")],
    exam: Annotated[Path, typer.Option(help="The questions, a JSON object a line.")],
    scorer: Annotated[Path, typer.Option(help="The script that judges.")],
    papers: Annotated[Path, typer.Option(help="The papers, as the scorer wants them.")],
) -> None:
    """Print the table."""
    console = Console(width=200)
    items = [json.loads(line) for line in exam.read_text(encoding="utf-8").splitlines()]

    def judge(answers: Path) -> str:
        command = [sys.executable, str(scorer), str(exam), str(answers), str(papers)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    rows: dict[str, dict[str, float]] = {}
    for name, patches in track(DEVICES.items(), "answering", console=console, disable=not console.is_terminal):
        with ExitStack() as stack, Library.open(library, create=False) as opened:
            for target, attribute, replacement in patches:
                stack.enter_context(patch.object(target, attribute, replacement))
            rows[name] = score(Assistant(opened), items, judge)
    types = list(rows["everything"])
    table = Table("without", *types)
    for name, figures in rows.items():
        table.add_row(name, *(f"{figures.get(each, 0.0):.3f}" for each in types))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
