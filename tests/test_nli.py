"""A second opinion on claims: real CrossEncoder files, whose labels and words are made here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.errors import SettingsError
from rag.nli import Nli, with_second_opinion

PAIR = ("Fennel sorts 900 leaves an hour.", "Fennel sorts hundreds of leaves an hour.")
SURE_FROM = 0.9


def write_model(directory: Path, labels: Sequence[str], logits: Sequence[float]) -> str:
    """Write a small CrossEncoder that gives the labels these logits, whatever it reads; return its directory."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    from rag.embedding import load_default_model

    torch.manual_seed(0)
    tokenizer = load_default_model().tokenizer
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
        )
    )
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor(logits))
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return str(directory)


@pytest.fixture(scope="module")
def says_entailment(tmp_path_factory: pytest.TempPathFactory) -> Nli:
    labels = ["contradiction", "entailment", "neutral"]  # in the order of many such models, which is not ours
    return Nli(write_model(tmp_path_factory.mktemp("nli"), labels, [0.0, 3.0, -1.0]))


def test_the_labels_are_put_in_our_order(says_entailment: Nli) -> None:
    found = says_entailment.probabilities([PAIR, PAIR])
    assert found.shape == (2, 3)
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)
    assert found[0, 0] > found[0, 1] > found[0, 2]


def test_a_model_of_two_labels_will_do(tmp_path: Path) -> None:
    found = Nli(write_model(tmp_path, ["entailment", "not_entailment"], [2.0, 0.0])).probabilities([PAIR])
    assert found[0] == pytest.approx([0.881, 0.0, 0.119], abs=1e-3)


def test_nothing_to_read_is_no_error(says_entailment: Nli) -> None:
    assert says_entailment.probabilities([]).shape == (0, 3)


def test_only_the_grey_zone_is_decided(says_entailment: Nli) -> None:
    def ours(claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str]) -> NDArray[np.float64]:
        return np.array([0.02, 0.5, 0.95])

    found = with_second_opinion(ours, says_entailment, SURE_FROM)([PAIR[1]] * 3, [PAIR[0]] * 3, [PAIR[0]] * 3)
    assert found == pytest.approx([0.02, 0.936, 0.95], abs=1e-3)


def test_a_model_that_is_not_there_is_one_line_that_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"CITEBOT_NLI: .*cannot be loaded.*directory") as raised:
        Nli(str(tmp_path / "missing"))
    assert "\n" not in str(raised.value)


def test_a_model_with_other_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="labels positive, negative, neutral; needed are entailment"):
        Nli(write_model(tmp_path, ["positive", "negative", "neutral"], [0.0, 0.0, 0.0]))
