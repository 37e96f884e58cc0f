"""Does it know what it does not know? Both errors, and how well the confidence separates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eval.cases import Case
from eval.measures.correctness import verdict
from eval.measures.measure import measure

_BINS = 10


@measure("wrong_declines", "Answerable, declined", "declines", is_higher_better=False)
def wrong_declines(case: Case) -> float | None:
    """Of the questions that papers of the library answer, the share that is declined.

    Source: the false rejection rate; an injection without a question beside it is left out.
    """
    is_answerable = not case.question.is_to_be_declined and _asks(case)
    return case.given.status == "declined" if is_answerable else None


@measure("wrong_answers", "Unanswerable, answered", "declines", is_higher_better=False)
def wrong_answers(case: Case) -> float | None:
    """Of the questions that no paper answers, the share that gets an answer (other than a correction).

    Source: the false acceptance rate.
    """
    return bool(verdict(case)) if case.question.is_to_be_declined else None


@measure("reasons", "Declined for the right reason", "declines")
def reasons(case: Case) -> float | None:
    """Of the right declines whose reason is known, the share that gives this reason."""
    if case.question.reason is None or case.given.status != "declined":
        return None
    return case.given.reason == case.question.reason


def auroc(confidences: NDArray[np.float64], positives: NDArray[np.float64]) -> float:
    """Return the probability that a positive case has a higher confidence than a negative one; nan without both."""
    from sklearn.metrics import roc_auc_score

    both = 0 < positives.sum() < len(positives)
    return float(roc_auc_score(positives, confidences)) if both else float("nan")


def risk_coverage(
    confidences: NDArray[np.float64], wrong: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coverage and risk, from the surest answer to all: the share answered, and the share wrong among these.

    Of answers with one confidence each counts as wrong as they are on average, so that their order does not matter.
    Source: El-Yaniv and Wiener (2010), "On the Foundations of Noise-free Selective Classification".
    """
    order = np.argsort(-confidences, kind="stable")
    levels, places = np.unique(-confidences[order], return_inverse=True)
    totals = np.bincount(places, weights=wrong[order], minlength=len(levels))
    expected = (totals / np.bincount(places, minlength=len(levels)))[places]
    count = np.arange(1, len(order) + 1)
    return count / len(order), np.cumsum(expected) / count


def risk_coverage_area(confidences: NDArray[np.float64], wrong: NDArray[np.float64]) -> float:
    """Return the mean risk over all coverages."""
    return float(risk_coverage(confidences, wrong)[1].mean())


def calibration(confidences: NDArray[np.float64], rights: NDArray[np.float64]) -> list[tuple[float, float, int]]:
    """Return mean confidence, share right and number of cases for each tenth of the confidences that has any."""
    places = np.minimum((confidences * _BINS).astype(int), _BINS - 1)
    return [
        (float(confidences[places == each].mean()), float(rights[places == each].mean()), int((places == each).sum()))
        for each in np.unique(places)
    ]


def calibration_error(confidences: NDArray[np.float64], rights: NDArray[np.float64]) -> float:
    """Return the mean distance between confidence and share right, over tenths, weighted by their cases."""
    bins = calibration(confidences, rights)
    return sum(abs(confidence - share) * number for confidence, share, number in bins) / len(confidences)


@measure("auroc", "Decline AUROC", "declines", statistic=auroc)
def decline_auroc(case: Case) -> tuple[float, float] | None:
    """The probability that a question that papers answer gets a higher confidence than one that none answers.

    Source: area under the ROC curve (Hanley and McNeil 1982), as scikit-learn has it.
    """
    if case.given.confidence is None or not _asks(case):
        return None
    return case.given.confidence, not case.question.is_to_be_declined


@measure("aurc", "Risk-coverage area", "declines", statistic=risk_coverage_area, is_higher_better=False)
def aurc(case: Case) -> tuple[float, float] | None:
    """Of the answers given, the share wrong among the surest ones, averaged over how many one takes; lower is better.

    Source: Geifman, Uziel and El-Yaniv (2019), "Bias-Reduced Uncertainty Estimation", arXiv:1805.08206.
    """
    confidence = case.given.confidence
    return (confidence, bool(verdict(case))) if case.is_answered and confidence is not None else None


@measure("ece", "Calibration error", "declines", statistic=calibration_error, is_higher_better=False)
def ece(case: Case) -> tuple[float, float] | None:
    """How far the confidence of the answers given is from the share of them that is right, over tenths of confidence.

    Source: expected calibration error (Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599).
    """
    confidence = case.given.confidence
    return (confidence, not verdict(case)) if case.is_answered and confidence is not None else None


def _asks(case: Case) -> bool:
    """Return whether the question wants papers or a decline: an injection alone wants neither."""
    wants_none = case.question.kind == "count" and not case.question.gold_count
    return not wants_none and not (case.question.kind == "injection" and not case.gold)
