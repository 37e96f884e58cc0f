"""A model's text to claims: the many ways of writing marks, in any cutting, and what is no claim."""

from __future__ import annotations

import random
import re

import pytest

from rag.answering.reading import DraftReader

REACH = "LongLoRA reaches 100k tokens."
CHEAP = "It is cheap to run."


def read(text: str, *, piece: int = 0) -> tuple[list[tuple[str, tuple[int, ...]]], bool]:
    """Return the claims of a text that comes in pieces of so many characters, and whether it says nothing."""
    reader = DraftReader()
    size = piece or max(1, len(text))
    claims = [claim for start in range(0, len(text), size) for claim in reader.feed(text[start : start + size])]
    claims += reader.finish()
    return [(claim.text, claim.numbers) for claim in claims], reader.says_nothing


def claims_of(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return read(text)[0]


# --------------------------------------------------------------------------- marks


@pytest.mark.parametrize(
    "text",
    [
        "LongLoRA reaches 100k tokens [1].",
        "LongLoRA reaches 100k tokens. [1]",
        "LongLoRA reaches 100k tokens.[1]",
        "LongLoRA reaches 100k tokens [1]",
        "LongLoRA reaches [1] 100k tokens.",
        "[1] LongLoRA reaches 100k tokens.",
        "[1]: LongLoRA reaches 100k tokens.",
        "LongLoRA reaches 100k tokens.\n[1]",
        "LongLoRA reaches 100k tokens [S1].",
        "LongLoRA reaches 100k tokens [s 1].",
        "LongLoRA reaches 100k tokens [sentence 1].",
        "LongLoRA reaches 100k tokens [Evidence 1].",
        "LongLoRA reaches 100k tokens [Source: 1].",
        "LongLoRA reaches 100k tokens [ref. 1].",
        "LongLoRA reaches 100k tokens [No. 1].",
        "LongLoRA reaches 100k tokens [#1].",
        "LongLoRA reaches 100k tokens [^1].",
        "LongLoRA reaches 100k tokens [citation:1].",
        "LongLoRA reaches 100k tokens [ 1 ].",
        "LongLoRA reaches 100k tokens [[1]].",
        "LongLoRA reaches 100k tokens [**1**].",
        "LongLoRA reaches 100k tokens **[1]**.",
        "LongLoRA reaches 100k tokens \\[1\\].",
        "LongLoRA reaches 100k tokens [1](https://evil.example/x).",
        "LongLoRA reaches 100k tokens【1†source】.",
        "LongLoRA reaches 100k tokens【1】.",
        "LongLoRA reaches 100k tokens \uff3b1\uff3d.",
        "LongLoRA reaches 100k tokens<sup>1</sup>.",
        "LongLoRA reaches 100k tokens (1).",
        "LongLoRA reaches 100k tokens. (1)",
        "LongLoRA reaches 100k tokens (sentence 1).",
        "LongLoRA reaches 100k tokens (see sentence 1).",
        "LongLoRA reaches 100k tokens (see [1]).",
        "LongLoRA reaches 100k tokens ([1]).",
        "According to [1], LongLoRA reaches 100k tokens.",
        "According to sentence 1, LongLoRA reaches 100k tokens.",
        "According to sentence [1], longLoRA reaches 100k tokens.",
        "LongLoRA reaches 100k tokens, as stated in [1].",
        "Sentence [1] states that LongLoRA reaches 100k tokens.",
        "Sentence 1 says that LongLoRA reaches 100k tokens.",
        "[1] says that LongLoRA reaches 100k tokens.",
        "- LongLoRA reaches 100k tokens [1].",
        "* LongLoRA reaches 100k tokens [1]",
        "• LongLoRA reaches 100k tokens [1]",
        "1. LongLoRA reaches 100k tokens [1].",
        "(1) LongLoRA reaches 100k tokens [1].",
        "> LongLoRA reaches 100k tokens [1].",
        "Answer: LongLoRA reaches 100k tokens [1].",
        "**Answer:** LongLoRA reaches **100k** tokens [1].",
        "**LongLoRA** reaches 100k tokens [1].",
        '"LongLoRA reaches 100k tokens [1]."',
        "“LongLoRA reaches 100k tokens” [1].",
        "```\nLongLoRA reaches 100k tokens [1].\n```",
        "LongLoRA reaches `100k` tokens [1].",
        "Sure! LongLoRA reaches 100k tokens [1].",
        "Based on the evidence, LongLoRA reaches 100k tokens [1].",
        "According to the provided sentences, LongLoRA reaches 100k tokens [1].",
        "Here is the answer: LongLoRA reaches 100k tokens [1].",
        "Here's what the abstracts say:\n\nLongLoRA reaches 100k tokens [1].",
        "### Answer\n\nLongLoRA reaches 100k tokens [1].",
    ],
)
def test_a_claim_and_its_mark_however_they_are_written(text: str) -> None:
    ((claim, numbers),) = claims_of(text)
    assert claim.lower() == REACH.lower()
    assert numbers == (1,)


@pytest.mark.parametrize(
    ("marks", "numbers"),
    [
        ("[1][2]", (1, 2)),
        ("[2][1]", (2, 1)),
        ("[1] [2]", (1, 2)),
        ("[1], [2]", (1, 2)),
        ("[1] and [2]", (1, 2)),
        ("[1, 2]", (1, 2)),
        ("[1,2,3]", (1, 2, 3)),
        ("[1; 2]", (1, 2)),
        ("[1/2]", (1, 2)),
        ("[1 and 2]", (1, 2)),
        ("[1, 2, and 3]", (1, 2, 3)),
        ("[S1, S2]", (1, 2)),
        ("[sentences 1 and 2]", (1, 2)),
        ("[sentence 1, sentence 2]", (1, 2)),
        ("[2-4]", (2, 3, 4)),
        ("[2–4, 7]", (2, 3, 4, 7)),
        ("[2 to 4]", (2, 3, 4)),
        ("[9-3]", (3, 9)),
        ("[1-500]", (1, 500)),
        ("[1][1][1]", (1,)),
        ("(sentences 1 and 2)", (1, 2)),
        ("(1, 2)", (1, 2)),
        ("【1†a】【2†b】", (1, 2)),
        ("[0][999]", (0, 999)),
    ],
)
def test_several_numbers_at_once(marks: str, numbers: tuple[int, ...]) -> None:
    assert claims_of(f"LongLoRA reaches 100k tokens {marks}.") == [(REACH, numbers)]


@pytest.mark.parametrize(
    "text",
    [
        "LongLoRA reaches 100k tokens [1]. It is cheap to run [2].",
        "LongLoRA reaches 100k tokens. [1] It is cheap to run. [2]",
        "LongLoRA reaches 100k tokens.[1] It is cheap to run.[2]",
        "[1] LongLoRA reaches 100k tokens. [2] It is cheap to run.",
        "[1] LongLoRA reaches 100k tokens.\n[2] It is cheap to run.",
        "LongLoRA reaches 100k tokens.\n[1]\nIt is cheap to run.\n[2]",
        "- LongLoRA reaches 100k tokens [1]\n- It is cheap to run [2]",
        "1. LongLoRA reaches 100k tokens [1]\r\n2. It is cheap to run [2]\r\n",
        "LongLoRA reaches 100k tokens (1). It is cheap to run (2).",
        "Here is a summary:\n\n* LongLoRA reaches 100k tokens [1]\n\n\n* It is cheap to run [2]\n",
    ],
)
def test_each_claim_has_its_own_marks(text: str) -> None:
    assert claims_of(text) == [(REACH, (1,)), (CHEAP, (2,))]


@pytest.mark.parametrize(
    "text",
    [
        "We sample 100 [1234] points here.",
        "It was made in (2024) by us.",
        "It has two (2) large parts.",
        "See [LongLoRA] for this.",
    ],
)
def test_other_numbers_in_brackets_are_no_marks(text: str) -> None:
    ((claim, numbers),) = claims_of(text)
    assert numbers == ()
    assert "[" not in claim


def test_a_claim_without_marks_is_a_claim_without_numbers() -> None:
    assert claims_of(f"{REACH} {CHEAP}") == [(REACH, ()), (CHEAP, ())]


def test_full_stops_in_names_and_numbers_end_no_claim() -> None:
    text = "It beats GPT-3.5 by 1.5 points, e.g. on MMLU [1]. It needs approx. 3.2 GB [2]."
    assert [numbers for _, numbers in claims_of(text)] == [(1,), (2,)]


# --------------------------------------------------------------------------- in any cutting

_HEADS = ("", "", "Sure! ", "Here is the answer:\n\n", "Based on the evidence, ", "Answer: ", "### Result\n")
_BODIES = (
    "LongLoRA reaches 100k tokens",
    "it beats GPT-3.5 by 1.5 points (e.g. on MMLU)",
    "HFT freezes half",
    "mLoRA trains four at once",
    "according to [3], Lisa halves the memory",
    "the “shift” (see sentence 4) is cheap",
    "there are two (2) parts in it",
    "Yes",
    "the learning rate is not mentioned",
    "the abstract of LISA does not say how",
    "an [unclosed bracket is no mark",
)
_MARKS = (
    "[1]",
    "[2][3]",
    "[4, 5]",
    "(sentences 1 and 2)",
    "【6†source】",
    "[ 7 ]",
    "(8)",
    "[1-3]",
    "",
    "[S9, S10]",
    "[1](http://x.y/z)",
)
_ENDS = (". ", ".\n", "\n- ", ".\n\n[2] ", "! ", ". [3] ", "\n2. ", ".\r\n", " ", '." ', ". ** ", "...\n")


def made_up_draft(chance: random.Random) -> str:
    """Return a text such as models write, marks before and behind full stops."""
    text = chance.choice(_HEADS)
    for _ in range(chance.randint(1, 6)):
        mark, space = chance.choice(_MARKS), chance.choice(("", " "))
        text += f"{chance.choice(_BODIES)}{space}{mark}{chance.choice(_ENDS)}"
    return text + chance.choice(("", "\n", "NOT TOLD", "[1]", "[1", "LongLoRA"))


@pytest.mark.parametrize("seed", range(400))
def test_what_is_read_does_not_depend_on_where_the_text_is_cut(seed: int) -> None:
    chance = random.Random(seed)
    text = made_up_draft(chance)
    whole = read(text)
    for size in (1, 2, 3, 7, 20):
        assert read(text, piece=size) == whole, text
    reader = DraftReader()
    cut = sorted(chance.sample(range(len(text) + 1), min(6, len(text))))
    pieces = [text[start:end] for start, end in zip([0, *cut], [*cut, len(text)], strict=True)]
    found = [(claim.text, claim.numbers) for piece in pieces for claim in reader.feed(piece)]
    found += [(claim.text, claim.numbers) for claim in reader.finish()]
    assert (found, reader.says_nothing) == whole, (text, cut)


def test_a_claim_comes_as_soon_as_the_next_one_has_begun() -> None:
    reader = DraftReader()
    assert list(reader.feed("LongLoRA reaches 100k tokens. ")) == []  # its mark may still come
    assert list(reader.feed("[1] It is cheap")) == []
    assert [claim.numbers for claim in reader.feed(" to run on one machine")] == [(1,)]
    assert list(reader.feed(" [2")) == []
    assert [claim.numbers for claim in (*reader.feed("]."), *reader.finish())] == [(2,)]
    assert reader.text == "LongLoRA reaches 100k tokens. [1] It is cheap to run on one machine [2]."


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "text",
    [
        "NOT TOLD",
        "NOT TOLD.",
        "not told",
        "Not told",
        "**NOT TOLD**",
        '"NOT TOLD"',
        "<NOT TOLD>",
        "NOT_TOLD",
        "NOT TOLD [1]",
        "Answer: NOT TOLD",
        "The answer is NOT TOLD.",
        "Sure! NOT TOLD",
        "Based on the provided evidence:\nNOT TOLD",
        "The evidence does not mention the learning rate.",
        "Unfortunately, the evidence doesn't mention the learning rate [1].",
        "The numbered sentences do not tell what is asked.",
        "The provided abstracts do not explicitly state the learning rate [1][2].",
        "The abstract of LongLoRA does not say who paid for it.",
        "None of the sentences mention a learning rate.",
        "The learning rate is not mentioned in the evidence.",
        "The learning rate is not specified.",
        "There is no information about the learning rate.",
        "There is not enough information to answer.",
        "I cannot answer this from the evidence.",
        "I don't know.",
        "I'm sorry, but there is no information on that.",
        "It is not possible to tell from the evidence.",
        "It is unclear from the abstracts which one is used.",
        "No information is given about the learning rate.",
        "The question cannot be answered from the evidence.",
    ],
)
def test_a_refusal_is_read_as_one(text: str) -> None:
    assert read(text) == ([], True)


