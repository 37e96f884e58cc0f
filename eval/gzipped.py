"""Gzipped files of JSON lines, as sets of others come in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any


def read_gzipped_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a gzipped file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
