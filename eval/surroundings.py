"""What a result depends on besides the questions: the collection, the code, the versions, the machine."""

from __future__ import annotations

import hashlib
import platform
import statistics
import time
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import rag
from rag.papers import Paper, title_key

_PACKAGES = ("chromadb", "llama-index-core", "numpy", "onnxruntime", "sentence-transformers", "tokenizers")


def collection_of(papers: Iterable[Paper]) -> dict[str, Any]:
    """Return the number of papers, whether they are abstracts or digests, and a hash of titles and texts."""
    held = sorted(papers, key=lambda paper: title_key(paper.title))
    content = hashlib.sha256()
    for paper in held:
        content.update(f"{title_key(paper.title)}\n{paper.abstract}\n".encode())
    wordings = sorted({f"{paper.wording}s" for paper in held})
    return {"papers": len(held), "wording": " and ".join(wordings), "hash": content.hexdigest()[:16]}


@cache
def code_hash() -> str:
    """Return a hash of the code, models and prompts from which answers are made: another one, other answers."""
    home = Path(rag.__file__).parent
    content = hashlib.sha256()
    for folder in (home, home.parent / "prompts"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in (".py", ".json", ".npz", ".md"):
                content.update(f"{path.relative_to(home.parent)}\n".encode() + path.read_bytes())
    return content.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Return the versions of citebot, Python and the packages that answers depend on."""
    found = {"citebot": rag.__version__, "code": code_hash(), "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine_seconds() -> float:
    """Return how long a fixed piece of work takes here: times of two machines are compared in units of it."""
    return statistics.median(_work() for _ in range(9))


def _work() -> float:
    started = time.perf_counter()
    matrix = np.arange(90_000, dtype=np.float32).reshape(300, 300) / 90_000
    for _ in range(4):
        matrix = matrix @ matrix.T / 300
    total = 0
    for number in range(60_000):
        total += number % 7
    return time.perf_counter() - started
