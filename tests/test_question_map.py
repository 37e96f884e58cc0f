"""The map for questions in other words."""

from __future__ import annotations

import numpy as np

from rag.library import Library
from rag.question_map import moved


def test_a_moved_question_has_length_one_and_stays_near(starter: Library) -> None:
    card = starter.embedder.card
    before = starter.embedder.encode_question("How do marbles sound when they fall?")
    after = moved(before, card.name, card.revision)
    assert after.shape == before.shape
    assert after.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(after), 1.0, rtol=1e-5)
    assert 0.5 < float(before @ after) < 1.0


def test_with_another_model_the_vector_stays(starter: Library) -> None:
    vector = starter.embedder.encode_question("How do marbles sound when they fall?")
    assert moved(vector, "another-model", "1") is vector
    assert moved(vector, starter.embedder.card.name, "another revision") is vector
