"""The evaluation: does citebot tell the truth, and how do we know?

>>> import eval
>>> results = eval.evaluate(assistant, eval.read_questions("mine.jsonl"))  # doctest: +SKIP
>>> results["right"]  # doctest: +SKIP

`assistant` is a `rag.Assistant`, a LlamaIndex query engine, or anything with `ask(question, history)`.
Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eval.items import Question, read_questions
    from eval.results import Results
    from eval.run import evaluate

_HOME_OF = {
    "Question": "eval.items",
    "Results": "eval.results",
    "evaluate": "eval.run",
    "read_questions": "eval.items",
}

__all__ = ["Question", "Results", "evaluate", "read_questions"]


def __getattr__(name: str) -> object:
    """Load a public name from its module at its first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'eval' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
