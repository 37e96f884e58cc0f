"""Train and calibrate the model that notices when an abstract does not tell: `python -m eval.answerability`.

Two sets of questions were written for this. `eval/questions/arxiv-sentences.jsonl`: for each of the 600 arXiv abstracts
that the reader has not seen (`eval.reader`) three that a sentence answers and two that none does; their abstracts come
from a file of arXiv metadata and are kept in a library of their own. `eval/questions/answerability-*.jsonl`: for each
paper of the collection two and two. Figures are from ten-fold cross-validation with all questions on one paper in one
fold. The threshold is the one that declines at most so many of the answerable questions about the collection. Prints
the trade (risk against coverage); `--write` puts the model into the package.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.arxiv import arxiv_papers
from eval.reader import QUESTIONS, held_out_abstracts
from eval.regressions import as_fields, write_model
from rag.answerability import MODEL, SIGNS, signs
from rag.library import Library
from rag.questions import understand

_QUESTIONS = Path(__file__).parent / "questions"
_FOLDS = 10
_DECLINED_SHARES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.15)
_CHECKED = ("fact", "number", "detail", "unanswerable")


def read_questions(files: list[Path]) -> list[dict[str, Any]]:
    """Return the questions of the files, in order."""
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def arxiv_library(arxiv: Path, directory: Path, wanted: set[str]) -> Library:
    """Return the library of the wanted arXiv abstracts, made now unless it is there; their ids are the external ids."""
    opened = Library.open(directory)
    papers = [dataclasses.replace(paper, external_id=key) for key, paper in arxiv_papers(arxiv, wanted, 0).items()]
    opened.add_papers(papers)
    return opened


def signs_of(items: list[dict[str, Any]], library: Library, console: Console) -> np.ndarray:
    """Return the signs of each question about its paper ("paper": id, external id or title)."""
    rows = []
    for item in track(items, "signs", console=console, disable=not console.is_terminal):
        paper = library.get(item["paper"])
        asked = understand(item["question"], (), library)
        # What is learned is whether this paper answers, however the question came to it.
        written = {paper.id: asked.written[paper.id]} if paper.id in asked.written else {}
        rows.append(signs(dataclasses.replace(asked, named=(paper.id,), written=written), paper, library))
    return np.array(rows)


def threshold_for(probabilities: np.ndarray, answerable: np.ndarray, declined: float) -> float:
    """Return the highest threshold below which at most the share `declined` of the answerable questions lies."""
    return float(np.quantile(probabilities[answerable], declined))


def main(
    library: Annotated[Path, typer.Option(help="The library with the papers of the collection.")],
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    arxiv_directory: Annotated[Path, typer.Option("--arxiv-library", help="Where its library is kept.")] = Path(
        "build/arxiv"
    ),
    declined: Annotated[float, typer.Option(help="Share of answerable questions that may be declined.")] = 0.04,
    check: Annotated[Path | None, typer.Option(help="Other questions (an exam file) to check the model on.")] = None,
    write: Annotated[bool, typer.Option(help="Put the model into the package.")] = False,
) -> None:
    """Train on our questions, print the calibration."""
    console = Console()
    unread = held_out_abstracts()
    of_arxiv = [item for item in read_questions([_QUESTIONS / QUESTIONS]) if item["id"] in unread]
    for item in of_arxiv:
        item |= {"paper": item["id"], "answerable": bool(item["sentences"])}
    ours = read_questions(sorted(_QUESTIONS.glob("answerability-*.jsonl")))
    others = [item for item in read_questions([check]) if item["type"] in _CHECKED] if check else []
    for item in [*ours, *others]:
        item |= {"paper": item["gold_papers"][0], "answerable": item["type"] != "unanswerable"}
    with arxiv_library(arxiv, arxiv_directory, {item["id"] for item in of_arxiv}) as opened:
        found = [signs_of(of_arxiv, opened, console)]
    with Library.open(library, create=False) as opened:
        found.append(signs_of(ours, opened, console))
        found_others = signs_of(others, opened, console) if others else None
    table = np.concatenate(found)
    items = [*of_arxiv, *ours]
    answerable = np.array([item["answerable"] for item in items])
    is_ours = np.arange(len(items)) >= len(of_arxiv)
    groups = [item["paper"] for item in items]

    def cross_validated(columns: list[int]) -> np.ndarray:
        return np.asarray(
            cross_val_predict(
                make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced")),
                table[:, columns],
                answerable,
                groups=groups,
                cv=GroupKFold(_FOLDS),
                method="predict_proba",
            )[:, 1]
        )

    everything = list(range(len(SIGNS)))
    probabilities = cross_validated(everything)
    shown = Table("AUROC, cross-validated", f"arXiv ({len(of_arxiv)})", f"the collection ({len(ours)})")

    def add_row(name: str, guessed: np.ndarray) -> None:
        figures = [roc_auc_score(answerable[rows], guessed[rows]) for rows in (~is_ours, is_ours)]
        shown.add_row(name, *(f"{figure:.3f}" for figure in figures))

    add_row("all signs", probabilities)
    for left_out, name in enumerate(SIGNS):
        add_row(f"without {name}", cross_validated([column for column in everything if column != left_out]))
    console.print(shown)
    regression = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced")).fit(table, answerable)
    curve = Table(
        "coverage", "risk: unanswerable, yet answered", "threshold", *(["check: the same two"] if others else [])
    )
    for share in _DECLINED_SHARES:
        threshold = threshold_for(probabilities[is_ours], answerable[is_ours], share)
        unanswerable = ~answerable & is_ours
        row = [f"{1 - share:.2f}", f"{(probabilities[unanswerable] >= threshold).mean():.2f}", f"{threshold:.3f}"]
        if found_others is not None:
            gold = np.array([item["answerable"] for item in others])
            guessed = regression.predict_proba(found_others)[:, 1]
            row.append(f"{(guessed[gold] >= threshold).mean():.2f} {(guessed[~gold] >= threshold).mean():.2f}")
        curve.add_row(*row)
    console.print(curve)
    fields = as_fields(regression, SIGNS, threshold_for(probabilities[is_ours], answerable[is_ours], declined))
    console.print_json(json.dumps(fields))
    if write:
        console.print(f"written to {write_model(MODEL, fields)}")


if __name__ == "__main__":
    typer.run(main)
