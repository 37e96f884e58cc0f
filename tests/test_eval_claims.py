"""Claims, their training and their score in eval/: the pure parts, on data small enough to check by hand."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from sklearn.linear_model import LogisticRegression

from eval import claims as claims_module
from eval import entailment, support
from eval.changed_sentences import changed, changed_sentences, lightly_edited
from eval.claims import CONTRADICTED, EXPERTQA, NOT_ENOUGH, PARTS, SCIFACT, SUPPORTED, Pair, SourcedClaim
from eval.signed_regression import SignedRegression
from eval.training import batches_of_like_length
from rag.entailment import LABELS
from rag.low_rank import PairClassifier
from rag.support import SIGNS


def claim(text: str, label: str = SUPPORTED, source: str = "a") -> SourcedClaim:
    return SourcedClaim(text, label, source, ("Marbles roll.", "Cubes do not.", "Cones roll in circles."), (1,))


# --------------------------------------------------------------------------- our claims


def test_our_claims_are_well_formed() -> None:
    lines = claims_module._OURS.read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    assert len(items) == 4800
    of_paper = Counter((item["id"], item["label"]) for item in items)
    assert len(of_paper) == 800 * len(LABELS)
    assert set(of_paper.values()) == {2}
    assert len({(item["id"], item["claim"]) for item in items}) == len(items)
    assert all(item["sentences"] and min(item["sentences"]) >= 1 for item in items)
    assert {label for _, label in of_paper} == set(LABELS)


def test_our_biomedical_claims_are_well_formed(shared: Path) -> None:
    items = [json.loads(line) for line in claims_module._BIOMEDICAL.read_text(encoding="utf-8").splitlines()]
    of_paper = Counter((item["id"], item["label"]) for item in items)
    assert len(items) == 12_000
    assert Counter((label, count) for (_, label), count in of_paper.items()) == {
        (SUPPORTED, 2): 2400, (CONTRADICTED, 2): 2400, (NOT_ENOUGH, 1): 2400,
    }  # fmt: skip
    assert len({(item["id"], item["claim"]) for item in items}) == len(items)
    claims = claims_module.read_biomedical(shared / "data" / "scifact")
    assert len(claims) == len(items)
    assert all(0 < place < len(each.sentences) for each in claims for place in each.cited)  # 0 is the title
    asked_by_others = {each.source for each in claims_module.read_others(shared / "data" / "grounding", SCIFACT)}
    assert not asked_by_others & {each.source for each in claims}


def test_our_biomedical_twins_are_well_formed(shared: Path) -> None:
    items = [json.loads(line) for line in claims_module._BIOMEDICAL_TWINS.read_text(encoding="utf-8").splitlines()]
    for start in range(0, len(items), 10):
        of_paper = items[start : start + 10]
        assert [item["label"] for item in of_paper] == [SUPPORTED, CONTRADICTED] * 4 + [NOT_ENOUGH] * 2
        assert len({item["id"] for item in of_paper}) == 1
        assert len({item["claim"] for item in of_paper}) == 10
        for true, false in zip(of_paper[:8:2], of_paper[1:8:2], strict=True):
            assert true["sentences"] == false["sentences"]
            assert true["how"] == false["how"]
    claims = claims_module.read_biomedical_twins(shared / "data" / "scifact")
    assert len(claims) == len(items) == 21_140
    assert all(0 < place < len(each.sentences) for each in claims for place in each.cited)  # 0 is the title
    asked_by_others = {each.source for each in claims_module.read_others(shared / "data" / "grounding", SCIFACT)}
    others = asked_by_others | {each.source for each in claims_module.read_biomedical(shared / "data" / "scifact")}
    assert not others & {each.source for each in claims}


def test_our_claims_name_sentences_that_their_abstracts_have(shared: Path) -> None:
    claims = claims_module.read_ours(shared / "data" / "arxiv" / "arxiv_116k.jsonl.gz")
    assert len(claims) == 4800
    assert all(0 <= place < len(each.sentences) for each in claims for place in each.cited)


def test_claims_are_read_with_the_abstracts_plain_and_without_those_that_are_missing(tmp_path: Path) -> None:
    entry = {"id": "1", "title": "On\n $\\alpha$-marbles", "categories": "cs.CL"}
    entry["abstract"] = " Marbles roll by 5\\%\n of the slope. Cubes do not roll at all. "
    arxiv = tmp_path / "arxiv.jsonl"
    arxiv.write_text(json.dumps(entry) + "\n", encoding="utf-8")
    file = tmp_path / "claims.jsonl"
    items = [{"id": key, "sentences": [2], "claim": "Cubes roll.", "label": "contradicted"} for key in ("1", "2")]
    file.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    (read,) = claims_module.read_ours(arxiv, file)
    assert read.sentences == ("Marbles roll by 5% of the slope.", "Cubes do not roll at all.")
    assert read.text(read.cited) == "Cubes do not roll at all."
    assert read.whole_source == "On α-marbles. Marbles roll by 5% of the slope. Cubes do not roll at all."
    assert (read.claim, read.label, read.source) == ("Cubes roll.", CONTRADICTED, "1")


def test_parts_follow_the_order_of_the_sources() -> None:
    claims = [claim("x", source=source) for source in "ddccbbaaeeffgghh"]
    assert claims_module.part_of(claims) == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert max(claims_module.part_of(claims)) == PARTS - 1


# --------------------------------------------------------------------------- claims of others


def test_claims_of_others_are_read_with_the_sentences_of_their_source(tmp_path: Path) -> None:
    entry = {"claim": "Cubes roll.", "label": "not_enough", "source": "A heading\nMarbles roll. Cones roll in circles."}
    with gzip.open(tmp_path / SCIFACT, "wt", encoding="utf-8") as file:
        file.write(json.dumps(entry | {"doc_id": "7"}) + "\n" + json.dumps(entry) + "\n")
    known, unknown = claims_module.read_others(tmp_path, SCIFACT)
    assert known.sentences == ("A heading", "Marbles roll.", "Cones roll in circles.")
    assert (known.source, unknown.source) == ("7", entry["source"])
    assert known.text([2, 0]) == "Cones roll in circles. A heading"


def test_every_source_is_held_out_once_and_its_claims_are_not_trained_on() -> None:
    claims = [claim(f"claim {number // 2}", source=str(number)) for number in range(40)]
    parts = claims_module.folds(claims, 5)
    assert sorted(each.source for _, held_out in parts for each in held_out) == sorted(each.source for each in claims)
    for trained, held_out in parts:
        assert len(held_out) == 8
        assert len(trained) >= 24
        assert not {each.source for each in trained} & {each.source for each in held_out}
        assert not {each.claim for each in trained} & {each.claim for each in held_out}
    assert parts == claims_module.folds(claims, 5)


class AxisEmbedder:
    """Encodes a text as the share of its words that are "marble", "cube" or neither."""

    def encode(self, texts: list[str]) -> np.ndarray:
        words = [text.lower().strip(".").split() for text in texts]
        counts = np.array([[its.count("marble"), its.count("cube"), 0.1] for its in words])
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_the_nearest_sentences_come_first_whatever_their_place() -> None:
    sentences = ("Nothing.", "A cube and a marble.", "A marble.")
    asked = [SourcedClaim("marble", SUPPORTED, "a", sentences), SourcedClaim("cube", SUPPORTED, "b", sentences[:2])]
    first, second = claims_module.nearest_sentences(asked, AxisEmbedder(), 2)  # type: ignore[arg-type]
    assert [place for place, _ in first] == [2, 1]
    assert first[0][1] == pytest.approx(1.0)
    assert [place for place, _ in second] == [1, 0]


def test_of_long_pages_only_sentences_with_words_of_the_claim_are_encoded() -> None:
    sentences = (*(f"marble {number}" for number in range(100)), "the marble is red")
    (found,) = claims_module.nearest_sentences(
        [SourcedClaim("a red marble", SUPPORTED, "a", sentences)],
        AxisEmbedder(),  # type: ignore[arg-type]
        200,
    )
    places = [place for place, _ in found]
    assert len(places) == claims_module._MOST_ENCODED
    assert 100 in places


# --------------------------------------------------------------------------- changed sentences

RNG_SEEDS = range(30)


def all_changes(sentence: str) -> set[str | None]:
    return {changed(sentence, random.Random(seed)) for seed in RNG_SEEDS}


@pytest.mark.parametrize(
    ("sentence", "false"),
    [
        ("Marbles increase speed.", {"Marbles decrease speed."}),
        ("Higher slopes help.", {"Lower slopes help."}),
        ("It does not roll.", {"It does roll."}),
        ("Cubes cannot roll.", {"Cubes can roll."}),
        ("There were no cones.", {"There were a cones."}),
        ("It has been rolled.", {"It has not been rolled."}),
        ("Marbles roll.", {None}),
        ("GPT-4 and Llama2 roll.", {None}),
    ],
)
def test_a_sentence_is_changed_in_one_place(sentence: str, false: set[str | None]) -> None:
    assert all_changes(sentence) == false


def test_a_number_is_changed_to_another() -> None:
    for said in all_changes("Gains of 12 points."):
        assert said is not None
        number = said.removeprefix("Gains of ").removesuffix(" points.")
        assert number.isdigit()
        assert number != "12"
    assert "Gains of 0.6 points." in all_changes("Gains of 1.2 points.")
    assert all_changes("Gains of 0 points.") == {"Gains of 7 points."}


def test_an_edited_sentence_keeps_what_it_says() -> None:
    sentence = "However, marbles (of glass) roll down every slope in the yard, suggesting that they are round."
    edited = {lightly_edited(sentence, random.Random(seed)) for seed in RNG_SEEDS}
    assert edited == {
        "Marbles roll down every slope in the yard.",
        "Marbles roll down every slope in the yard, suggesting that they are round.",
    }
    assert lightly_edited("Marbles roll.", random.Random(0)) == "Marbles roll."


def test_pairs_of_changed_sentences_carry_the_right_label() -> None:
    abstract = [f"In trial {number} the marble was faster than any cube of the same weight." for number in "ABC"]
    pairs = [pair for seed in RNG_SEEDS for pair in changed_sentences([abstract], random.Random(seed))]
    assert {pair.label for pair in pairs} == set(LABELS)
    for text, said, label in pairs:
        if label == SUPPORTED:
            assert text == said
        elif label == CONTRADICTED:
            assert text != said
            assert text[:10] == said[:10]
        else:
            assert text[:10] != said[:10]


def test_abstracts_that_are_too_short_or_cannot_be_changed_give_no_pairs() -> None:
    too_short = ["The marble was faster than any cube of the same weight."]
    unchangeable = [f"Marbles {number} roll along slopes past what stands there" for number in "ABC"]
    assert not list(changed_sentences([too_short, unchangeable], random.Random(0)))


# --------------------------------------------------------------------------- training


def test_the_claim_alone_predicts_the_label_of_claims_it_was_not_trained_on() -> None:
    words = {SUPPORTED: "marbles roll", CONTRADICTED: "marbles never roll", NOT_ENOUGH: "marbles dream of sheep"}
    claims = [claim(f"{words[label]} {number}", label, str(number)) for number in range(20) for label in LABELS]
    bias = entailment.claim_only_bias(claims, claims_module.part_of(claims))
    assert bias.shape == (60, 3)
    assert [LABELS[index] for index in bias.argmax(axis=1)] == [each.label for each in claims]
    np.testing.assert_allclose(np.exp(bias).sum(axis=1), 1, atol=0.01)


def test_a_carried_claim_beside_another_sentence_is_not_carried() -> None:
    claims = [claim(f"cubes do not roll {number}", LABELS[number % 3], str(number)) for number in range(150)]
    found = list(entailment.examples_of_ours(claims, claims_module.part_of(claims), random.Random(0)))
    beside = [each.pair for each in found if not each.bias.any()]
    assert 20 < len(beside) < 40
    assert all(pair.label == NOT_ENOUGH and "Cubes" not in pair.text for pair in beside)
    assert [each.pair.label for each in found if each.bias.any()] == [each.label for each in claims]


def test_a_claim_put_to_another_source_is_put_to_the_nearest_one_which_does_not_tell() -> None:
    sources = {"a": "A marble.", "b": "Marble and marble and cube.", "c": "Cube cube cube."}
    asked = [SourcedClaim("marble", SUPPORTED, key, (text,), (0,)) for key, text in sources.items()]
    moved = entailment.beside_another_source(asked, AxisEmbedder())  # type: ignore[arg-type]
    assert [each.source for each in moved] == ["b", "a", "a"]
    assert {each.label for each in moved} == {NOT_ENOUGH}
    assert moved[0].sentences == (sources["b"],)


def test_what_may_decide_a_claim_is_the_two_nearest_sentences_and_each_alone() -> None:
    about = claim("x")
    assert entailment.candidate_texts(about, [2, 0]) == [
        "Marbles roll. Cones roll in circles.",
        "Cones roll in circles.",
        "Marbles roll.",
    ]
    assert entailment.candidate_texts(about, [1]) == ["Cubes do not."]


def test_a_paper_title_stands_before_some_of_the_texts() -> None:
    claims = [
        SourcedClaim(f"cubes {number}", LABELS[number % 3], str(number), ("Cubes do not roll.",), (0,), "On cubes")
        for number in range(40)
    ]
    found = entailment.examples_of_ours(claims, claims_module.part_of(claims), random.Random(0))
    assert {each.pair.text for each in found} == {"Cubes do not roll.", "On cubes. Cubes do not roll."}


def test_batches_hold_examples_of_like_length_once_each() -> None:
    batches = batches_of_like_length(["x" * number for number in range(200)], len, 48, random.Random(0))
    lengths = [[len(text) for text in batch] for batch in batches]
    assert [len(batch) for batch in batches] == [48] * 4
    assert len({length for batch in lengths for length in batch}) == 192
    assert all(max(batch) - min(batch) < 60 for batch in lengths)


SHOWN = {SUPPORTED: "The marble is red.", CONTRADICTED: "The marble is not red.", NOT_ENOUGH: "Cubes are heavy."}
SHOWN_PAIRS = [Pair(text, "The marble is red.", label) for label, text in SHOWN.items()]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Steps as small as these take longer on several threads than on one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def reader(tmp_path: Path, one_thread: None) -> entailment.PairReader:
    """A reader with a tiny encoder, made up, that knows a dozen words."""
    from transformers import BertConfig, BertModel, BertTokenizer

    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("\n".join("[PAD] [UNK] [CLS] [SEP] [MASK] the marble is red not cubes are heavy .".split()))
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=16,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.5,
    )
    return entailment.PairReader(PairClassifier(BertModel(shape), 32, 8, len(LABELS)), BertTokenizer(str(vocabulary)))


def right_labels(reader: entailment.PairReader, bias: dict[str, np.ndarray]) -> np.ndarray:
    """Return the probabilities of the right labels after a training with these biases by label."""
    examples = [entailment.Example(pair, bias[pair.label]) for pair in SHOWN_PAIRS] * 16
    entailment.train(reader, examples, 150, random.Random(0), Console(quiet=True))
    return np.diagonal(reader.probabilities(SHOWN_PAIRS))


def test_training_learns_what_texts_say_of_a_claim(reader: entailment.PairReader) -> None:
    before = [layer.linear.weight.clone() for layer in reader.classifier.layers]
    assert (right_labels(reader, dict.fromkeys(LABELS, np.zeros(3, dtype=np.float32))) > 0.7).all()
    for layer, weight in zip(reader.classifier.layers, before, strict=True):
        torch.testing.assert_close(layer.linear.weight, weight)


def test_training_leaves_to_the_bias_what_it_explains(reader: entailment.PairReader) -> None:
    sure = {label: np.where(np.eye(3)[place] == 1, 0.0, -5.0).astype(np.float32) for place, label in enumerate(LABELS)}
    assert (right_labels(reader, sure) < 0.6).all()


def test_which_text_of_a_source_decides_is_learnt_from_the_label_of_the_whole(reader: entailment.PairReader) -> None:
    texts = {
        SUPPORTED: ("Cubes are heavy.", "The marble is red."),
        CONTRADICTED: ("The marble is not red.", "Cubes are heavy."),
        NOT_ENOUGH: ("Cubes are heavy.", "Cubes are not heavy."),
    }
    bags = [entailment.Bag(its, "The marble is red.", label) for label, its in texts.items()] * 8
    entailment.fine_tune(reader, bags, [], 300, random.Random(0), Console(quiet=True))
    found = [LABELS[place] for place in reader.probabilities(SHOWN_PAIRS).argmax(axis=1)]
    assert found == [pair.label for pair in SHOWN_PAIRS]
    assert entailment.best_probabilities(reader, bags[:3]).argmax(axis=1)[[0, 2]].tolist() == [0, 2]


# --------------------------------------------------------------------------- the regression


def test_with_free_directions_the_regression_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(80, 3))
    labels = table @ [1.0, -2.0, 0.5] + rng.normal(size=80) > 0
    ours, theirs = SignedRegression([0, 0, 0]).fit(table, labels), LogisticRegression().fit(table, labels)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
    np.testing.assert_allclose(ours.predict_proba(table), theirs.predict_proba(table), atol=1e-3)


def test_rows_that_weigh_twice_count_as_if_they_stood_there_twice() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(200, 2))
    labels = table[:, 0] + rng.normal(size=200) > 0
    weights = np.where(np.arange(200) < 50, 2.0, 1.0)
    weighted = SignedRegression([0, 0]).fit(table, labels, weights)
    repeated = SignedRegression([0, 0]).fit(np.concatenate([table, table[:50]]), np.concatenate([labels, labels[:50]]))
    assert weighted.coef_ == pytest.approx(repeated.coef_, abs=1e-3)


def test_every_set_weighs_the_same() -> None:
    weights = support.equal_weights([measured([SUPPORTED] * 3, [0.5] * 3), measured([SUPPORTED], [0.5])])
    assert weights == pytest.approx([2 / 3] * 3 + [2.0])


def test_a_weight_never_goes_against_its_direction() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(80, 2))
    labels = table @ [2.0, -2.0] > 0
    assert SignedRegression([1, 1]).fit(table, labels).coef_[0, 1] == 0
    assert SignedRegression([-1, -1]).fit(table, labels).coef_[0, 0] == 0
    assert SignedRegression([1, -1]).fit(table, labels).coef_[0, 1] < -1


# --------------------------------------------------------------------------- the score


def test_of_a_large_set_the_same_claims_are_measured_each_time() -> None:
    claims = [claim(f"claim {number}", source=str(number)) for number in range(600)]
    chosen = support.some_of(claims, EXPERTQA)
    assert len({each.claim for each in chosen}) == 500
    assert chosen == support.some_of(claims, EXPERTQA)
    assert support.some_of(claims, SCIFACT) == claims


def measured(labels: list[str], scores: list[float]) -> support.Measured:
    """Return claims of which the first sign is given, the others being 0."""
    signs = np.zeros((len(labels), len(SIGNS)), dtype=np.float32)
    signs[:, 0] = scores
    claims = [claim(f"claim {number}", label, str(number)) for number, label in enumerate(labels)]
    return support.Measured(claims, signs, np.zeros(len(labels)), np.zeros(len(labels)))


def test_cross_validated_scores_rise_with_a_sign_that_tells_and_not_without_it() -> None:
    rng = np.random.default_rng(0)
    labels = [SUPPORTED if number % 2 else NOT_ENOUGH for number in range(60)]
    scores = [float(rng.normal(2 * (label == SUPPORTED), 0.5)) for label in labels]
    sets = [measured(labels, scores), measured(labels[:20], scores[:20])]
    weights = support.equal_weights(sets)
    found = support.cross_validated(sets, weights, range(len(SIGNS)))
    assert [len(each) for each in found] == [60, 20]
    assert support.aurocs(found[0], np.array(labels))[0] > 0.95
    blind = support.cross_validated(sets, weights, range(1, len(SIGNS)))
    assert abs(support.aurocs(blind[0], np.array(labels))[0] - 0.5) < 0.2


def test_the_threshold_lets_at_most_the_given_share_pass() -> None:
    scores = np.linspace(0, 1, 101)
    carried = np.zeros(101, dtype=bool)
    for share in (0.0, 0.02, 0.5):
        threshold = support.threshold_that_passes(scores, carried, share)
        assert (scores >= threshold).sum() == int(share * 101)
    tied = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    assert (tied >= support.threshold_that_passes(tied, np.zeros(5, dtype=bool), 0.4)).sum() == 1


def test_aurocs_take_contradicted_and_not_enough_apart() -> None:
    labels = np.array([SUPPORTED, CONTRADICTED, NOT_ENOUGH, "partial"])
    everything, contradicted, not_enough = support.aurocs(np.array([0.5, 0.9, 0.1, 0.2]), labels)
    assert (everything, contradicted, not_enough) == pytest.approx((2 / 3, 0, 1))
    assert np.isnan(support.aurocs(np.array([0.5, 0.2]), np.array([SUPPORTED, "partial"]))[1])


def test_precision_and_recall_at_a_threshold() -> None:
    scores, carried = np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, False, True, False])
    assert support.precision_and_recall(scores, carried, 0.5) == (0.5, 0.5)
    precision, recall = support.precision_and_recall(scores, carried, 0.95)
    assert np.isnan(precision)
    assert recall == 0
