"""What the bot's tests share."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest


@pytest.fixture
def papers(starter_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of its own with the starter collection, set as the bot's."""
    directory = tmp_path / "papers"
    shutil.copytree(starter_directory, directory)
    monkeypatch.setenv("CITEBOT_LIBRARY", str(directory))
    return directory


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
