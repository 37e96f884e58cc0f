"""Train and calibrate the model that notices when an abstract does not tell: `python -m eval.answerability`.

The questions in `eval/questions/answerability-*.jsonl` were written for this: for each paper two that its abstract
answers and two that it does not. Figures are from ten-fold cross-validation with all questions on one paper in one
fold. The threshold is the one that declines at most so many of the answerable questions. Prints the trade (risk
against coverage); `--write` puts the model into the package.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import rag
from rag.answerability import MODEL_FILE, Signs, signs
from rag.library import Library
from rag.questions import understand

_QUESTIONS = Path(__file__).parent / "questions"
_FOLDS = 10
_DECLINED_SHARES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.15)


def read_questions(files: list[Path]) -> list[dict[str, Any]]:
    """Return the questions of the files, in order."""
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def threshold_for(probabilities: np.ndarray, answerable: np.ndarray, declined: float) -> float:
    """Return the highest threshold below which at most the share `declined` of the answerable questions lies."""
    return float(np.quantile(probabilities[answerable], declined))


def main(
    library: Annotated[Path, typer.Option(help="The library with the papers that the questions are about.")],
    declined: Annotated[float, typer.Option(help="Share of answerable questions that may be declined.")] = 0.07,
    check: Annotated[Path | None, typer.Option(help="Other questions (an exam file) to check the model on.")] = None,
    write: Annotated[bool, typer.Option(help="Put the model into the package.")] = False,
) -> None:
    """Train on our questions, print the calibration."""
    console = Console()
    with Library.open(library, create=False) as opened:

        def signs_of(items: list[dict[str, Any]]) -> np.ndarray:
            rows = []
            for item in items:
                question = understand(item["question"], (), opened)
                rows.append(dataclasses.astuple(signs(question, opened.get(item["gold_papers"][0]), opened)))
            return np.array(rows)

        items = read_questions(sorted(_QUESTIONS.glob("answerability-*.jsonl")))
        found = signs_of(items)
        others = [item for item in read_questions([check]) if item["type"] in _CHECKED] if check else []
        found_others = signs_of(others) if others else None
    answerable = np.array([item["type"] != "unanswerable" for item in items])
    papers = [item["gold_papers"][0] for item in items]
    regression = make_pipeline(StandardScaler(), LogisticRegression())
    probabilities = cross_val_predict(
        regression, found, answerable, groups=papers, cv=GroupKFold(_FOLDS), method="predict_proba"
    )[:, 1]
    console.print(f"{len(items)} questions, AUROC {roc_auc_score(answerable, probabilities):.3f} (cross-validated)")
    regression.fit(found, answerable)
    table = Table(
        "answerable declined", "unanswerable declined", "threshold", *(["check: the same two"] if others else [])
    )
    for share in _DECLINED_SHARES:
        threshold = threshold_for(probabilities, answerable, share)
        row = [f"{share:.2f}", f"{(probabilities[~answerable] < threshold).mean():.2f}", f"{threshold:.3f}"]
        if found_others is not None:
            gold = np.array([item["type"] != "unanswerable" for item in others])
            guessed = regression.predict_proba(found_others)[:, 1]
            row.append(f"{(guessed[gold] < threshold).mean():.2f} {(guessed[~gold] < threshold).mean():.2f}")
        table.add_row(*row)
    console.print(table)
    scaler, last = regression[0], regression[1]
    weights = last.coef_[0] / scaler.scale_
    model = {
        "weights": {
            field.name: round(float(w), 4) for field, w in zip(dataclasses.fields(Signs), weights, strict=True)
        },
        "intercept": round(float(last.intercept_[0] - (weights * scaler.mean_).sum()), 4),
        "threshold": round(threshold_for(probabilities, answerable, declined), 4),
    }
    console.print_json(json.dumps(model))
    if write:
        target = Path(rag.__file__).parent / MODEL_FILE
        target.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
        console.print(f"written to {target}")


_CHECKED = ("fact", "number", "detail", "unanswerable")

if __name__ == "__main__":
    typer.run(main)