@pytest.mark.parametrize(
    "text",
    [
        "The method does not contain any attention layers [1].",
        "The text encoder does not contain adapters at all [1].",
        "LongLoRA does not provide gains without the shift [1].",
        "LISA is not given any labels during training [1].",
        "Labels are not available for the second task [1].",
        "It tells speakers apart without any labels [1].",
    ],
)
def test_a_claim_that_denies_something_is_no_refusal(text: str) -> None:
    ((_, numbers),), says_nothing = read(text)
    assert numbers == (1,)
    assert not says_nothing


def test_a_refusal_behind_a_claim_takes_nothing_back() -> None:
    found, says_nothing = read("LongLoRA reaches 100k tokens [1]. The evidence does not mention the memory. NOT TOLD")
    assert found == [(REACH, (1,))]
    assert not says_nothing


# --------------------------------------------------------------------------- what is no claim


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\n ",
        "Sure!",
        "Here is the answer:",
        "Certainly, here is a short answer to your question.",
        "### Summary",
        "**LongLoRA:**",
        "---",
        "[1][2]",
        "[1]\n[2]\n",
        "...",
        "Yes.",
        "Let me think about this.",
        "I hope this helps!",
        "\x00\x1b[0m\u202e",
        "```python\n```",
    ],
)
def test_what_is_no_claim_is_passed_over(text: str) -> None:
    assert read(text) == ([], False)


