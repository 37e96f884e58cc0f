"""An adapter that lets the embedding model read questions that describe an idea in other words.

The embedding model finds a paper by what its abstract says in like words. For questions that describe an idea in quite
other words, low-rank changes to its layers (LoRA, Hu et al. 2021) and a linear map of the vector that comes out lead
the question to where the paper lies. Both are trained by `eval/question_adapter.py` on such questions about arXiv
abstracts. They change nothing in the library: papers and sentences keep the vectors that the model gives them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

FILE = "question_adapter.npz"

_Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class QuestionAdapter:
    """The changes to one embedding model.

    `model` names it ("name revision"). `factors` has for each linear layer of the encoder, in the model's own order,
    the pair A (rank, inputs) and B (outputs, rank): the layer's W x becomes W x + B A x. `matrix` M
    (dimension, dimension) moves the vector q that comes out to q + M q.
    """

    model: str
    factors: tuple[tuple[_Matrix, _Matrix], ...]
    matrix: _Matrix

    @classmethod
    def read(cls, file: IO[bytes]) -> QuestionAdapter:
        """Return what `write` wrote."""
        with np.load(file) as stored:
            count = sum(name.startswith("a") for name in stored.files)
            factors = tuple(
                (stored[f"a{i}"].astype(np.float32), stored[f"b{i}"].astype(np.float32)) for i in range(count)
            )
            return cls(str(stored["model"]), factors, stored["matrix"].astype(np.float32))

    def write(self, target: Path) -> None:
        """Write the adapter, in half precision."""
        arrays: dict[str, Any] = {"matrix": self.matrix.astype(np.float16)}
        for i, (a, b) in enumerate(self.factors):
            arrays |= {f"a{i}": a.astype(np.float16), f"b{i}": b.astype(np.float16)}
        np.savez_compressed(target, model=self.model, **arrays)


def trained_adapter(model: str, revision: str) -> QuestionAdapter | None:
    """Return the adapter that comes with citebot if it belongs to the embedding model, else None."""
    with resources.files("rag").joinpath("models", FILE).open("rb") as file:
        adapter = QuestionAdapter.read(file)
    return adapter if adapter.model == f"{model} {revision}" else None


def adapter_digest() -> str:
    """Return the SHA-256 of the adapter that comes with citebot: exports that hold another one are made anew."""
    return hashlib.sha256(resources.files("rag").joinpath("models", FILE).read_bytes()).hexdigest()
