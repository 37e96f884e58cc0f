"""A second opinion on claims: a cross-encoder for natural-language inference that the user has (`CITEBOT_NLI`).

citebot's own score needs none. Where such a model is given it decides in the grey zone: on claims that our score
neither passes nor plainly refuses. Amounts, names and papers are looked at all the same (`grounding`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.entailment import LABELS
from rag.errors import SettingsError
from rag.exporting import quiet
from rag.support import Scorer

# Labels as such models have them: "entailment", "ENTAILMENT", "contradiction", "neutral", "not_entailment".
_STARTS = (("not", 2), ("entail", 0), ("contra", 1), ("neutral", 2))
_REFUSED_BELOW = 0.1  # our score below which a claim is not worth a second opinion


class Nli:
    """A sentence-transformers CrossEncoder with the labels of natural-language inference. Safe for threads."""

    def __init__(self, name: str) -> None:
        """Load the model of that name, or in that directory.

        Raises SettingsError, which says what to type, where it cannot be loaded or has other labels.
        """
        with quiet():
            from sentence_transformers import CrossEncoder

            try:
                self._model: Any = CrossEncoder(name, device="cpu")
            except (OSError, ValueError, RuntimeError) as error:
                why = str(error).strip().splitlines()[0]
                raise SettingsError(
                    f"CITEBOT_NLI: {name!r} cannot be loaded ({why}); give the name or the directory of a "
                    "sentence-transformers CrossEncoder for natural-language inference"
                ) from error
        labels: dict[int, str] = self._model.config.id2label or {}
        self._columns = [_place_of(labels[number]) for number in sorted(labels)]
        if 0 not in self._columns or None in self._columns or len(labels) < len(LABELS) - 1:
            said = ", ".join(labels.values())
            raise SettingsError(
                f"CITEBOT_NLI: {name!r} has the labels {said}; needed are entailment, contradiction and neutral"
            )
        self._lock = threading.Lock()

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Return for pairs of a text and a claim the probabilities of LABELS, shape (len(pairs), 3)."""
        found = np.zeros((len(pairs), len(LABELS)), dtype=np.float32)
        if pairs:
            with self._lock:
                given = self._model.predict(list(pairs), apply_softmax=True, show_progress_bar=False)
            for column, place in enumerate(self._columns):
                found[:, place] += given[:, column]
        return found


def with_second_opinion(score: Scorer, nli: Nli, sure_from: float) -> Scorer:
    """Return a score like `score`, in which `nli` decides on claims below `sure_from` that are not plainly refused."""

    def scored(claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str]) -> NDArray[np.float64]:
        found = score(claims, evidence, sources).copy()
        grey = np.flatnonzero((found >= _REFUSED_BELOW) & (found < sure_from))
        found[grey] = nli.probabilities([(evidence[row], claims[row]) for row in map(int, grey)])[:, 0]
        return found

    return scored


def _place_of(label: str) -> int | None:
    """Return the place in LABELS of a model's label, None if it is none of natural-language inference."""
    return next((place for start, place in _STARTS if label.lower().startswith(start)), None)
