"""The starter collection as a library of its own, whatever the default library holds by now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rag
from rag.library import Library
from rag.progress import Progress
from rag.settings import Settings

STARTER = Path(rag.__file__).parent / "starter.jsonl"


@contextmanager
def starter_library(folder: Path, settings: Settings, progress: Progress | None = None) -> Iterator[Library]:
    """Give the library in `folder`/starter that holds the starter collection; made there if it is not."""
    with Library.open(folder / "starter", settings=settings, progress=progress) as library:
        library.add(STARTER)  # costs next to nothing where it is there already, and completes what was interrupted
        yield library