def test_thinking_aloud_names_no_sentence_and_the_claim_after_it_is_read() -> None:
    text = "Okay, the user asks about the context. I should look at sentence 6.\n\nLongLoRA reaches 100k tokens [6]."
    assert claims_of(text)[-1] == (REACH, (6,))
    assert all(numbers == () for _, numbers in claims_of(text)[:-1])


# --------------------------------------------------------------------------- safe words


@pytest.mark.parametrize(
    ("written", "gone"),
    [
        ("Click [here](https://evil.example/x) for LongLoRA [1].", "evil.example"),
        ("LongLoRA is at https://evil.example/x for all [1].", "evil.example"),
        ("LongLoRA is at <https://evil.example/x> for all [1].", "evil.example"),
        ("![LongLoRA picture](https://evil.example/x.png) is here [1].", "evil.example"),
        ("LongLoRA calls @everyone to the party [1].", "@everyone"),
        ("LongLoRA calls @here and <@123456789> too [1].", "<@"),
        ("LongLoRA calls <@&123456789> and <#42> too [1].", "<@"),
        ("LongLoRA <script>alert(1)</script> is here [1].", "<script"),
        ("LongLoRA <img src=x onerror=alert(1)> is here [1].", "onerror"),
        ("LongLoRA \x1b[31mis red\x1b[0m and bad [1].", "\x1b"),
        ("LongLoRA \u202eis turned round\u202c here [1].", "\u202e"),
        ("LongLoRA is\u200b here and there\x00 too [1].", "\x00"),
        ("LongLoRA `rm -rf` is here today [1].", "`"),
        ("LongLoRA ||hides|| this from you [1].", "||"),
        ("LongLoRA \ue0007\ue001 \ue000\ue001 is here today [1].", "\ue000"),
    ],
)
def test_what_could_do_harm_is_not_in_the_words(written: str, gone: str) -> None:
    ((claim, numbers),) = claims_of(written)
    assert gone not in claim
    assert numbers == (1,)
    assert claim.startswith(("LongLoRA", "Click"))


def test_marks_that_a_model_pretends_to_keep_are_only_digits() -> None:
    assert claims_of("LongLoRA \ue0005\ue001 reaches 100k tokens [1].")[0][1] == (1,)


def test_a_claim_shows_no_mark_of_its_own() -> None:
    for text in ("A [1] b c d.", "A b c [x1] d.", "A b c [[d] e.", "A b c ]2[ d."):
        for claim, _ in claims_of(text):
            assert not re.search(r"[\[\]]", claim)


def test_a_long_run_without_any_end_is_read_in_good_time() -> None:
    text = "word " * 3000 + "(" * 500 + "[1, " * 500
    assert read(text, piece=4)[0]
