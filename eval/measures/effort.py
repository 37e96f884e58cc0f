"""What an answer costs: time, and with a language model tokens and money."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eval.cases import Case
from eval.measures.measure import measure

# Times differ between machines and from minute to minute; a fall in speed within this factor says nothing.
_ALLOWED_FACTOR = 3.0


def p50(seconds: NDArray[np.float64]) -> float:
    """Return the median."""
    return float(np.median(seconds))


def p95(seconds: NDArray[np.float64]) -> float:
    """Return the value that 95 in 100 do not exceed."""
    return float(np.quantile(seconds, 0.95))


@measure(
    "p50", "Time, median", "effort", unit="seconds", is_higher_better=False, statistic=p50,
    allowed_factor=_ALLOWED_FACTOR,
)  # fmt: skip
def time_p50(case: Case) -> float:
    """Seconds from question to whole answer, for half of the questions at most."""
    return case.given.seconds


@measure(
    "p95", "Time, 95 in 100", "effort", unit="seconds", is_higher_better=False, statistic=p95,
    allowed_factor=_ALLOWED_FACTOR,
)  # fmt: skip
def time_p95(case: Case) -> float:
    """Seconds from question to whole answer, for 95 in 100 questions at most."""
    return case.given.seconds


@measure("prompt_tokens", "Tokens read", "effort", unit="tokens", is_higher_better=False, is_gated=False)
def prompt_tokens(case: Case) -> float | None:
    """Tokens that the language model read for an answer, on average, where its provider tells."""
    return case.given.prompt_tokens


@measure("completion_tokens", "Tokens written", "effort", unit="tokens", is_higher_better=False, is_gated=False)
def completion_tokens(case: Case) -> float | None:
    """Tokens that the language model wrote for an answer, on average, where its provider tells."""
    return case.given.completion_tokens


@measure("cost", "Cost of an answer", "effort", unit="money", is_higher_better=False, is_gated=False)
def cost(case: Case) -> float | None:
    """What an answer cost in US dollars, on average, where the provider tells."""
    return case.given.cost
