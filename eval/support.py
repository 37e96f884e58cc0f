"""Train and measure the score of support: `python -m eval.support --arxiv FILE --grounding DIR --folds DIR --write`.

The logistic regression of `rag.support` is trained on claims that the model of entailment (`eval.entailment`) has not
seen: the held-out quarter of ours, which name the sentences on which they rest, SciFact's, each judged by the model
that has learnt from the other half of the abstracts (`--folds`), and WiCE's; each of the three weighs the same. Where a
claim has a whole source, its sentences that are nearest to the claim in meaning are looked at, the two nearest together
and each alone, and the best score counts. The weights keep the directions that are known of the signs
(`eval.signed_regression`). Figures on the three sets are from five-fold cross-validation by source.
ExpertQA (there and in WiCE "partial" counts as not carried) takes no part in training.

Prints how well the score tells carried claims from the others, against simpler scores, and on SciFact also with the
model that comes with citebot, which has learnt from all of these claims; what each sign adds; the trade between carried
claims kept and others passed, from which the threshold is chosen; the time that a claim takes.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.claims import (
    CONTRADICTED,
    EXPERTQA,
    NOT_ENOUGH,
    PARTS,
    SCIFACT,
    SUPPORTED,
    WICE,
    SourcedClaim,
    halves,
    nearest_sentences,
    part_of,
    read_others,
    read_ours,
)
from eval.regressions import as_fields, write_model
from eval.signed_regression import SignedRegression
from rag.embedding import Embedder
from rag.entailment import Entailment
from rag.settings import Settings, load_settings
from rag.support import MODEL, SIGNS, share_of_words, signs

FOLD_FILES = (
    "first-half.npz",
    "second-half.npz",
)  # models of entailment, by the half of SciFact that taught them

_FOLDS = 5
_WEIGHTS = "signedregression__sample_weight"
_BATCH = 32
_NEAREST = {SCIFACT: 3, WICE: 6, EXPERTQA: 6}  # sentences looked at: pages are longer than abstracts
_PASSED_SHARES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20)
_MOST_CLAIMS = {EXPERTQA: 500}  # measured of a set: all of ExpertQA's 1,688 take as long as everything else together
_TIMED = 100
_AGAINST = ("missing_amounts", "missing_names", "negated", "turned")  # signs that speak against a claim


@dataclass(frozen=True)
class Measured:
    """Claims of one set and what is known of the texts that may carry them; C claims, T texts."""

    claims: Sequence[SourcedClaim]
    owners: NDArray[np.int64]  # (T,): the claim to which a text belongs
    signs: NDArray[np.float32]  # (T, len(SIGNS))
    words: NDArray[np.float64]  # (C,): the highest share of a claim's words that a text has
    cosines: NDArray[np.float64]  # (C,): the highest cosine of the claim with a text or a sentence

    @property
    def carried(self) -> NDArray[np.bool_]:
        """Which claims are carried, shape (C,)."""
        return np.array([claim.label == SUPPORTED for claim in self.claims])

    @property
    def sources(self) -> list[str]:
        """What each claim is about, C of them."""
        return [claim.source for claim in self.claims]

    def telling_rows(self) -> NDArray[np.float32]:
        """Return the signs of each claim's text that carries it best by the first sign, shape (C, len(SIGNS))."""
        return np.array([self.signs[row] for row in self._rows_of(self.signs[:, 0])])

    def best(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the highest of the texts' scores for each claim, shape (C,)."""
        return scores[self._rows_of(scores)]

    def _rows_of(self, scores: NDArray) -> list[int]:
        order = np.argsort(-scores, kind="stable")
        _, first = np.unique(self.owners[order], return_index=True)
        return [int(row) for row in order[first]]


def measure(
    name: str, claims: Sequence[SourcedClaim], entailment: Entailment, embedder: Embedder, console: Console
) -> Measured:
    """Return the signs of claims and the texts that may carry them."""
    if all(claim.cited for claim in claims):
        texts = [[claim.text(claim.cited)] for claim in claims]
        vectors = [embedder.encode(its) for its in ([each[0] for each in texts], [claim.claim for claim in claims])]
        cosines = (vectors[0] * vectors[1]).sum(axis=1)
    else:
        nearest = nearest_sentences(claims, embedder, _NEAREST[name])
        texts = [
            candidate_texts(claim, [place for place, _ in its]) for claim, its in zip(claims, nearest, strict=True)
        ]
        cosines = np.array([its[0][1] for its in nearest])
    owners = np.array([number for number, its in enumerate(texts) for _ in its])
    pairs = [(text, claims[number].claim) for number, its in enumerate(texts) for text in its]
    entailed = _probabilities(pairs, entailment, console)
    return Measured(
        claims,
        owners,
        signs(
            [claim for _, claim in pairs],
            [text for text, _ in pairs],
            [claims[number].whole_source for number in owners],
            entailed,
        ),
        np.array(
            [max(share_of_words(claim.claim, text) for text in its) for claim, its in zip(claims, texts, strict=True)]
        ),
        cosines,
    )


def measure_by_folds(
    name: str, claims: Sequence[SourcedClaim], folds: Path, settings: Settings, embedder: Embedder, console: Console
) -> Measured:
    """Return the signs of claims, each by the model of entailment in `folds` that has learnt from the other half."""
    first, second = (
        measure(name, halves(claims, swapped=bool(swapped))[1], _of_fold(folds / file)(settings), embedder, console)
        for swapped, file in enumerate(FOLD_FILES)
    )
    return joined(first, second)


def joined(first: Measured, second: Measured) -> Measured:
    """Return what was measured of two lists of claims, put together."""
    return Measured(
        [*first.claims, *second.claims],
        np.concatenate([first.owners, second.owners + len(first.claims)]),
        np.concatenate([first.signs, second.signs]),
        np.concatenate([first.words, second.words]),
        np.concatenate([first.cosines, second.cosines]),
    )


def _of_fold(file: Path) -> type[Entailment]:
    class OfFold(Entailment):
        """The model of entailment with the weights in a file."""

        @classmethod
        def weights_file(cls) -> Path:
            return file

    return OfFold


def some_of(claims: list[SourcedClaim], name: str) -> list[SourcedClaim]:
    """Return the claims of a set that are measured: of a large one some, chosen at random but always the same."""
    most = _MOST_CLAIMS.get(name, len(claims))
    return random.Random(0).sample(claims, most) if most < len(claims) else claims


def candidate_texts(claim: SourcedClaim, nearest: Sequence[int]) -> list[str]:
    """Return what may carry a claim about a whole source: the two nearest sentences, in order, and each alone."""
    together = [claim.text(sorted(nearest[:2]))] if len(nearest) > 1 else []
    return [*together, *(claim.text([place]) for place in nearest)]


def _probabilities(pairs: list[tuple[str, str]], entailment: Entailment, console: Console) -> NDArray[np.float32]:
    # Pairs of like length share a batch: padding costs as much as words do.
    order = sorted(range(len(pairs)), key=lambda index: len(pairs[index][0]) + len(pairs[index][1]))
    found = np.zeros((len(pairs), 3), dtype=np.float32)
    starts = range(0, len(order), _BATCH)
    for start in track(starts, "reading", console=console, disable=not console.is_terminal):
        batch = order[start : start + _BATCH]
        found[batch] = entailment.probabilities([pairs[index] for index in batch])
    return found


def new_regression(columns: Sequence[int]) -> Pipeline:
    """Return the regression over some signs, not trained yet."""
    return make_pipeline(
        StandardScaler(), SignedRegression([-1 if SIGNS[column] in _AGAINST else 1 for column in columns])
    )


def cross_validated(sets: Sequence[Measured], columns: Sequence[int]) -> list[NDArray[np.float64]]:
    """Return the scores of the claims of each set by a regression trained on all sets' other folds, with some signs."""
    table = np.concatenate([each.telling_rows() for each in sets])[:, columns]
    carried = np.concatenate([each.carried for each in sets])
    groups = [source for each in sets for source in each.sources]
    weights = equal_weights(sets)
    scores = np.zeros(len(carried))
    owners = np.concatenate([each.owners + start for each, start in zip(sets, _starts(sets), strict=True)])
    rows = np.concatenate([each.signs for each in sets])[:, columns]
    for train, test in GroupKFold(_FOLDS).split(table, groups=groups):
        fitted = new_regression(columns).fit(table[train], carried[train], **{_WEIGHTS: weights[train]})
        of_fold = np.isin(owners, test)
        np.maximum.at(scores, owners[of_fold], fitted.predict_proba(rows[of_fold])[:, 1])
    return [scores[start : start + len(each.claims)] for each, start in zip(sets, _starts(sets), strict=True)]


def equal_weights(sets: Sequence[Measured]) -> NDArray[np.float64]:
    """Return a weight for each claim of the sets, of mean 1, so that every set weighs the same."""
    total = sum(len(each.claims) for each in sets)
    return np.concatenate([np.full(len(each.claims), total / len(sets) / len(each.claims)) for each in sets])


def _starts(sets: Sequence[Measured]) -> list[int]:
    return [sum(len(each.claims) for each in sets[:number]) for number in range(len(sets))]


def threshold_that_passes(scores: NDArray[np.float64], carried: NDArray[np.bool_], passed: float) -> float:
    """Return the lowest score (in ten-thousandths) reached by at most the share `passed` of claims not carried."""
    others = np.sort(scores[~carried])[::-1]
    first_refused = others[min(int(passed * len(others)), len(others) - 1)]
    return (math.floor(first_refused * 1e4) + 1) / 1e4


def aurocs(scores: NDArray[np.floating], labels: NDArray[np.str_]) -> list[float]:
    """Return the AUROC of carried claims against all others, against contradicted ones, against not-enough ones.

    Not a number where there are none of them.
    """
    carried = labels == SUPPORTED
    found = []
    for rows in (np.ones_like(carried), carried | (labels == CONTRADICTED), carried | (labels == NOT_ENOUGH)):
        both = carried[rows].any() and not carried[rows].all()
        found.append(float(roc_auc_score(carried[rows], scores[rows])) if both else math.nan)
    return found


def precision_and_recall(
    scores: NDArray[np.float64], carried: NDArray[np.bool_], threshold: float
) -> tuple[float, float]:
    """Return the share of claims from the threshold up that are carried, and of carried ones that reach it."""
    passed = scores >= threshold
    return float(carried[passed].mean()) if passed.any() else math.nan, float(passed[carried].mean())


def milliseconds_a_claim(measured: Measured, entailment: Entailment) -> float:
    """Return the median time in which one claim is scored, in milliseconds."""
    taken = []
    for claim in measured.claims[:_TIMED]:
        start = perf_counter()
        text = claim.text(claim.cited)
        signs([claim.claim], [text], [claim.whole_source], entailment.probabilities([(text, claim.claim)]))
        taken.append(perf_counter() - start)
    return 1000 * median(taken)


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    grounding: Annotated[Path, typer.Option(help="Directory with the claims of SciFact, WiCE and ExpertQA.")],
    folds: Annotated[Path, typer.Option(help="Directory with weights that `eval.entailment` wrote there.")],
    passed: Annotated[float, typer.Option(help="Share of claims not carried that may pass.")] = 0.02,
    write: Annotated[bool, typer.Option(help="Put the model into the package.")] = False,
) -> None:
    """Train the regression and print how good it is."""
    console = Console()
    settings = load_settings()
    entailment, embedder = Entailment(settings), Embedder(settings)
    all_ours = read_ours(arxiv)
    own = [claim for claim, part in zip(all_ours, part_of(all_ours), strict=True) if part == PARTS - 1]
    ours = measure("", own, entailment, embedder, console)
    found = {
        name: measure(name, some_of(read_others(grounding, name), name), entailment, embedder, console)
        for name in (SCIFACT, WICE, EXPERTQA)
    }
    scifact = measure_by_folds(SCIFACT, found[SCIFACT].claims, folds, settings, embedder, console)
    everything = list(range(len(SIGNS)))
    trained = [ours, scifact, found[WICE]]
    of_ours, of_scifact, of_wice = cross_validated(trained, everything)
    regression = new_regression(everything).fit(
        np.concatenate([each.telling_rows() for each in trained]),
        np.concatenate([each.carried for each in trained]),
        **{_WEIGHTS: equal_weights(trained)},
    )

    def scores_of(measured: Measured) -> NDArray[np.float64]:
        return measured.best(regression.predict_proba(measured.signs)[:, 1])

    threshold = threshold_that_passes(of_ours, ours.carried, passed)
    sets = {
        "ours, held out": (ours, of_ours),
        "SciFact, by halves": (scifact, of_scifact),
        "SciFact, learnt from": (found[SCIFACT], scores_of(found[SCIFACT])),
        "WiCE": (found[WICE], of_wice),
        "ExpertQA": (found[EXPERTQA], scores_of(found[EXPERTQA])),
    }
    console.print(_table_of_sets(sets, threshold))
    console.print(_table_of_signs(trained))
    console.print(_curve(of_ours, ours.carried, of_scifact, scifact.carried))
    console.print(f"{milliseconds_a_claim(ours, entailment):.1f} ms a claim (median)")
    fields = as_fields(regression, SIGNS, threshold)
    console.print_json(json.dumps(fields))
    if write:
        console.print(f"written to {write_model(MODEL, fields)}")


