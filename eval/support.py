"""Train and measure the scores of support: `python -m eval.support --arxiv FILE --grounding DIR --folds DIR --write`.

Two logistic regressions of `rag.support` over the same signs. That of claims which name sentences is trained on the
held-out quarter of ours, which name the sentences on which they rest, on SciFact's and on WiCE's, which are put to
their whole sources; each of the three sets weighs the same. That of claims put to whole sources is trained on SciFact's
and WiCE's alone. The model of entailment (`eval.entailment`) has seen none of these claims: each of SciFact's is judged
by the model that has not learnt from its part of the abstracts (`--folds`). The weights keep the directions that are
known of the signs (`eval.signed_regression`). Figures on the three sets are from five-fold cross-validation by source.
ExpertQA (there and in WiCE "partial" counts as not carried) takes no part in training.

Prints how well the scores tell carried claims from the others, against simpler scores, and on SciFact also with the
model that comes with citebot, which has learnt from all of these claims; what each sign adds; the trade between carried
claims kept and others passed, from which the thresholds are chosen; the time that a claim takes.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
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
    folds,
    nearest_sentences,
    part_of,
    read_others,
    read_ours,
)
from eval.regressions import as_fields, write_model
from eval.signed_regression import SignedRegression
from rag.embedding import Embedder
from rag.entailment import LABELS, Entailment
from rag.settings import Settings, load_settings
from rag.support import MODEL, MODEL_OF_SOURCES, SIGNS, score, share_of_words, signs, signs_of_sources

FOLDS = 5

_WEIGHTS = "signedregression__sample_weight"
_BATCH = 32
_PASSED_SHARES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20)
_MOST_CLAIMS = {EXPERTQA: 500}  # measured of a set: all of ExpertQA's 1,688 take as long as everything else together
_TIMED = 100
_AGAINST = ("missing_amounts", "missing_names", "negated", "turned")  # signs that speak against a claim


@dataclass(frozen=True)
class Measured:
    """Claims of one set and what is known of them; C claims."""

    claims: Sequence[SourcedClaim]
    signs: NDArray[np.float32]  # (C, len(SIGNS))
    words: NDArray[np.float64]  # (C,): the share of a claim's words that its text has
    cosines: NDArray[np.float64]  # (C,): the cosine of a claim with its text, or the highest with a sentence of it

    @property
    def labels(self) -> NDArray[np.str_]:
        """The labels of the claims, shape (C,)."""
        return np.array([claim.label for claim in self.claims])

    @property
    def carried(self) -> NDArray[np.bool_]:
        """Which claims are carried, shape (C,)."""
        return self.labels == SUPPORTED


def measure_cited(claims: Sequence[SourcedClaim], entailment: Entailment, embedder: Embedder) -> Measured:
    """Return the signs of claims that name the sentences on which they rest."""
    texts, said = [claim.text(claim.cited) for claim in claims], [claim.claim for claim in claims]
    return Measured(
        claims,
        signs(said, texts, [claim.whole_source for claim in claims], _probabilities(texts, said, entailment)),
        np.array([share_of_words(*each) for each in zip(said, texts, strict=True)]),
        (embedder.encode(texts) * embedder.encode(said)).sum(axis=1),
    )


def measure_whole(
    claims: Sequence[SourcedClaim], entailment: Entailment, embedder: Embedder, console: Console
) -> Measured:
    """Return the signs of claims that are put to their whole sources."""
    reading = track(claims, "reading", console=console, disable=not console.is_terminal)
    nearest = nearest_sentences(claims, embedder, 1)
    return Measured(
        claims,
        np.concatenate([signs_of_sources([claim.claim], [claim.sentences], entailment) for claim in reading]),
        np.array([share_of_words(claim.claim, claim.whole_source) for claim in claims]),
        np.array([cosine for ((_, cosine),) in nearest]),
    )


def measure_unseen(
    claims: Sequence[SourcedClaim], weights: Path, settings: Settings, embedder: Embedder, console: Console
) -> Measured:
    """Return the signs of claims, each by the model of entailment in `weights` that has not learnt from its source."""
    parts = [
        measure_whole(held_out, _of_fold(fold_file(weights, number))(settings), embedder, console)
        for number, (_, held_out) in enumerate(folds(claims, FOLDS))
    ]
    return Measured(
        [claim for part in parts for claim in part.claims],
        *(np.concatenate([getattr(part, each) for part in parts]) for each in ("signs", "words", "cosines")),
    )


def fold_file(weights: Path, number: int) -> Path:
    """Return where the model of entailment is that has not learnt from the claims of a fold."""
    return weights / f"fold-{number}.npz"


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


def _probabilities(texts: Sequence[str], claims: Sequence[str], entailment: Entailment) -> NDArray[np.float32]:
    # Pairs of like length share a batch: padding costs as much as words do.
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]) + len(claims[index]))
    found = np.zeros((len(texts), len(LABELS)), dtype=np.float32)
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        found[batch] = entailment.probabilities([(texts[index], claims[index]) for index in batch])
    return found


def new_regression(columns: Sequence[int]) -> Pipeline:
    """Return the regression over some signs, not trained yet."""
    return make_pipeline(
        StandardScaler(), SignedRegression([-1 if SIGNS[column] in _AGAINST else 1 for column in columns])
    )


def fitted(sets: Sequence[Measured], weights: NDArray[np.float64]) -> Pipeline:
    """Return the regression over all signs, trained on all claims of the sets."""
    table, carried = (np.concatenate([getattr(each, name) for each in sets]) for name in ("signs", "carried"))
    return new_regression(range(len(SIGNS))).fit(table, carried, **{_WEIGHTS: weights})


def cross_validated(
    sets: Sequence[Measured], weights: NDArray[np.float64], columns: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Return the scores of the claims of each set by a regression trained on all sets' other folds, with some signs.

    `weights` are those of the sets' claims in training.
    """
    table = np.concatenate([each.signs for each in sets])[:, columns]
    carried = np.concatenate([each.carried for each in sets])
    groups = [claim.source for each in sets for claim in each.claims]
    scores = np.zeros(len(carried))
    for train, test in GroupKFold(FOLDS).split(table, groups=groups):
        trained = new_regression(columns).fit(table[train], carried[train], **{_WEIGHTS: weights[train]})
        scores[test] = trained.predict_proba(table[test])[:, 1]
    return np.split(scores, np.cumsum([len(each.claims) for each in sets])[:-1])


