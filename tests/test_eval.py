"""The scripts in eval/: their pure parts, on data small enough to check by hand."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import rag
from eval import dual_encoder, membership, question_adapter, regressions, sentence_choice
from eval.answerability import read_questions, threshold_for
from eval.arxiv import arxiv_papers
from rag.catalogue import StoredVectors
from rag.library import Library
from rag.membership import SIGNS
from rag.regression import Regression
from rag.sentence_choice import LEAST as SURELY_NOT
from rag.sentence_choice import SIGNS as SENTENCE_SIGNS

# --------------------------------------------------------------------------- regressions


def test_a_fitted_regression_and_its_file_give_the_same_probabilities() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(3, 2, size=(60, 2))
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, table[:, 0] > table[:, 1])
    fields = regressions.as_fields(fitted, ("one", "other"), 0.4, first=0.6)
    assert list(fields["weights"]) == ["one", "other"]
    assert (fields["threshold"], fields["first"]) == (0.4, 0.6)
    model = Regression(np.array(list(fields["weights"].values())), fields["intercept"], fields["threshold"])
    np.testing.assert_allclose(model.probability(table), fitted.predict_proba(table)[:, 1], atol=0.002)


def test_a_model_is_written_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(rag, "__file__", str(tmp_path / "__init__.py"))
    fields = {"weights": {"one": 1.5}, "intercept": 0.1, "threshold": 0.4}
    written = regressions.write_model("marbles", fields)
    assert written == tmp_path / "models" / "marbles.json"
    assert json.loads(written.read_text(encoding="utf-8")) == fields


def test_the_threshold_declines_the_given_share_of_the_answerable() -> None:
    probabilities = np.linspace(0, 1, 101)
    answerable = probabilities >= 0.5
    threshold = threshold_for(probabilities, answerable, 0.1)
    assert threshold == pytest.approx(0.55)


def test_questions_are_read_in_the_order_of_the_files(tmp_path: Path) -> None:
    files = [tmp_path / "b.jsonl", tmp_path / "a.jsonl"]
    for number, file in enumerate(files):
        file.write_text(f'{{"id": {2 * number}}}\n{{"id": {2 * number + 1}}}\n', encoding="utf-8")
    assert [item["id"] for item in read_questions(files)] == [0, 1, 2, 3]


# --------------------------------------------------------------------------- membership


def f1(probabilities: list[float], labels: list[int], topics: list[int], first: float = 0.0) -> float:
    return membership.mean_f1(np.array(probabilities), np.array(labels), np.array(topics), 0.5, first)


def test_f1_of_lists_that_are_right_wrong_and_half_right() -> None:
    assert f1([0.9, 0.8, 0.1], [1, 1, 0], [0, 0, 0]) == 1
    assert f1([0.1, 0.2, 0.9], [1, 1, 0], [0, 0, 0]) == 0
    assert f1([0.9, 0.2, 0.1], [1, 1, 0], [0, 0, 0]) == pytest.approx(2 / 3)
    assert f1([0.9, 0.1, 0.1, 0.9], [1, 0, 1, 0], [0, 0, 1, 1]) == pytest.approx(0.5)


def test_arguable_papers_neither_help_nor_hurt() -> None:
    assert f1([0.9, 0.9, 0.1], [1, -1, 0], [0, 0, 0]) == f1([0.9, 0.1, 0.1], [1, -1, 0], [0, 0, 0]) == 1


def test_an_empty_list_is_right_where_nothing_belongs() -> None:
    assert f1([0.1, 0.2], [0, 0], [0, 0]) == 1
    assert f1([0.6, 0.2], [0, 0], [0, 0]) == 0
    assert f1([0.6, 0.2], [0, 0], [0, 0], first=0.7) == 1


def test_the_table_has_a_row_a_paper_and_topic(starter: Library) -> None:
    items = [
        {
            "question": "which papers are about music?",
            "gold_papers": ["JEN-1 DreamStyler: Customized Musical Concept Learning via Pivotal Parameters Tuning"],
            "acceptable_papers": ["LongLoRA: Efficient Fine-tuning of Long-Context Large Language Models"],
        },
        {"question": "which papers are about cooking?", "gold_papers": []},
    ]
    rows, labels, topics = membership.table_of(items, starter)
    assert rows.shape == (len(labels), len(SIGNS))
    assert len(labels) == len(topics)
    assert [int((labels[topics == 0] == label).sum()) for label in (1, -1)] == [1, 1]
    assert set(labels[topics == 1]) == {0}


# --------------------------------------------------------------------------- adapters

# Three papers along three axes; the second sentence of the last points at the first axis, too.
AXES = torch.eye(3)
POOL = question_adapter.Pool(AXES, torch.stack([*AXES, AXES[0]]), torch.tensor([0, 1, 2, 2]))


def test_nearness_is_the_mean_of_abstract_and_best_sentence() -> None:
    nearness = POOL.nearness(torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8]]))
    torch.testing.assert_close(nearness, torch.tensor([[1.0, 0.0, 0.5], [0.0, 0.6, 0.8]]))


def test_a_pool_takes_abstracts_and_sentences_apart() -> None:
    vectors = np.eye(4, dtype=np.float32)
    stored = StoredVectors(["a", "b"], np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), vectors)
    pool = question_adapter.Pool.of(stored)
    np.testing.assert_array_equal(pool.abstracts.numpy(), vectors[[0, 2]])
    np.testing.assert_array_equal(pool.sentences.numpy(), vectors[[1, 3]])
    assert pool.owners.tolist() == [0, 1]


def test_the_share_of_questions_whose_paper_is_among_the_first() -> None:
    questions = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8]])
    assert question_adapter.found_within(questions, torch.tensor([0, 2]), POOL) == [1.0, 1.0, 1.0]
    assert question_adapter.found_within(questions, torch.tensor([2, 1]), POOL) == [0.0, 1.0, 1.0]
    assert question_adapter.found_within(questions, torch.tensor([0, 1]), POOL) == [0.5, 1.0, 1.0]


def test_batches_are_of_neighbours_and_have_no_paper_twice() -> None:
    angles = torch.cat([torch.linspace(0, 0.3, 6), torch.linspace(1.5, 1.8, 6)])
    vectors = torch.stack([angles.cos(), angles.sin()], dim=1)
    batches = dual_encoder.batches_of_neighbours(vectors, 3, random.Random(0))
    assert len(batches) == 4
    assert sorted(number for batch in batches for number in batch) == list(range(12))
    assert all(len({number // 6 for number in batch}) == 1 for batch in batches)


def test_papers_held_out_are_some_of_those_that_the_question_adapter_is_asked_about() -> None:
    held_out = question_adapter.held_out_papers()
    assert len(held_out) == 719
    assert held_out < {item["id"] for item in question_adapter.read_questions("arxiv-other-words.jsonl")}


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_wanted_papers_and_others_are_read_from_metadata(tmp_path: Path, suffix: str) -> None:
    entries = [
        {
            "id": f"{n}",
            "title": f"Marbles\n {n}",
            "abstract": " They roll. ",
            "categories": "cs.CL" if n < 4 else "math",
        }
        for n in range(6)
    ]
    text = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
    file = tmp_path / f"arxiv{suffix}"
    file.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    assert list(arxiv_papers(file, {"5"}, 0)) == ["5"]
    papers = arxiv_papers(file, {"1", "5"}, 2)
    assert set(papers) > {"1", "5"}
    assert set(papers) < {"0", "1", "2", "3", "5"}
    assert (papers["1"].title, papers["1"].abstract) == ("Marbles 1", "They roll.")
    assert papers == arxiv_papers(file, {"1", "5"}, 2)


# --------------------------------------------------------------------------- the choice of a sentence


def choices() -> sentence_choice.Data:
    """Return twenty questions with five sentences each; one answers, and its cosine alone says so."""
    generator = torch.Generator().manual_seed(0)
    signs = torch.zeros(20, 5, len(SENTENCE_SIGNS))
    wanted = torch.zeros(20, 5)
    for question in range(20):
        wanted[question, question % 5] = 1.0
        signs[question, question % 5, SENTENCE_SIGNS.index("cosine")] = 1.0
    vectors = torch.nn.functional.normalize(torch.randn(20, 6, 4, generator=generator), dim=-1)
    texts = [(f"question {number}", [f"sentence {place}" for place in range(5)]) for number in range(20)]
    return sentence_choice.Data(
        signs,
        torch.zeros(20, 5),
        wanted,
        vectors[:, 0],
        vectors[:, 1:],
        torch.arange(20) % 4,
        texts,
        torch.ones(20) > 0,
    )


def found_within(data: sentence_choice.Data, **options: Any) -> list[float]:
    return sentence_choice.found_within(sentence_choice.cross_validated(data, **options), data.wanted)


def test_the_sentence_that_answers_is_chosen_where_a_sign_tells() -> None:
    assert found_within(choices(), with_matrix=False) == [1.0, 1.0, 1.0, 1.0]


def test_without_the_sign_that_tells_the_choice_is_worse_and_the_data_is_as_before() -> None:
    data = choices()
    before = data.signs.clone()
    assert found_within(data, without="cosine", with_matrix=False)[0] < 0.7
    torch.testing.assert_close(data.signs, before)


def test_scores_are_signs_and_likeness_and_never_padding() -> None:
    data = choices()
    data.padding[:, 4] = -1e9
    rows = torch.tensor([0, 4])
    weights = torch.zeros(len(SENTENCE_SIGNS))
    weights[SENTENCE_SIGNS.index("cosine")] = 2.0
    plain = sentence_choice.scores(data, rows, weights, torch.zeros(4, 4))
    assert plain[0].tolist()[:4] == [2.0, 0.0, 0.0, 0.0]
    assert (plain[:, 4] < -1e8).all()
    with_matrix = sentence_choice.scores(data, rows, weights * 0, torch.eye(4))
    likeness = data.sentences[0, 0] @ data.questions[0]
    torch.testing.assert_close(with_matrix[0, 0], 10 * likeness)


class KnowsTheAnswer:
    """A reader that is sure of the sentence whose number is the question's, of five."""

    def logits(self, question: str, sentences: list[str]) -> np.ndarray:
        answer = f"sentence {int(question.split()[1]) % 5}"
        return np.array([0.0, *(3.0 if each == answer else -3.0 for each in sentences)], dtype=np.float32)


def test_a_reader_that_knows_counts_more_than_scores_that_do_not() -> None:
    data = choices()
    rows = torch.arange(20)
    found = torch.rand(20, 5, generator=torch.Generator().manual_seed(1))
    read = sentence_choice.log_shares(data, rows, found, KnowsTheAnswer())
    assert read.argmax(dim=1).tolist() == [number % 5 for number in range(20)]
    assert read.min() == pytest.approx(SURELY_NOT)
    of_scores, of_reader = sentence_choice.fit_reading(found, read, data, rows).tolist()
    assert of_reader > 1 > abs(of_scores)


def test_training_weighs_a_sign_that_tells_more() -> None:
    weights, matrix = sentence_choice.train(choices(), torch.arange(20), with_matrix=False)
    start = torch.tensor([sentence_choice._START.get(sign, 0.0) for sign in SENTENCE_SIGNS])
    assert weights[0] > start[0]
    torch.testing.assert_close(weights[1:], start[1:])
    assert not matrix.any()
