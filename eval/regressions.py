"""A fitted scikit-learn regression as the file that `rag.regression` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from eval.packaged import packaged


def as_fields(regression: Pipeline, signs: Sequence[str], threshold: float, **others: float) -> dict[str, Any]:
    """Return weights by sign, intercept and threshold of a scaler and a logistic regression behind one another."""
    scaler, last = regression[0], regression[1]
    weights = last.coef_[0] / scaler.scale_
    return {
        "weights": {sign: round(float(weight), 4) for sign, weight in zip(signs, weights, strict=True)},
        "intercept": round(float(last.intercept_[0] - (weights * scaler.mean_).sum()), 4),
        "threshold": round(threshold, 4),
        **others,
    }


def write_model(name: str, fields: dict[str, Any]) -> Path:
    """Put a model into the package and return where it stands."""
    target = packaged(f"{name}.json")
    target.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    return target
