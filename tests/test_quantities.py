"""Amounts in a text: the same one in other spellings is the same, another one is another."""

from __future__ import annotations

import pytest

from rag.quantities import missing_quantities, quantities


def amounts(text: str) -> list[tuple[float, str]]:
    return [(quantity.value, quantity.unit) for quantity in quantities(text)]


def missing(claim: str, evidence: str, *also: str) -> list[str]:
    return [quantity.text for quantity in missing_quantities(claim, evidence, also)]


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("100k", "100,000"),
        ("100K tokens", "100k-token"),
        ("100 thousand", "100k"),
        ("0.1M", "100,000"),
        ("two hundred thousand", "200k"),
        ("a hundred", "100"),
        ("one million", "1,000,000"),
        ("2.3 million", "2.3M"),
        ("7B", "7 billion parameters"),
        ("7B parameters", "LLaMA2-7B"),
        ("41%", "41 percent"),
        ("41 per cent", "41 %"),
        ("half", "50%"),
        ("0.41", "41%"),
        ("halves the memory", "half the memory"),
        ("three quarters", "75%"),
        ("3/4 of the tasks", "75% of the tasks"),
        ("a third of the cost", "one third of the cost"),
        ("12x", "twelve times"),
        ("12-fold", "a factor of 12"),
        ("twofold", "twice"),
        ("doubles", "2×"),
        ("tenfold", "10 times"),
        ("10 percentage points", "10 points"),
        ("24 GiB", "24GB"),
        ("30 min", "thirty minutes"),
        ("twenty-one tasks", "21 tasks"),
        ("twenty one tasks", "21 tasks"),
        ("three of four", "3 out of 4"),
        ("1e-4", "0.0001"),
        ("10%", "10-20%"),
        ("3x", "three to four times"),
        ("10-20%", "between 10% and 20%"),
        ("7B", "7-13B"),
        ("13B", "7B-13B"),
        ("20x", "15.5x-20x"),
        ("1.5 million", "1.5-2 million"),
        ("$12", "12 dollars"),
        ("99.9", "99.90"),
        ("16 or 32 bits", "16/32 bits"),
        ("2 to 4 times", "2--4× faster"),
        ("an eighth of the cost", "1/8x the cost"),
        ("4 percentage points", "4~percentage points"),
        ("more than four times", "a 4.35-fold reduction"),
        ("over 40%", "42.5%"),
        ("almost half", "47.9%"),
        ("less than four percent", "3.88 percent"),
        ("nearly one third", "31%"),
        ("some 1,700 films", "1682 films"),
        ("about half", "50.4%"),
    ],
)
def test_spellings_of_one_amount_agree(claim: str, evidence: str) -> None:
    assert quantities(claim)
    assert missing(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("130k", "100k"),
        ("14%", "41%"),
        ("2%", "2x"),
        ("2x faster", "2% faster"),
        ("7B", "13B"),
        ("7B", "7M"),
        ("7", "7B"),
        ("4k", "400"),
        ("100", "100k"),
        ("two of four", "three of four"),
        ("three of five", "three of four"),
        ("twice", "three times"),
        ("half", "a third of it"),
        ("24 GB", "24 hours"),
        ("3 points", "3%"),
        ("41.5%", "41%"),
        ("1.5", "15"),
        ("1,000", "1"),
        ("5 minutes", "5 seconds"),
        ("8 times", "8x A100 machines"),
        ("100 times", "100 x 100 images"),
        ("8% better", "8 tasks"),
        ("5 million", "5 m"),
        ("top-5", "top-1"),
        ("twenty-one", "twenty"),
        ("$12", "12%"),
        ("1e-4", "1"),
        ("15,283 hours", "15,283 images"),
        ("over 40%", "39%"),
        ("over 40%", "80%"),
        ("almost half", "52%"),
        ("almost half", "30%"),
        ("about 100k", "130k"),
        ("40%", "42.5%"),
    ],
)
def test_other_amounts_do_not_agree(claim: str, evidence: str) -> None:
    assert missing(claim, evidence)


@pytest.mark.parametrize(
    "text",
    [
        "LLaMA2",
        "GPT-4",
        "GPT-3.5",
        "CIFAR-10",
        "ResNet-50",
        "A100",
        "F1",
        "3D scenes",
        "the 2nd",
        "8x7B",
        "224x224",
        "one",
    ],
)
def test_digits_in_names_and_words_are_no_amounts(text: str) -> None:
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Llama 2 is tuned.", "LLaMA2 is tuned."),
        ("Llama 2 7B is tuned.", "LLaMA2-7B is tuned."),
        ("gpt-4 is better.", "GPT-4 is better."),
        ("Llama 2 is tuned.", "We tune Llama-2-chat."),
    ],
)
def test_a_number_that_makes_a_name_stands_in_the_name(claim: str, evidence: str) -> None:
    assert missing(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Llama 2 is tuned.", "LLaMA is tuned."),
        ("Llama 2 is tuned.", "LLaMA3 is tuned."),
        ("Llama 2 is tuned.", "LLaMA2.5 is tuned."),
        ("a context of 4", "a context of 4k"),
    ],
)
def test_a_number_of_another_name_does_not_count(claim: str, evidence: str) -> None:
    assert missing(claim, evidence)


def test_amounts_come_in_the_order_of_the_text() -> None:
    text = "With half of the 7B parameters it is twice as fast and saves 41% in two minutes."
    assert amounts(text) == [(0.5, ""), (7e9, ""), (2.0, "times"), (41.0, "percent"), (2.0, "minutes")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("of the two one is better", [(2.0, "")]),
        ("a third method", []),
        ("around the clock, 24/7", [(24.0, ""), (7.0, "")]),
        ("2021, 2022 and 2023", [(2021.0, ""), (2022.0, ""), (2023.0, "")]),
        ("from 4 to 100k", [(4.0, ""), (100_000.0, "")]),
        ("7B/13B", [(7e9, ""), (13e9, "")]),
        ("8x A100 with 80GB each", [(8.0, ""), (80.0, "gb")]),
        ("4.5.", [(4.5, "")]),
        ("", []),
        ("no number at all", []),
    ],
)
def test_what_looks_like_another_amount_is_not_taken_for_it(text: str, found: list[tuple[float, str]]) -> None:
    assert amounts(text) == found


def test_what_is_missing_is_named_in_the_claims_own_words() -> None:
    claim = "It reaches 130k tokens with 41 percent less memory and is 3x faster."
    assert missing(claim, "It reaches 100k tokens with 41% less memory.") == ["130k", "3x"]


def test_titles_count_as_given() -> None:
    assert missing("The 1000 layers help.", "They help.", "Depth: A Network with 1,000 Layers") == []
    assert missing("The 1001 layers help.", "They help.", "Depth: A Network with 1,000 Layers") == ["1001"]


def test_every_amount_agrees_with_itself() -> None:
    text = "Half of 41%, 12x, 3 points, $5, 24GB, 7B, 1e-4, twice, three quarters, 2 to 3%, 10-20k and a dozen."
    assert len(quantities(text)) > 12
    assert missing_quantities(text, text) == []
