"""What a set of others is: what it needs, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.bootstrap import interval, statistic_of
from eval.measures.measure import Row, Statistic, mean
from eval.results import Figure
from rag.progress import Progress
from rag.settings import Settings

DEFAULT_DATA = Path(__file__).parents[2].parent / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the data lies, where libraries may be kept, and with what settings."""

    data: Path
    scratch: Path
    settings: Settings
    progress: Progress


@dataclass(frozen=True, slots=True)
class ExternalSet:
    """A set: its name on the command line, what it is, the files that it needs, and the function that measures."""

    name: str
    what: str
    files: tuple[str, ...]
    run: Callable[[Bench], Mapping[str, Figure]]

    def missing(self, data: Path) -> list[str]:
        """Return the files of the set that are not there."""
        return [name for name in self.files if not (data / name).exists()]


def figure(key: str, rows: Sequence[Row], statistic: Statistic = mean) -> Figure:
    """Return a figure of rows, with its interval."""
    low, high = interval(rows, statistic)
    return Figure(key, statistic_of(rows, statistic), low, high, len(rows))
