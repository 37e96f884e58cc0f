"""What a measure is: what it takes from a case, and how the rows of many cases become one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.cases import Case

Unit = Literal["share", "seconds", "number", "words", "tokens", "money"]
# One row a case: numbers, as many as the statistic wants. None where the measure says nothing about the case.
Row = tuple[float, ...]
Statistic = Callable[..., float]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of an evaluation.

    `row_of` takes a row from a case, `statistic` makes the number of the rows' columns (arrays of one length).
    `is_promise`: no fall is small enough to be let through. `allowed_factor`: the number may grow by this factor, as
    times do from machine to machine. `what` is a sentence for the report, the docstring's first paragraph; `source`
    where the definition is from.
    """

    key: str
    title: str
    group: str
    unit: Unit
    is_higher_better: bool
    row_of: Callable[[Case], Row | None]
    statistic: Statistic
    what: str
    source: str
    is_promise: bool = False
    allowed_factor: float | None = None
    is_gated: bool = True


def mean(values: NDArray[np.float64]) -> float:
    """Return the mean."""
    return float(values.mean())


def measure(
    key: str,
    title: str,
    group: str,
    *,
    unit: Unit = "share",
    is_higher_better: bool = True,
    statistic: Statistic = mean,
    is_promise: bool = False,
    allowed_factor: float | None = None,
    is_gated: bool = True,
) -> Callable[[Callable[[Case], float | bool | Sequence[float] | None]], Measure]:
    """Return a decorator that makes a measure of a function from a case to a value, to a row, or to None.

    The docstring is the definition; a paragraph of it that begins with "Source:" is the source.
    """

    def made(function: Callable[[Case], float | bool | Sequence[float] | None]) -> Measure:
        def row_of(case: Case) -> Row | None:
            value = function(case)
            if value is None:
                return None
            return tuple(map(float, value)) if isinstance(value, Sequence) else (float(value),)

        paragraphs = [" ".join(each.split()) for each in (function.__doc__ or "").split("\n\n")]
        sources = [each.removeprefix("Source:").strip() for each in paragraphs if each.startswith("Source:")]
        return Measure(
            key, title, group, unit, is_higher_better, row_of, statistic, paragraphs[0], " ".join(sources),
            is_promise, allowed_factor, is_gated,
        )  # fmt: skip

    return made
