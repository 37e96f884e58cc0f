"""Adapters that let the embedding model read questions that describe an idea in other words than its abstract.

The embedding model finds a paper by what its abstract says in like words. Three adapters, each low-rank changes to its
layers (LoRA, Hu et al. 2021, arXiv:2106.09685) and a linear map of the vector that comes out, find it by other words:

- `question` leads a question to where the plain vectors of the paper and its sentences lie;
- `query` and `document` are the two sides of a dual encoder (Karpukhin et al. 2020, arXiv:2004.04906): vectors of
  questions by the one are compared with vectors of papers by the other, and with no others.

The first is trained by `eval/question_adapter.py`, the two together by `eval/dual_encoder.py`, on such questions about
arXiv abstracts. The plain vectors of papers and sentences stay those of the model.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

QUESTION, QUERY, DOCUMENT = NAMES = ("question", "query", "document")

_Matrix = NDArray[np.float32]


def file_of(name: str) -> str:
    """Return the file of one of NAMES among the models that come with citebot."""
    return f"{name}_adapter.npz"


@dataclass(frozen=True)
class Adapter:
    """The changes to one embedding model.

    `model` names it ("name revision"). `factors` has for each linear layer of the encoder, in the model's own order,
    the pair A (rank, inputs) and B (outputs, rank): the layer's W x becomes W x + B A x. `matrix` M
    (dimension, dimension) moves the vector q that comes out to q + M q.
    """

    model: str
    factors: tuple[tuple[_Matrix, _Matrix], ...]
    matrix: _Matrix

    @classmethod
    def read(cls, file: IO[bytes]) -> Adapter:
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


def trained_adapters(model: str, revision: str) -> tuple[Adapter, ...]:
    """Return the adapters that come with citebot, in the order of NAMES; none where they are of another model."""
    adapters = []
    for name in NAMES:
        with resources.files("rag").joinpath("models", file_of(name)).open("rb") as file:
            adapters.append(Adapter.read(file))
    return tuple(adapters) if all(each.model == f"{model} {revision}" for each in adapters) else ()


@cache
def adapters_digest(*names: str) -> str:
    """Return the SHA-256 of adapters that come with citebot: what was made with others is made anew."""
    files = [resources.files("rag").joinpath("models", file_of(name)).read_bytes() for name in names or NAMES]
    return hashlib.sha256(b"".join(files)).hexdigest()
