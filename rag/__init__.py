"""citebot: answers from a collection of papers, every sentence of them quoted and cited.

>>> import rag
>>> library = rag.Library.open("papers/")  # doctest: +SKIP
>>> library.add("trending.txt")  # doctest: +SKIP
>>> answer = rag.Assistant(library).ask("How far does LongLoRA stretch the context?")  # doctest: +SKIP

Names are loaded when they are first used: `import rag` alone costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.answers import Answer, Citation, DroppedClaim, Turn
    from rag.assistant import Assistant
    from rag.errors import (
        CitebotError,
        EmbeddingError,
        EmbeddingMismatchError,
        LibraryError,
        ModelError,
        ModelFailedError,
        PaperNotFoundError,
        SettingsError,
        SourceError,
    )
    from rag.library import AddReport, Hit, Library
    from rag.papers import Paper, Sentence
    from rag.settings import Settings, load_settings

__version__ = "0.1.0"

_HOMES = {
    "rag.answers": ("Answer", "Citation", "DroppedClaim", "Turn"),
    "rag.assistant": ("Assistant",),
    "rag.errors": (
        "CitebotError",
        "EmbeddingError",
        "EmbeddingMismatchError",
        "LibraryError",
        "ModelError",
        "ModelFailedError",
        "PaperNotFoundError",
        "SettingsError",
        "SourceError",
    ),
    "rag.library": ("AddReport", "Hit", "Library"),
    "rag.papers": ("Paper", "Sentence"),
    "rag.settings": ("Settings", "load_settings"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 - in the order in which a newcomer meets them
    "Library", "AddReport", "Hit", "Paper", "Sentence",
    "Assistant", "Turn", "Answer", "Citation", "DroppedClaim",
    "Settings", "load_settings",
    "CitebotError", "EmbeddingError", "EmbeddingMismatchError", "LibraryError", "ModelError",
    "ModelFailedError", "PaperNotFoundError", "SettingsError", "SourceError",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Load a public name from its module at its first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
