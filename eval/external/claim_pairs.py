"""Sets of claims with a source text and a label: how well does citebot's check tell supported claims from others?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.claims import source_sentences
from eval.external.external_set import Bench, figure
from eval.gzipped import read_gzipped_lines
from eval.measures.declines import auroc
from eval.results import Figure
from rag import support
from rag.entailment import Entailment

SUPPORTED = "supported"


def measure_claims(bench: Bench, file: str) -> dict[str, Figure]:
    """Return how well the check tells claims that their whole sources carry, and the share let through by label."""
    pairs = read_gzipped_lines(bench.data / file)
    entailment = Entailment(bench.settings)
    threshold = support.threshold_of_sources()
    scores = []
    for number, pair in enumerate(pairs, start=1):
        sentences = source_sentences(pair["source"])
        scores.append(float(support.score_of_sources([pair["claim"]], [sentences], entailment)[0]))
        bench.progress.report(f"checking {file}", number, len(pairs))
    return figures_of(pairs, scores, [score >= threshold for score in scores])


def figures_of(
    pairs: Sequence[Mapping[str, Any]], scores: Sequence[float], passed: Sequence[bool]
) -> dict[str, Figure]:
    """Return the figures of claims of which the score is known, and whether the check let them through."""
    separated = [(score, float(pair["label"] == SUPPORTED)) for pair, score in zip(pairs, scores, strict=True)]
    rows = [(float(let), float(pair["label"] == SUPPORTED)) for pair, let in zip(pairs, passed, strict=True)]
    found = {"AUROC, supported against the rest": figure("auroc", separated, auroc)}
    found |= {"precision": figure("precision", rows, _precision), "recall": figure("recall", rows, _recall)}
    for label in sorted({pair["label"] for pair in pairs}):
        its = [(float(let),) for pair, let in zip(pairs, passed, strict=True) if pair["label"] == label]
        found[f"let through: {label}"] = figure(f"let through: {label}", its)
    return found


def _precision(passed: NDArray[np.float64], supported: NDArray[np.float64]) -> float:
    """Return the share of what was let through that is supported; nan where nothing was."""
    return float((passed * supported).sum() / passed.sum()) if passed.sum() else float("nan")


def _recall(passed: NDArray[np.float64], supported: NDArray[np.float64]) -> float:
    """Return the share of what is supported that was let through."""
    return float((passed * supported).sum() / supported.sum()) if supported.sum() else float("nan")
