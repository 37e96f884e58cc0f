"""The signs by which it shows whether sentences carry a claim."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.support import SIGNS, missing_names, share_of_words, signs, signs_of_sources, turned

NEUTRAL = np.array([[1 / 3, 1 / 3, 1 / 3]], dtype=np.float32)
SURE = np.array([[1.0, 0.0, 0.0]], dtype=np.float32)


def sign(name: str, claim: str, evidence: str) -> float:
    return float(signs([claim], [evidence], [evidence], NEUTRAL)[0, SIGNS.index(name)])


def test_there_is_a_row_a_claim_and_a_column_a_sign() -> None:
    claims, evidence = ["It rolls.", "It does not roll 3 times."], ["It rolls.", "It rolls."]
    table = signs(claims, evidence, evidence, np.repeat(NEUTRAL, 2, axis=0))
    assert table.shape == (2, len(SIGNS))
    assert np.isfinite(table).all()
    assert signs([], [], [], np.zeros((0, 3), dtype=np.float32)).shape == (0, len(SIGNS))


def test_what_the_model_of_entailment_is_sure_of_stays_within_bounds() -> None:
    table = signs(["It rolls."], ["It rolls."], ["It rolls."], SURE)
    assert table[0, SIGNS.index("entailed")] == table[0, SIGNS.index("not_contradicted")] == 6.0
    against = signs(["It rolls."], ["It rolls."], ["It rolls."], SURE[:, [1, 0, 2]])
    assert against[0, SIGNS.index("entailed")] == against[0, SIGNS.index("not_contradicted")] == -6.0


@pytest.mark.parametrize(
    ("claim", "evidence", "share"),
    [
        ("Marbles roll.", "The marbles are rolling.", 1.0),
        ("Marbles roll.", "Penguins swim.", 0.0),
        ("Marbles roll slowly downhill.", "Marbles roll.", 0.5),
        ("It is what it is.", "Marbles roll.", 0.0),
        ("S2FT saves 41%.", r"S$^{2}$FT saves 41\%.", 1.0),
        ("", "", 0.0),
    ],
)
def test_the_share_of_words(claim: str, evidence: str, share: float) -> None:
    assert share_of_words(claim, evidence) == pytest.approx(share)
    assert sign("words", claim, evidence) == pytest.approx(share)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It is tested on GSM8K.", "We test on GSM-8K."),
        ("LLaMA2 is tuned.", "LLaMA2-7B is tuned."),
        ("Llama-2 is tuned.", "LLaMA 2 is tuned."),
        ("LLMs are tuned.", "Large models are tuned."),
        ("RAG helps.", "Retrieval augmented generation helps."),
        ("S2FT helps.", "S$^{2}$FT helps."),
        ("Four A100s are used.", "Four A100 are used."),
        ("Fine-Tuning helps.", "It helps to tune."),
        ("It helps.", "It helps."),
    ],
)
def test_names_that_stand_there_in_another_spelling_are_not_missing(claim: str, evidence: str) -> None:
    assert missing_names(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "names"),
    [
        ("It beats BERT and GPT-4.", "It beats RoBERTa and T5.", ["BERT", "GPT-4"]),
        ("It is tested on GSM8K.", "It is tested on MMLU.", ["GSM8K"]),
        ("DoRA helps, and DoRA is cheap.", "It helps.", ["DoRA"]),
        ("LLaMA2 is tuned.", "LLaMA3 is tuned.", ["LLaMA2"]),
    ],
)
def test_names_that_do_not_stand_there_are_missing(claim: str, evidence: str, names: list[str]) -> None:
    assert missing_names(claim, evidence) == names


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("GPT-3 is tuned.", "GPT-3.5 is tuned."),
        ("ResNet-5 is tuned.", "ResNet-50 is tuned."),
        ("Llama-1 is tuned.", "LLaMA-13B is tuned."),
        ("LoRA saves memory.", "MixLoRA saves memory."),
        ("It beats BERT.", "It beats RoBERTa."),
    ],
)
def test_a_part_of_another_name_is_not_the_name(claim: str, evidence: str) -> None:
    assert missing_names(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The LoRA-based method helps.", "The method is based on LoRA and helps."),
        ("A 100K-token context helps.", "A context of 100,000 tokens helps."),
        ("It is a GPT-4-level model.", "The model is on the level of GPT-4."),
    ],
)
def test_a_name_with_a_hyphen_and_a_word_is_the_name(claim: str, evidence: str) -> None:
    assert missing_names(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "times"),
    [
        ("It is faster.", "It is slower.", 1),
        ("It increases accuracy.", "It reduces accuracy.", 1),
        ("It outperforms LoRA.", "It underperforms LoRA.", 1),
        ("It is faster and cheaper.", "It is slower and costlier.", 1),
        ("It is faster.", "It is faster.", 0),
        ("It is faster.", "It speeds things up.", 0),
        ("It raises accuracy and lowers cost.", "It lowers cost and raises accuracy.", 0),
        ("It is unsupervised.", "It is supervised.", 1),
        ("It rolls.", "It swims.", 0),
    ],
)
def test_directions_that_are_turned_round(claim: str, evidence: str, times: int) -> None:
    assert turned(claim, evidence) == times
    assert sign("turned", claim, evidence) == times


@pytest.mark.parametrize(
    ("claim", "evidence", "negated"),
    [
        ("It does not roll.", "It rolls.", 1.0),
        ("It rolls.", "It never rolls.", 1.0),
        ("It works without labels.", "It works with labels.", 1.0),
        ("It doesn't roll.", "It rolls.", 1.0),
        ("It fails to roll.", "It rolls.", 1.0),
        ("It does not roll.", "It cannot roll.", 0.0),
        ("It rolls.", "It rolls.", 0.0),
        ("It notes the nose.", "It notes the nose.", 0.0),
    ],
)
def test_a_negation_on_one_side(claim: str, evidence: str, negated: float) -> None:
    assert sign("negated", claim, evidence) == negated


def test_amounts_and_names_are_counted_up_to_two() -> None:
    claim = "It needs 1, 2 and 3 of BERT, DoRA and GSM8K."
    assert sign("missing_amounts", claim, "It needs some.") == 2.0
    assert sign("missing_names", claim, "It needs some.") == 2.0
    assert sign("missing_amounts", claim, claim) == sign("missing_names", claim, claim) == 0.0


@pytest.mark.parametrize("claim", ["It doesn’t roll.", "It can’t roll."])
def test_a_negation_with_a_curly_apostrophe(claim: str) -> None:
    assert sign("negated", claim, "It rolls.") == 1.0


# --------------------------------------------------------------------------- whole texts


class Read:
    """A model of entailment that knows some texts, and takes all others to tell nothing."""

    def __init__(self, known: dict[str, tuple[float, float, float]]) -> None:
        self.known = known
        self.read: list[str] = []

    def probabilities(self, pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
        self.read += [text for text, _ in pairs]
        found = [self.known.get(text, (0.01, 0.01, 0.98)) for text, _ in pairs]
        return np.array(found, dtype=np.float32).reshape(len(pairs), 3)


def signs_by_name(claim: str, sentences: list[str], model: Read) -> dict[str, float]:
    (row,) = signs_of_sources([claim], [sentences], model)  # type: ignore[arg-type]
    return dict(zip(SIGNS, map(float, row), strict=True))


SENTENCES = ["Marbles are old.", "They roll fast.", "Cubes weigh 4 grams.", "They are not BERT."]


def test_of_a_whole_text_each_sentence_is_read_alone_and_with_the_next() -> None:
    model = Read({})
    signs_by_name("Marbles roll.", SENTENCES, model)
    assert model.read == [*SENTENCES, *(f"{one} {other}" for one, other in pairwise(SENTENCES))]
    assert signs_by_name("Marbles roll.", ["Marbles roll."], Read({"Marbles roll.": (0.9, 0.05, 0.05)}))["entailed"] > 2
    assert signs_of_sources([], [], model).shape == (0, len(SIGNS))  # type: ignore[arg-type]


def test_two_neighbours_carry_what_neither_does_alone() -> None:
    found = signs_by_name("Marbles roll.", SENTENCES, Read({"Marbles are old. They roll fast.": (0.9, 0.05, 0.05)}))
    assert found["entailed"] == pytest.approx(np.log(9), abs=0.01)
    assert found["words"] == 1.0


def test_against_a_claim_speaks_the_sentence_that_tells_of_it_wherever_it_stands() -> None:
    carried, denied = (0.8, 0.1, 0.1), (0.05, 0.9, 0.05)
    pair = {"Marbles are old. They roll fast.": carried}
    for_it = signs_by_name("Marbles roll.", SENTENCES, Read(pair | {SENTENCES[1]: carried}))
    against = signs_by_name("Marbles roll.", SENTENCES, Read(pair | {SENTENCES[1]: carried, SENTENCES[3]: denied}))
    assert for_it["entailed"] == against["entailed"]
    assert for_it["not_contradicted"] > 1 > against["not_contradicted"]


def test_amounts_and_names_may_stand_anywhere_in_a_whole_text() -> None:
    model = Read({})
    found = signs_by_name("BERT weighs 4 grams.", SENTENCES, model)
    assert (found["missing_amounts"], found["missing_names"]) == (0, 0)
    found = signs_by_name("DoRA weighs 5 grams.", SENTENCES, model)
    assert (found["missing_amounts"], found["missing_names"]) == (1, 1)


def test_of_a_long_text_the_sentences_with_words_of_the_claim_are_read() -> None:
    model = Read({})
    signs_by_name("Marbles roll.", [*(f"Number {number} is even." for number in range(40)), "Marbles roll."], model)
    assert "Marbles roll." in model.read
    assert len(model.read) < 33
