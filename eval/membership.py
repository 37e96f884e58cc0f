"""Train and calibrate the decision whether a paper belongs on a list: `python -m eval.membership --library DIR`.

The lists and counts in `eval/questions/lists.jsonl` were made by reading all abstracts of the library: for each topic
the papers that clearly belong, and those of which one could argue (left out of training and score). Figures are from
cross-validation with all papers of one topic in one fold; the threshold is the one of the best mean F1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.regressions import as_fields, write_model
from rag.kinds import topic_of
from rag.library import Library
from rag.membership import MODEL, SIGNS, signs

_QUESTIONS = Path(__file__).parent / "questions" / "lists.jsonl"
_FOLDS = 10
_THRESHOLDS = np.arange(0.05, 0.75, 0.05)
Table_ = tuple[np.ndarray, np.ndarray, np.ndarray]


def table_of(items: list[dict[str, Any]], library: Library) -> Table_:
    """Return signs, labels (1 belongs, 0 does not, -1 arguable) and topic numbers, a row a paper and topic."""
    rows, labels, topics = [], [], []
    for number, item in enumerate(items):
        found = signs(topic_of(item["question"]), library)
        gold, arguable = set(item["gold_papers"]), set(item.get("acceptable_papers", ()))
        rows.append(found.signs)
        labels.append([1 if p.title in gold else -1 if p.title in arguable else 0 for p in found.papers])
        topics.append([number] * len(found.papers))
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(topics)


def mean_f1(probabilities: np.ndarray, labels: np.ndarray, topics: np.ndarray, threshold: float, first: float) -> float:
    """Return the mean over topics of F1; arguable papers neither help nor hurt.

    A topic has members at all only if one of its papers reaches the threshold `first`.
    """
    scores = []
    for topic in np.unique(topics):
        its = topics == topic
        taken = (probabilities >= threshold) & its & (probabilities[its].max() >= first)
        hits, wrong = int((taken & (labels == 1)).sum()), int((taken & (labels == 0)).sum())
        wanted = int((its & (labels == 1)).sum())
        scores.append(2 * hits / (hits + wrong + wanted) if hits + wrong + wanted else 1.0)
    return float(np.mean(scores))


def main(
    library: Annotated[Path, typer.Option(help="The library with the papers that the lists are about.")],
    check: Annotated[Path | None, typer.Option(help="Other lists (an exam file) to check the model on.")] = None,
    write: Annotated[bool, typer.Option(help="Put the model into the package.")] = False,
) -> None:
    """Train on our lists, print what each sign adds, choose the threshold."""
    console = Console()

    def lists(file: Path) -> list[dict[str, Any]]:
        items = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [item for item in items if item["type"] == "list" or item.get("gold_count", 999) < 100]

    with Library.open(library, create=False) as opened:
        ours = table_of(lists(_QUESTIONS), opened)
        others = table_of(lists(check), opened) if check else None

    def best(columns: list[int]) -> tuple[float, float, float]:
        sure = ours[1] >= 0
        regression = make_pipeline(StandardScaler(), LogisticRegression())
        probabilities = np.zeros(len(ours[0]))
        probabilities[sure] = cross_val_predict(
            regression,
            ours[0][sure][:, columns],
            ours[1][sure],
            groups=ours[2][sure],
            cv=GroupKFold(_FOLDS),
            method="predict_proba",
        )[:, 1]
        shown = probabilities[sure], ours[1][sure], ours[2][sure]
        return max(
            (mean_f1(*shown, threshold, first), float(threshold), float(first))
            for threshold in _THRESHOLDS
            for first in _THRESHOLDS
            if first >= threshold
        )

    everything = list(range(len(SIGNS)))
    score, threshold, first = best(everything)
    table = Table("signs", "mean F1 (cross-validated)", "threshold", "for the first")
    table.add_row("all", f"{score:.3f}", f"{threshold:.2f}", f"{first:.2f}")
    for left_out, name in enumerate(SIGNS):
        figures = best([column for column in everything if column != left_out])
        table.add_row(f"without {name}", f"{figures[0]:.3f}", f"{figures[1]:.2f}", f"{figures[2]:.2f}")
    console.print(table)
    sure = ours[1] >= 0
    regression = make_pipeline(StandardScaler(), LogisticRegression()).fit(ours[0][sure], ours[1][sure])
    if others is not None:
        probabilities = regression.predict_proba(others[0])[:, 1]
        console.print(f"check: mean F1 {mean_f1(probabilities, others[1], others[2], threshold, first):.3f}")
    fields = as_fields(regression, SIGNS, threshold, first=round(first, 4))
    console.print_json(json.dumps(fields))
    if write:
        console.print(f"written to {write_model(MODEL, fields)}")


if __name__ == "__main__":
    typer.run(main)
