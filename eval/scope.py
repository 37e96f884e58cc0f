"""Train and calibrate whether a question that names no paper is one for the library: `python -m eval.scope`.

To be answered: the questions of `eval/questions/other-words.jsonl`, those of `scope.jsonl` that describe a paper
without naming it, and the short ones of `short.jsonl` of which an abstract tells. To be declined: what readers of
other papers ask (`arxiv-readers.jsonl`, and those of `arxiv-sentences.jsonl`, both about arXiv papers that are not in
the library), and the questions of `scope.jsonl` and `short.jsonl` that lie outside or of whose point no abstract
tells. The sign `style` is a regression of its own on the question's vector, trained on all questions that look for a
paper against all that ask about one at hand.

Prints the trade of coverage (share of questions to be answered that are) against risk (share of the others that are
answered, too), from ten-fold cross-validation, and for any further questions given with --check.
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
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.packaged import packaged
from eval.regressions import as_fields, write_model
from rag.library import Library
from rag.papers import plain_text
from rag.questions import understand
from rag.scope import MODEL, SIGNS, STYLE_FILE, signs

_QUESTIONS = Path(__file__).parent / "questions"
_FOLDS = 10
_READERS_OF_SENTENCES = 600
_DECLINED_SHARES = (0.02, 0.04, 0.06, 0.08, 0.10, 0.12, 0.15, 0.20)
_OUTSIDE = ("ml_not_in_corpus", "ml_general", "not_ml")
_TOLD = "told"  # of short.jsonl: an abstract tells; all others of the file are to be declined


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_QUESTIONS / name).read_text(encoding="utf-8").splitlines()]


def train_style(library: Library, write: bool, console: Console) -> None:
    """Train the direction that parts questions which look for a paper from those about one at hand."""
    looking = [each["question"] for each in _read("arxiv-other-words.jsonl")]
    reading = [each["question"] for name in ("arxiv-readers.jsonl", "arxiv-sentences.jsonl") for each in _read(name)]
    vectors = library.embedder.encode([plain_text(text) for text in [*looking, *reading]])
    labels = np.array([1] * len(looking) + [0] * len(reading))
    regression = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
    guessed = cross_val_predict(
        regression, vectors, labels, cv=KFold(_FOLDS, shuffle=True, random_state=0), method="decision_function"
    )
    console.print(f"style: AUROC {roc_auc_score(labels, guessed):.3f} (cross-validated, {len(labels)} questions)")
    regression.fit(vectors, labels)
    if write:
        card = library.embedder.card
        np.savez_compressed(
            packaged(STYLE_FILE),
            model=f"{card.name} {card.revision}",
            direction=regression.coef_[0].astype(np.float16),
            offset=float(regression.intercept_[0]),
        )


def main(
    library: Annotated[Path, typer.Option(help="The library with the papers that the questions are about.")],
    declined: Annotated[float, typer.Option(help="Share of questions to be answered that may be declined.")] = 0.155,
    check: Annotated[
        list[Path] | None, typer.Option(help="More questions: an exam file (blind), or others, all to be declined.")
    ] = None,
    style: Annotated[bool, typer.Option(help="Train the sign `style` anew first.")] = False,
    write: Annotated[bool, typer.Option(help="Put the model into the package.")] = False,
) -> None:
    """Train, calibrate, print the curve."""
    console = Console()
    with Library.open(library, create=False) as opened:
        if style:
            train_style(opened, write, console)

        def signs_of(texts: list[str]) -> np.ndarray:
            asked = [understand(text, (), opened) for text in texts]
            return np.array([signs(q, opened.rank(q.text), opened) for q in asked if not q.named])

        inside = [each["question"] for each in _read("other-words.jsonl")]
        inside += [each["question"] for each in _read("scope.jsonl") if each.get("subtype") == "described"]
        short = _read("short.jsonl")
        inside += [each["question"] for each in short if each["subtype"] == _TOLD]
        rng = np.random.default_rng(0)
        outside = [each["question"] for each in _read("arxiv-readers.jsonl")]
        of_sentences = [each["question"] for each in _read("arxiv-sentences.jsonl")]
        outside += [of_sentences[i] for i in rng.choice(len(of_sentences), _READERS_OF_SENTENCES, replace=False)]
        outside += [each["question"] for each in _read("scope.jsonl") if each.get("subtype") in _OUTSIDE]
        outside += [each["question"] for each in short if each["subtype"] != _TOLD]
        wanted, unwanted = signs_of(inside), signs_of(outside)
        checks = {}
        for file in check or []:
            items = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            blind = [item["question"] for item in items if item.get("type") == "blind"]
            checks[f"{file.stem}: answered"] = signs_of(blind or [item["question"] for item in items])
    table = np.concatenate([wanted, unwanted])
    labels = np.array([1] * len(wanted) + [0] * len(unwanted))
    regression = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    guessed = cross_val_predict(regression, table, labels, cv=folds, method="predict_proba")[:, 1]
    console.print(
        f"{len(wanted)} to be answered, {len(unwanted)} to be declined: "
        f"AUROC {roc_auc_score(labels, guessed):.3f} (cross-validated)"
    )
    for left_out, name in enumerate(SIGNS):
        rest = [column for column in range(len(SIGNS)) if column != left_out]
        without = cross_val_predict(regression, table[:, rest], labels, cv=folds, method="predict_proba")[:, 1]
        console.print(f"  without {name}: {roc_auc_score(labels, without):.3f}")
    regression.fit(table, labels)
    shown = Table("answered", "risk: outside, yet answered", "threshold", *checks)
    for share in _DECLINED_SHARES:
        threshold = float(np.quantile(guessed[labels == 1], share))
        figures = [float((regression.predict_proba(rows)[:, 1] >= threshold).mean()) for rows in checks.values()]
        shown.add_row(
            f"{1 - share:.2f}",
            f"{(guessed[labels == 0] >= threshold).mean():.2f}",
            f"{threshold:.3f}",
            *(f"{figure:.2f}" for figure in figures),
        )
    console.print(shown)
    fields = as_fields(regression, SIGNS, float(np.quantile(guessed[labels == 1], declined)))
    console.print_json(json.dumps(fields))
    if write:
        console.print(f"written to {write_model(MODEL, fields)}")


if __name__ == "__main__":
    typer.run(main)
