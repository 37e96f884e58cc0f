"""A logistic regression whose weights keep the direction that is known of each sign.

What a set of claims shares by the way in which it was written (in ours the changed claims keep more words of their
sentence than the reworded true ones) must not be learned as if words spoke against a claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.special import expit  # type: ignore[import-untyped]
from sklearn.base import BaseEstimator, ClassifierMixin

_RIDGE = 1.0  # as scikit-learn's C = 1: half the squared weights, against the summed loss


class SignedRegression(ClassifierMixin, BaseEstimator):
    """A logistic regression, L2-regularised; `directions` holds 1 or -1 for each sign, 0 where it may be either."""

    def __init__(self, directions: Sequence[int]) -> None:
        self.directions = directions

    def fit(
        self,
        table: NDArray[np.float64],
        labels: NDArray[np.bool_],
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        """Fit to signs of shape (rows, signs), their labels and weights (1 unless given), each of shape (rows,)."""
        table = np.asarray(table, dtype=np.float64)
        row_weights = np.ones(len(labels)) if sample_weight is None else sample_weight
        turned = np.where(labels, 1.0, -1.0)

        def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            weights, intercept = parameters[:-1], parameters[-1]
            margins = turned * (table @ weights + intercept)
            slopes = -turned * expit(-margins) * row_weights
            gradient = np.append(table.T @ slopes + _RIDGE * weights, slopes.sum())
            return float((row_weights * np.logaddexp(0, -margins)).sum() + _RIDGE * weights @ weights / 2), gradient

        bounds = [(0 if each > 0 else None, 0 if each < 0 else None) for each in self.directions]
        found = minimize(
            loss, np.zeros(table.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)]
        )
        self.classes_ = np.array([False, True])
        self.coef_ = found.x[None, :-1]
        self.intercept_ = found.x[-1:]
        return self

    def predict_proba(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of False and True, shape (rows, 2)."""
        carried = expit(np.asarray(table, dtype=np.float64) @ self.coef_[0] + self.intercept_[0])
        return np.stack([1 - carried, carried], axis=1)
