"""citebot's embedding model with an adapter (`rag.adapters`) that is being trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console

from eval.packaged import packaged
from rag.adapters import file_of
from rag.embedding import load_default_model
from rag.low_rank import AdaptedEncoder

_RANK = 16
_ENCODED_TOGETHER = 64


@dataclass(frozen=True)
class TrainableEncoder:
    """The encoder, the tokenizer of its model, and how many word pieces of a text are read.

    `reduced`: the word pieces' states are in bfloat16, weights and sums in full; twice as fast on many processors.
    """

    encoder: AdaptedEncoder
    tokenizer: Any
    max_pieces: int
    reduced: bool

    @classmethod
    def new(cls, max_pieces: int, *, reduced: bool = False) -> TrainableEncoder:
        """Return citebot's embedding model with an adapter that changes nothing yet; nothing else can be trained."""
        model = load_default_model()
        encoder = AdaptedEncoder(model, int(model.get_embedding_dimension() or 0), _RANK)
        encoder.requires_grad_(False)
        for parameter in encoder.adapted_parameters():
            parameter.requires_grad_(True)
        return cls(encoder.eval(), model.tokenizer, max_pieces, reduced)

    def encode(self, texts: Sequence[str], share: float = 1.0) -> torch.Tensor:
        """Return the texts' unit vectors, shape (texts, dimension), with that share of the adapter (0 is none)."""
        pieces = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_pieces, return_tensors="pt"
        )
        shares = torch.full((len(texts), 1), share)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.reduced):
            vectors = self.encoder(pieces["input_ids"], pieces["attention_mask"], shares)
        return torch.nn.functional.normalize(vectors.float(), dim=1)

    @torch.no_grad()
    def encode_all(self, texts: Sequence[str], share: float = 1.0) -> torch.Tensor:
        """Return the vectors of any number of texts, without what training needs."""
        self.encoder.eval()
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        found = torch.zeros(len(texts), self.encoder.matrices.shape[1])
        for start in range(0, len(order), _ENCODED_TOGETHER):
            batch = order[start : start + _ENCODED_TOGETHER]
            found[batch] = self.encode([texts[index] for index in batch], share)
        return found

    def write(self, name: str, model: str, console: Console) -> None:
        """Put the adapter into the package under its name (`rag.adapters.QUESTION` ...), for the model of that name."""
        target = packaged(file_of(name))
        self.encoder.adapter(model).write(target)
        console.print(f"written to {target} ({target.stat().st_size / 1000:.0f} kB)")