def _table_of_sets(sets: dict[str, tuple[Measured, NDArray[np.float64]]], threshold: float) -> Table:
    table = Table(
        "AUROC", "claims", "carried", "score", "contradicted", "not enough", "words alone", "cosine alone",
        f"precision, recall from {threshold:.3f}",
    )  # fmt: skip
    for name, (measured, scores) in sets.items():
        labels = np.array([claim.label for claim in measured.claims])
        alone = [aurocs(each, labels)[0] for each in (measured.words, measured.cosines)]
        figures = [*aurocs(scores, labels), *alone]
        precision, recall = precision_and_recall(scores, measured.carried, threshold)
        table.add_row(
            name,
            str(len(labels)),
            f"{measured.carried.mean():.2f}",
            *("-" if math.isnan(figure) else f"{figure:.3f}" for figure in figures),
            f"{precision:.2f} {recall:.2f}",
        )
    return table


def _table_of_signs(sets: Sequence[Measured]) -> Table:
    table = Table("AUROC, cross-validated", "ours", "SciFact", "WiCE")
    rows = {"all signs": list(range(len(SIGNS)))}
    for left_out, name in enumerate(SIGNS):
        rows[f"without {name}"] = [column for column in range(len(SIGNS)) if column != left_out]
    for name, columns in rows.items():
        scores = cross_validated(sets, columns)
        table.add_row(
            name,
            *(f"{roc_auc_score(each.carried, its):.3f}" for each, its in zip(sets, scores, strict=True)),
        )
    return table


def _curve(
    of_ours: NDArray[np.float64],
    ours: NDArray[np.bool_],
    of_scifact: NDArray[np.float64],
    scifact: NDArray[np.bool_],
) -> Table:
    table = Table("ours: not carried, passed", "carried, kept", "threshold", "SciFact: passed", "kept")
    for share in _PASSED_SHARES:
        threshold = threshold_that_passes(of_ours, ours, share)
        figures = [(each >= threshold)[rows].mean() for each, rows in ((of_ours, ours), (of_scifact, ~scifact))]
        kept = (of_scifact >= threshold)[scifact].mean()
        table.add_row(f"{share:.3f}", f"{figures[0]:.2f}", f"{threshold:.4f}", f"{figures[1]:.3f}", f"{kept:.2f}")
    return table


if __name__ == "__main__":
    typer.run(main)
