"""How sure is a number? Percentile bootstrap: the same questions drawn again and again, with replacement.

Source: Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapters 13 and 16; for two systems the same
questions are drawn for both (paired), as in Koehn (2004), "Statistical Significance Tests for Machine Translation
Evaluation".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eval.measures.measure import Row, Statistic

RESAMPLES = 1000
_SEED = 6
_TAIL = 0.025  # on either side: intervals of 95 in 100

Interval = tuple[float, float]


def statistic_of(rows: Sequence[Row], statistic: Statistic) -> float:
    """Return the statistic of the rows' columns; nan without rows."""
    return statistic(*np.array(rows, dtype=np.float64).T) if rows else float("nan")


def interval(rows: Sequence[Row], statistic: Statistic) -> Interval:
    """Return the interval in which the statistic lies in 95 of 100 drawings; nan without rows."""
    table = np.array(rows, dtype=np.float64)
    return _within([statistic(*table[drawn].T) for drawn in _drawings(len(rows))])


def difference_interval(rows: Sequence[Row], others: Sequence[Row], statistic: Statistic) -> Interval:
    """Return the interval of the statistic of `rows` less that of `others`, the rows of the same questions."""
    one, other = np.array(rows, dtype=np.float64), np.array(others, dtype=np.float64)
    return _within([statistic(*one[drawn].T) - statistic(*other[drawn].T) for drawn in _drawings(len(rows))])


def _drawings(size: int) -> NDArray[np.int64]:
    return np.random.default_rng(_SEED).integers(size, size=(RESAMPLES, size)) if size else np.empty((0, 0), np.int64)


def _within(values: list[float]) -> Interval:
    """Return the quantiles of the values; drawings for which there is no statistic (one class only) are left out."""
    finite = np.array([value for value in values if np.isfinite(value)])
    if not len(finite):
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [_TAIL, 1 - _TAIL])
    return float(low), float(high)
