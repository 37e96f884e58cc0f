"""Small logistic regressions that ship with citebot, each made and calibrated by a script in `eval/`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """How likely something is (0 to 1), and from which probability it counts as so."""

    probability: float
    threshold: float

    @property
    def holds(self) -> bool:
        """Whether it counts as so."""
        return self.probability >= self.threshold


@dataclass(frozen=True, slots=True)
class Regression:
    """A trained regression: weights in the order of its signs, intercept, and the calibrated threshold.

    `first`: the threshold that the best of several must reach, where the model has one.
    """

    weights: NDArray[np.float64]
    intercept: float
    threshold: float
    first: float = 0.0

    def probability(self, signs: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probabilities (0 to 1) for signs of shape (..., number of weights)."""
        logits = np.asarray(signs, dtype=np.float64) @ self.weights + self.intercept
        return np.asarray(1 / (1 + np.exp(-logits)))


@cache
def load_regression(name: str) -> Regression:
    """Return the regression `rag/models/<name>.json`."""
    fields = json.loads(resources.files("rag").joinpath("models", f"{name}.json").read_text(encoding="utf-8"))
    return Regression(
        np.array(list(fields["weights"].values())), fields["intercept"], fields["threshold"], fields.get("first", 0.0)
    )
