"""Does the answer stay the same where it should? Under typos, other case, another wording, another order of papers."""

from __future__ import annotations

from collections.abc import Callable

from eval.cases import Case
from eval.given import GivenAnswer
from eval.measures.measure import Measure, measure
from rag.papers import title_key

VARIANTS = {
    "casing": "small letters",
    "typos": "two letters swapped in some words",
    "paraphrase": "another wording",
    "shuffled": "the papers added in another order",
}


def is_same(one: GivenAnswer, other: GivenAnswer) -> bool:
    """Return whether two answers have the same status and cite the same papers."""
    return one.status == other.status and _cited(one) == _cited(other)


def _cited(given: GivenAnswer) -> set[str]:
    return {title_key(each.title) for each in given.citations}


def _unchanged(variant: str) -> Callable[[Case], float | None]:
    def value(case: Case) -> float | None:
        others = case.variants.get(variant, ())
        return sum(is_same(case.given, each) for each in others) / len(others) if others else None

    value.__doc__ = (
        f"The share of questions whose answer keeps its status and its cited papers with {VARIANTS[variant]}.\n\n"
        "Source: invariance tests of CheckList (Ribeiro et al. 2020, arXiv:2005.04118)."
    )
    return value


UNCHANGED: tuple[Measure, ...] = tuple(
    measure(f"unchanged_{variant}", f"Unchanged: {variant}", "robustness")(_unchanged(variant)) for variant in VARIANTS
)
