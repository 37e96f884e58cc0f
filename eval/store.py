"""What was worked out once is kept: a file of JSON lines, each with a key.

It grows as work is done, so that a run that is stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any


def key_of(*parts: object) -> str:
    """Return the key under which something is kept that depends on these parts (plain data) and on nothing else."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Store:
    """Values by key, in memory and in a file. Safe for threads; one process writes at a time."""

    def __init__(self, path: Path | None = None) -> None:
        """Keep the values in the file at `path`, or in memory only. A line that a killed run left torn is skipped."""
        self._path = path
        self._values: dict[str, Any] = {}
        self._lock = threading.Lock()
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    stored = json.loads(line)
                    self._values[stored["key"]] = stored["value"]
                except (json.JSONDecodeError, KeyError, TypeError):
                    continue

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Any | None:
        """Return what is kept under the key, or None."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a value; it is on disk when this returns."""
        line = json.dumps({"key": key, "value": value}, ensure_ascii=False)
        with self._lock:
            self._values[key] = value
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a+b") as file:
                    if file.tell() and not _ends_with_newline(file):
                        file.write(b"\n")
                    file.write(f"{line}\n".encode())


def _ends_with_newline(file: Any) -> bool:
    file.seek(-1, 2)
    return bool(file.read(1) == b"\n")