def equal_weights(sets: Sequence[Measured]) -> NDArray[np.float64]:
    """Return a weight for each claim of the sets, of mean 1, so that every set weighs the same."""
    total = sum(len(each.claims) for each in sets)
    return np.concatenate([np.full(len(each.claims), total / len(sets) / len(each.claims)) for each in sets])


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
    """Return the median time in which a claim that names its sentences is scored, in milliseconds."""
    return _median_milliseconds(
        lambda claim: score([claim.claim], [claim.text(claim.cited)], [claim.whole_source], entailment), measured
    )


def milliseconds_a_source(measured: Measured, entailment: Entailment) -> float:
    """Return the median time in which a claim is read beside its whole source, in milliseconds."""
    return _median_milliseconds(lambda claim: signs_of_sources([claim.claim], [claim.sentences], entailment), measured)


def _median_milliseconds(score_of: Callable[[SourcedClaim], object], measured: Measured) -> float:
    taken = []
    for claim in measured.claims[:_TIMED]:
        start = perf_counter()
        score_of(claim)
        taken.append(perf_counter() - start)
    return 1000 * median(taken)


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    grounding: Annotated[Path, typer.Option(help="Directory with the claims of SciFact, WiCE and ExpertQA.")],
    weights: Annotated[Path, typer.Option("--folds", help="Directory with weights that `eval.entailment` wrote.")],
    passed: Annotated[float, typer.Option(help="Share of claims not carried that may pass.")] = 0.02,
    passed_of_sources: Annotated[float, typer.Option(help="The same for claims put to whole sources.")] = 0.05,
    write: Annotated[bool, typer.Option(help="Put the model into the package.")] = False,
) -> None:
    """Train the regressions and print how good they are."""
    console = Console()
    settings = load_settings()
    entailment, embedder = Entailment(settings), Embedder(settings)
    all_ours = read_ours(arxiv)
    own = [claim for claim, part in zip(all_ours, part_of(all_ours), strict=True) if part == PARTS - 1]
    ours = measure_cited(own, entailment, embedder)
    scifact, wice, expertqa = (
        measure_whole(some_of(read_others(grounding, name), name), entailment, embedder, console)
        for name in (SCIFACT, WICE, EXPERTQA)
    )
    unseen = measure_unseen(scifact.claims, weights, settings, embedder, console)
    everything = range(len(SIGNS))
    sets, wholes = [ours, unseen, wice], [unseen, wice]
    of_sets, of_wholes = equal_weights(sets), np.ones(sum(len(each.claims) for each in wholes))
    of_ours, *_ = cross_validated(sets, of_sets, everything)
    of_unseen, of_wice = cross_validated(wholes, of_wholes, everything)
    cited, whole = fitted(sets, of_sets), fitted(wholes, of_wholes)
    threshold = threshold_that_passes(of_ours, ours.carried, passed)
    threshold_of_wholes = threshold_that_passes(of_unseen, unseen.carried, passed_of_sources)
    table = _table_of_sets()
    _add_set(table, "ours, held out", ours, of_ours, threshold)
    _add_set(table, "SciFact, unseen", unseen, of_unseen, threshold_of_wholes)
    for name, each, scores in (
        ("SciFact, learnt from", scifact, whole.predict_proba(scifact.signs)[:, 1]),
        ("WiCE", wice, of_wice),
        ("ExpertQA", expertqa, whole.predict_proba(expertqa.signs)[:, 1]),
    ):
        _add_set(table, name, each, scores, threshold_of_wholes)
    console.print(table)
    console.print(
        _table_of_signs({"ours": (0, sets, of_sets), "SciFact": (0, wholes, of_wholes), "WiCE": (1, wholes, of_wholes)})
    )
    console.print(_curve("ours", of_ours, ours.carried))
    console.print(_curve("SciFact", of_unseen, unseen.carried))
    console.print(f"{milliseconds_a_claim(ours, entailment):.1f} ms a claim (median)")
    console.print(f"{milliseconds_a_source(unseen, entailment):.0f} ms a claim put to a whole abstract (median)")
    for model, regression, least in ((MODEL, cited, threshold), (MODEL_OF_SOURCES, whole, threshold_of_wholes)):
        fields = as_fields(regression, SIGNS, least)
        console.print_json(json.dumps(fields))
        if write:
            console.print(f"written to {write_model(model, fields)}")


