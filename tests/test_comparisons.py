"""Who does better than whom, in a claim and in the sentence on which it rests."""

from __future__ import annotations

import pytest

from rag.comparisons import comparisons, swaps_sides

TOLD = "Experiments show that Alphabet consistently outperforms existing sieves on marbles, while it costs less."


@pytest.mark.parametrize(
    "claim",
    [
        "Alphabet is consistently outperformed by existing sieves.",
        "Existing sieves outperform Alphabet.",
        "Existing sieves are still better than Alphabet on marbles.",
        "Alphabet lags far behind existing sieves.",
        "Alphabet performs worse than existing sieves.",
    ],
)
def test_a_claim_that_swaps_the_sides_is_noticed(claim: str) -> None:
    assert swaps_sides(claim, TOLD)
    assert not swaps_sides(claim, claim)


@pytest.mark.parametrize(
    "claim",
    [
        "Alphabet outperforms existing sieves.",
        "Existing sieves are outperformed by Alphabet.",
        "Existing sieves do worse than Alphabet.",
        "Alphabet is better than the sieves that existed.",
        "The new method beats existing sieves.",
        "Existing sieves do not outperform Alphabet.",
        "Alphabet is slower than existing sieves.",  # may be, for all that
        "Alphabet sorts marbles.",
        "Marbles are better than stones.",  # speaks of other things
        "",
    ],
)
def test_a_claim_that_does_not_is_left_alone(claim: str) -> None:
    assert not swaps_sides(claim, TOLD)


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("Old sieves are faster than Alphabet.", "Alphabet is faster than old sieves."),
        ("Alphabet is slower than old sieves.", "Alphabet is much faster than old sieves."),
        ("Alphabet is cheaper than old sieves.", "Alphabet is more expensive than old sieves."),
        ("Alphabet is larger than old sieves.", "Alphabet is smaller than old sieves."),
        ("Alphabet is less accurate than old sieves.", "Alphabet is more accurate than old sieves."),
    ],
)
def test_each_respect_is_compared_by_itself(claim: str, told: str) -> None:
    assert swaps_sides(claim, told)
    assert not swaps_sides(claim, "Alphabet outperforms old sieves.")


def test_the_subject_may_stand_far_before_its_participle() -> None:
    told = "Results show Alphabet's superiority in keeping order, significantly outperforming existing sieves in speed."
    assert swaps_sides("In speed, Alphabet is significantly outperformed by existing sieves.", told)
    assert not swaps_sides("Alphabet outperforms existing sieves in speed.", told)


def test_the_sides_are_the_words_before_and_behind() -> None:
    (one,) = comparisons("The red sieve beats all blue sieves, by far.")
    assert one.better == {"red"}
    assert one.worse == {"blue"}
    assert list(comparisons("The red sieve never beats the blue one.")) == []
