"""Where the trained models stand in the package."""

from __future__ import annotations

from pathlib import Path

import rag


def packaged(file_name: str) -> Path:
    """Return the path at which citebot looks for a trained model's file."""
    return Path(rag.__file__).parent / "models" / file_name
