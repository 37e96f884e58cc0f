"""A map that moves a question's vector to where the vectors of the papers that it describes lie.

The embedding model finds a paper by what its abstract says in like words. Questions that describe an idea in quite
other words come to lie a little beside it, and the way from there is much the same for all of them: a linear map,
trained by `eval/question_map.py` on such questions about arXiv abstracts, takes a good part of it. It changes nothing
in the library: papers and sentences keep the vectors that the embedding model gives them.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

FILE = "question_map.npz"


def moved(question: NDArray[np.float32], model: str, revision: str) -> NDArray[np.float32]:
    """Return the question's vector, moved; shape (dimension,), length 1.

    The map belongs to one embedding model; with any other the vector stays as it is.
    """
    belongs_to, matrix = _load()
    if belongs_to != f"{model} {revision}":
        return question
    vector = question + matrix @ question
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@cache
def _load() -> tuple[str, NDArray[np.float32]]:
    with resources.files("rag").joinpath("models", FILE).open("rb") as file, np.load(file) as stored:
        return str(stored["model"]), stored["matrix"].astype(np.float32)
