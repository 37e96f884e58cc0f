"""Sets of claims with a source text and a label: how well does citebot's check tell supported claims from others?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.external.external_set import Bench, figure, read_gzipped_lines
from eval.judges import CitebotCheck
from eval.measures.declines import auroc
from eval.results import Figure
from rag.papers import plain_text, split_sentences
from rag.support import share_of_words

SUPPORTED = "supported"
_NEAREST = 3


def measure_claims(bench: Bench, file: str) -> dict[str, Figure]:
    """Return how well the check tells supported claims, and the share that it lets through by label.

    A claim is held against the sentences of its source that have most of its words, all of them together and each
    alone, as an answer would cite them; the best counts.
    """
    pairs = read_gzipped_lines(bench.data / file)
    check = CitebotCheck(bench.settings)
    scores, passed = [], []
    for number, pair in enumerate(pairs, start=1):
        candidates = evidence_for(pair["claim"], split_sentences(pair["source"]))
        scores.append(max(check.score(pair["claim"], each, pair["source"]) for each in candidates))
        passed.append(any(check(pair["claim"], each) for each in candidates))
        bench.progress.report(f"checking {file}", number, len(pairs))
    return figures_of(pairs, scores, passed)


def evidence_for(claim: str, sentences: Sequence[str]) -> list[list[str]]:
    """Return the three sentences with most of the claim's words, in reading order, and each of them alone."""
    shares = [share_of_words(claim, plain_text(each)) for each in sentences]
    nearest = sorted(sorted(range(len(sentences)), key=lambda index: -shares[index])[:_NEAREST])
    chosen = [sentences[index] for index in nearest]
    return [chosen, *([each] for each in chosen)] if len(chosen) > 1 else [chosen]


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
