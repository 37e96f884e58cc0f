"""Identity, plain text and sentences of papers."""

from __future__ import annotations

import random

import pytest

from rag.papers import Paper, new_paper_id, plain_text, sentences_of, split_sentences, title_key

# --------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["One sentence only, with no stop"],
        ["We use GPT-3.5 and LLaMA 2.", "It scores 41.5 points."],
        ["Models (e.g. LLMs) are large, i.e. costly.", "Small ones, cf. Smith et al. 2023, are not."],
        ["See Fig. 3 and Eq. 2 for that.", "The rest is in Sec. 4 of the text."],
        ["Does it work at all?", "It does so very well!", "We show why that is."],
        ["It is called Marble.js by all.", "Code is at https://example.org/a.b?c=d."],
        ["The U.S. census vs. ours is compared.", "Both are large."],
        ["They said “it works.”", "We agree with that."],
        ["We study adapters, prompts, etc. for language.", "Both are small."],
        ["Training takes three days.", "mLoRA takes one day.", "iPhones take none at all."],
        ["We release code, data, etc.", "Users can run all of it."],
        ["It improves BLEU by 2.5.", "$L_2$ loss is not needed."],
        ["Tested by J. Smith and A. B. Jones in 1999.", "It was fine."],
    ],
)
def test_sentences_end_where_a_reader_would_end_them(sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences)) == sentences


def test_every_character_is_in_exactly_one_sentence() -> None:
    chance = random.Random(5)
    pieces = [
        "word",
        "GPT-4.",
        "e.g.",
        "3.5",
        "end.",
        "End!",
        "“Quote.”",
        "(so.)",
        "$x$.",
        "etc.",
        "A.",
        "?",
        "\n",
        "naïve",
        "…",
    ]
    for _ in range(300):
        text = " ".join(chance.choices(pieces, k=chance.randint(0, 30)))
        folded = " ".join(text.split())
        sentences = split_sentences(text)
        assert " ".join(sentences) == folded
        assert all(sentence in folded and sentence.strip() for sentence in sentences)


def test_sentences_are_numbered_from_one() -> None:
    paper = Paper("T", "We count widgets here. There are nine of them.", id="widgets-1")
    assert [(each.id, each.number) for each in sentences_of(paper)] == [("widgets-1.s1", 1), ("widgets-1.s2", 2)]


# --------------------------------------------------------------------------- plain text


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        ("S$^{2}$FT", "S2FT"),
        ("T$^3$-S2S", "T3-S2S"),
        (r"41\% faster \& better", "41% faster & better"),
        (r"a 2$\times$ gain", "a 2× gain"),
        (r"$\alpha$-tuning with $O(n \log n)$", "α-tuning with O(n log n)"),
        (r"\textbf{Marble} and \emph{jar}", "Marble and jar"),
        ("$12 and $20 a month", "$12 and $20 a month"),
        ("no LaTeX: 5% of #3", "no LaTeX: 5% of #3"),
    ],
)
def test_latex_becomes_what_a_reader_sees(latex: str, plain: str) -> None:
    assert plain_text(latex) == plain


# --------------------------------------------------------------------------- identity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("S$^{2}$FT: Efficient Tuning", "S2FT - efficient  tuning"),
        ("Naïve Marbles", "NAIVE MARBLES"),
        ("A “Quoted” Title", 'A "quoted" title'),
    ],
)
def test_spellings_of_a_title_share_a_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


def test_different_titles_have_different_keys() -> None:
    assert title_key("Sorting Marbles, Part 1") != title_key("Sorting Marbles, Part 2")


def test_ids_are_readable_and_the_same_everywhere() -> None:
    paper = Paper("LongLoRA: Efficient Fine-tuning", "An abstract.")
    assert new_paper_id(paper).startswith("longlora-")
    assert new_paper_id(paper) == new_paper_id(Paper("LongLoRA:  efficient FINE-TUNING", "Another abstract."))
    assert new_paper_id(paper) != new_paper_id(Paper("LongLoRA: Something Else", "An abstract."))
    known = [Paper(title, "An abstract.", external_id="2309.12307") for title in ("LongLoRA: A", "LongLoRA: B")]
    assert new_paper_id(known[0]) == new_paper_id(known[1])


def test_titles_in_any_script_have_ids() -> None:
    papers = [Paper("大理石の分類", "An abstract."), Paper("玻璃球分拣", "An abstract.")]
    ids = [new_paper_id(paper) for paper in papers]
    assert len(set(ids)) == 2
    assert all(each.isascii() and each.replace("-", "").isalnum() for each in ids)
