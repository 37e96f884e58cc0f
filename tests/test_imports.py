"""Importing citebot is quick: what is heavy is loaded when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("chromadb", "llama_index", "onnxruntime", "sentence_transformers", "torch", "transformers")


def loaded_by(module: str) -> set[str]:
    """Return the names of the top-level modules that are loaded after a new Python has imported the module."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["rag", "rag.cli", "bot", "bot.app", "eval"])
def test_import_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(module).isdisjoint(HEAVY), sorted(loaded_by(module).intersection(HEAVY))