def _table_of_sets() -> Table:
    return Table(
        "AUROC", "claims", "carried", "score", "contradicted", "not enough", "words alone", "cosine alone",
        "threshold", "precision, recall",
    )  # fmt: skip


def _add_set(table: Table, name: str, measured: Measured, scores: NDArray[np.float64], threshold: float) -> None:
    figures = [
        *aurocs(scores, measured.labels),
        *(aurocs(each, measured.labels)[0] for each in (measured.words, measured.cosines)),
    ]
    precision, recall = precision_and_recall(scores, measured.carried, threshold)
    table.add_row(
        name,
        str(len(measured.claims)),
        f"{measured.carried.mean():.2f}",
        *("-" if math.isnan(each) else f"{each:.3f}" for each in figures),
        f"{threshold:.3f}",
        f"{precision:.2f} {recall:.2f}",
    )


def _table_of_signs(tried: dict[str, tuple[int, Sequence[Measured], NDArray[np.float64]]]) -> Table:
    """Return what is lost without each sign; `tried` has by name a set's place among those that are trained on."""
    table = Table("AUROC, cross-validated", *tried)
    rows = {"all signs": list(range(len(SIGNS)))}
    for left_out, name in enumerate(SIGNS):
        rows[f"without {name}"] = [column for column in range(len(SIGNS)) if column != left_out]
    for name, columns in rows.items():
        figures = (
            roc_auc_score(sets[place].carried, cross_validated(sets, weights, columns)[place])
            for place, sets, weights in tried.values()
        )
        table.add_row(name, *(f"{figure:.3f}" for figure in figures))
    return table


def _curve(name: str, scores: NDArray[np.float64], carried: NDArray[np.bool_]) -> Table:
    table = Table(f"{name}: not carried, passed", "carried, kept", "threshold")
    for share in _PASSED_SHARES:
        threshold = threshold_that_passes(scores, carried, share)
        table.add_row(f"{share:.3f}", f"{(scores >= threshold)[carried].mean():.2f}", f"{threshold:.4f}")
    return table


if __name__ == "__main__":
    typer.run(main)
