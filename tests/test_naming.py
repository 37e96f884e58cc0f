"""Which papers a text names: as written, with a slip, in LaTeX; and names that only resemble one."""

from __future__ import annotations

import pytest

from rag.library import Library
from rag.naming import has_capital_or_digit, papers_named, unknown_names
from rag.papers import Paper
from tests.made_up import gadgets


def heads(text: str, library: Library) -> list[str]:
    """Return the title heads of the papers that the text names, in its order."""
    found = papers_named(text, library)
    return [library.get(paper_id).plain_title.split(":")[0].strip() for paper_id in found.paper_ids]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is LongLoRA?", ["LongLoRA"]),
        ("how far does longlora go", ["LongLoRA"]),
        ("LongLoRA vs HFT", ["LongLoRA", "HFT"]),
        ("HFT vs LongLoRA", ["HFT", "LongLoRA"]),
        ("What is S$^{2}$FT?", ["S2FT"]),
        ("What is s2-ft?", ["S2FT"]),
        ("What is T$^3$-S2S?", ["T3-S2S"]),
        ("What does 'To Repeat or Not To Repeat' find?", ["To Repeat or Not To Repeat"]),
        ("Instruction following without instruction tuning?", ["Instruction Following without Instruction Tuning"]),
        ("lotus for dense prediction", ["Lotus"]),
        ("Does LongLoRA-based tuning help?", ["LongLoRA"]),
        ("How good is LongLoRA 7B?", ["LongLoRA"]),
    ],
)
def test_papers_are_named_in_any_spelling(starter: Library, text: str, expected: list[str]) -> None:
    assert heads(text, starter) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is LongLora?", "LongLoRA"),
        ("what is mixlroa", "MixLoRA"),
        ("What is Polihistor?", "Polyhistor"),
        ("What does FastComposr do?", "FastComposer"),
        ("What is Dynosuar?", "Dynosaur"),
    ],
)
def test_a_slip_of_the_finger_names_the_paper(starter: Library, text: str, expected: str) -> None:
    assert heads(text, starter) == [expected]
    assert papers_named(text, starter).near_misses == ()


def test_a_slip_names_what_an_abstract_brings_in(library: Library) -> None:
    abstract = "Sorting marbles together is slow. We propose FedKSeed, which sends seeds of marbles only."
    library.add_papers([*gadgets(3), Paper("Sorting Marbles in Many Kitchens", abstract)])
    assert heads("How does FedKSed send them?", library) == ["Sorting Marbles in Many Kitchens"]


@pytest.mark.parametrize(
    ("text", "name", "nearest"),
    [
        ("What is LongQLoRA?", "LongQLoRA", "LongLoRA"),
        ("How does LongLora2 work?", "LongLora2", "LongLoRA"),
        ("What is LongLoRA 2.0?", "LongLoRA 2.0", "LongLoRA"),
        ("How does Ferret-v2 ground objects?", "Ferret-v2", "Ferret"),
        ("How does Monarch Mixer replace attention?", "Monarch Mixer", "Monarch"),
        ("What is BAM, the bottleneck attention module?", "BAM (bottleneck attention module)", "BAM! Just Like That"),
        ("What is HFT, the hybrid Fourier transform?", "HFT (hybrid Fourier transform)", "HFT"),
    ],
)
def test_a_name_that_only_resembles_one_is_a_near_miss(starter: Library, text: str, name: str, nearest: str) -> None:
    found = papers_named(text, starter)
    assert found.paper_ids == ()
    ((missed, paper_id),) = [(miss.name, miss.paper_id) for miss in found.near_misses]
    assert missed == name
    assert starter.get(paper_id).plain_title.split(":")[0] == nearest


@pytest.mark.parametrize(
    "text", ["What is the weather like?", "First, which method trains fewest parameters?", "Why is less memory better?"]
)
def test_ordinary_words_name_nothing(starter: Library, text: str) -> None:
    found = papers_named(text, starter)
    assert (found.paper_ids, found.near_misses) == ((), ())


@pytest.mark.parametrize("text", ["What is LLaMA?", "What is prompt tuning?", "Is LoRA good?"])
def test_what_stands_in_many_papers_names_none(starter: Library, text: str) -> None:
    assert papers_named(text, starter).paper_ids == ()


def test_the_words_of_names_are_told(starter: Library) -> None:
    found = papers_named("How do LongLoRA and HFT differ?", starter)
    assert list(found.written.values()) == ["LongLoRA", "HFT"]
    assert found.words == {"longlora", "hft"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("How does ZorbLoRA17 compare with QuuxNet?", ("ZorbLoRA17", "QuuxNet")),
        ("Do the scaling laws of Kaplan et al. hold?", ("Kaplan et al",)),
        ("Is GPT-4 better than LLaMA2 or LongLoRA?", ()),
        ("What will the weather be in Lisbon?", ()),
    ],
)
def test_names_and_authors_that_stand_in_no_paper(starter: Library, text: str, names: tuple[str, ...]) -> None:
    assert unknown_names(text, starter) == names


def test_what_may_be_part_of_a_name() -> None:
    assert has_capital_or_digit("Video")
    assert has_capital_or_digit("v2")
    assert not has_capital_or_digit("based")


def test_what_a_mere_mention_is_does_not_ask_about_the_paper_that_mentions_it(starter: Library) -> None:
    assert papers_named("What is QLoRA?", starter).paper_ids == ()


LISA = "LISA: Layerwise Importance Sampling for Memory-Efficient Large Language Model Fine-Tuning"


def named_titles(text: str, library: Library) -> list[str]:
    return [library.get(paper_id).plain_title for paper_id in papers_named(text, library).paper_ids]


def test_what_is_set_against_a_name_is_a_name_though_it_is_written_small(starter: Library) -> None:
    titles = named_titles("lisa vs longlora: what does it take?", starter)
    assert titles[0] == LISA
    assert len(titles) == 2
    assert named_titles("less vs more data: what is better?", starter) == []


def test_a_paper_is_spoken_of_by_what_it_alone_mentions_where_papers_are_compared(library: Library) -> None:
    library.add_papers(
        [
            Paper("Alphabet: Sorting Marbles", "We present Alphabet, which sorts marbles by colour."),
            Paper("A Study of Marbles", "Of all that we tried, the GrainOne sieve keeps most marbles."),
        ]
    )
    assert len(named_titles("How do Alphabet and the study with GrainOne sort marbles?", library)) == 2
    assert named_titles("Does Alphabet use GrainOne?", library) == ["Alphabet: Sorting Marbles"]


def test_a_name_that_stands_beside_a_title_with_the_same_word_is_a_name_all_the_same(library: Library) -> None:
    sieve, more = "SIEVE: Sorting Marbles by Colour", "More from one sieve: Marbles of Many Sizes"
    library.add_papers([Paper(sieve, "SIEVE sorts marbles."), Paper(more, "We shake them.")])
    assert sorted(named_titles("How do SIEVE and 'More from one sieve' sort?", library)) == [more, sieve]
    assert named_titles("What does 'More from one sieve' say?", library) == [more]


def test_a_version_is_part_of_a_name(library: Library) -> None:
    library.add_papers([Paper("Tricks for Marbles: a Report on Sieve v1", "It sorts marbles.")])
    assert named_titles("how many marbles does sieve v1 sort?", library) == ["Tricks for Marbles: a Report on Sieve v1"]
