"""The small regressions that ship with citebot."""

from __future__ import annotations

import numpy as np
import pytest

from rag import answerability, membership, scope
from rag.regression import Regression, load_regression


def test_probabilities_are_those_of_the_logistic_function() -> None:
    model = Regression(np.array([1.0, -2.0]), intercept=0.0, threshold=0.5)
    assert model.probability(np.array([0.0, 0.0])) == pytest.approx(0.5)
    assert model.probability(np.array([np.log(3), 0.0])) == pytest.approx(0.75)
    assert model.probability(np.array([0.0, 1.0])) < 0.5
    assert Regression(np.array([1.0]), np.log(3), 0.5).probability(np.zeros(1)) == pytest.approx(0.75)


def test_many_rows_are_scored_at_once() -> None:
    model = Regression(np.array([1.0, -2.0]), intercept=0.1, threshold=0.5)
    rows = np.array([[0.0, 0.0], [3.0, 1.0], [-1.0, 2.0]], dtype=np.float32)
    np.testing.assert_allclose(model.probability(rows), [float(model.probability(row)) for row in rows])


@pytest.mark.parametrize(
    ("name", "signs"),
    [
        (answerability.MODEL, answerability.SIGNS),
        (membership.MODEL, membership.SIGNS),
        (scope.MODEL, scope.SIGNS),
    ],
)
def test_a_model_has_a_weight_for_each_sign(name: str, signs: tuple[str, ...]) -> None:
    model = load_regression(name)
    assert model.weights.shape == (len(signs),)
    assert 0 < model.threshold < 1
    assert 0 <= model.first < 1


def test_a_model_that_does_not_ship_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        load_regression("no-such-model")
