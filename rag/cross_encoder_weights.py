"""What training makes of the embedding model so that it reads two texts together (`entailment`, `reader`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

MOST_READ = 5  # sentences that `reader` reads beside a question: a number fixed in its graph
_SINGLE = ("types", "head", "bias")

_Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class CrossEncoderWeights:
    """What training changes in the encoder named `model`: low-rank factors (`rag.adapters`), types, head."""

    model: str
    factors: tuple[tuple[_Matrix, _Matrix], ...]
    types: _Matrix
    head: _Matrix
    bias: _Matrix

    @classmethod
    def read(cls, file: IO[bytes]) -> CrossEncoderWeights:
        """Return what `write` wrote."""
        with np.load(file) as stored:
            count = sum(name[0] == "a" for name in stored.files)
            factors = tuple(
                (stored[f"a{i}"].astype(np.float32), stored[f"b{i}"].astype(np.float32)) for i in range(count)
            )
            return cls(str(stored["model"]), factors, *(stored[name].astype(np.float32) for name in _SINGLE))

    def write(self, target: Path) -> None:
        """Write the weights, in half precision."""
        arrays: dict[str, Any] = {name: getattr(self, name).astype(np.float16) for name in _SINGLE}
        for i, (a, b) in enumerate(self.factors):
            arrays |= {f"a{i}": a.astype(np.float16), f"b{i}": b.astype(np.float16)}
        np.savez_compressed(target, model=self.model, **arrays)
