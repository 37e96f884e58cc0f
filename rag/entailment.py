"""Does a text carry a claim, say otherwise, or not tell? A small cross-encoder that reads both together.

Trained by `eval/entailment.py` on claims of ours about arXiv and biomedical abstracts: reworded ones, ones with a
number, name, direction or negation changed, and ones that say more than the text; and on SciFact's (Wadden et al.).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.cross_encoder import CrossEncoder
from rag.cross_encoder_weights import CrossEncoderWeights

if TYPE_CHECKING:
    import torch

    from rag.low_rank import PairClassifier

LABELS = ("supported", "contradicted", "not_enough")


class Entailment(CrossEncoder):
    """The trained model of entailment."""

    name = "entailment"
    purpose = "the model that checks claims"
    export_version = 2
    max_pieces = 256
    cut = "only_first"
    waits_in_loop = True  # claims come one after the other

    def probabilities(self, pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
        """Return for pairs of a text and a claim the probabilities of LABELS, shape (len(pairs), 3)."""
        if not pairs:
            return np.zeros((0, len(LABELS)), dtype=np.float32)
        logits = self.run(self.tokenize(pairs))
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)

    @classmethod
    def module(cls, encoder: torch.nn.Module, weights: CrossEncoderWeights) -> PairClassifier:
        """Return the torch module with the weights."""
        from rag.low_rank import PairClassifier

        return PairClassifier.with_weights(encoder, weights)
