"""The adapter for questions in other words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from rag.embedding import Embedder, load_default_model
from rag.library import Library
from rag.low_rank import AdaptedEncoder
from rag.question_adapter import QuestionAdapter, trained_adapter
from rag.settings import load_settings

QUESTION = "How do marbles sound when they fall?"


def test_the_adapter_moves_a_question_but_not_far(starter: Library) -> None:
    before = starter.embedder.encode_question(QUESTION)
    after = starter.embedder.encode_description(QUESTION)
    assert after.shape == before.shape
    assert after.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(after), 1.0, rtol=1e-5)
    assert 0.3 < float(before @ after) < 0.999


def test_the_export_gives_what_the_torch_model_with_the_adapter_gives() -> None:
    embedder = Embedder(load_settings())
    adapter = trained_adapter(embedder.card.name, embedder.card.revision)
    assert adapter is not None
    model = load_default_model()
    encoder = AdaptedEncoder.with_adapter(model, adapter).eval()
    pieces = model.tokenizer([QUESTION], return_tensors="pt")
    with torch.no_grad():
        adapted, plain = (
            encoder(pieces["input_ids"], pieces["attention_mask"], torch.tensor([share])).numpy()[0]
            for share in (1.0, 0.0)
        )
    np.testing.assert_allclose(embedder.encode_description(QUESTION), adapted, atol=1e-4)
    np.testing.assert_allclose(embedder.encode_question(QUESTION), plain, atol=1e-4)


def test_a_model_without_an_adapter_reads_descriptions_as_it_reads_all(starter: Library) -> None:
    card = starter.embedder.card
    assert trained_adapter("another-model", card.revision) is None
    assert trained_adapter(card.name, "another revision") is None


def test_an_adapter_is_written_and_read_whole(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0)
    factors = tuple(
        (numbers.normal(size=(2, 5)).astype(np.float32), numbers.normal(size=(3, 2)).astype(np.float32))
        for _ in range(11)
    )
    adapter = QuestionAdapter("model 1", factors, numbers.normal(size=(4, 4)).astype(np.float32))
    adapter.write(tmp_path / "adapter.npz")
    with (tmp_path / "adapter.npz").open("rb") as file:
        found = QuestionAdapter.read(file)
    assert found.model == "model 1"
    np.testing.assert_allclose(found.matrix, adapter.matrix, rtol=1e-3)
    for (a, b), (found_a, found_b) in zip(factors, found.factors, strict=True):
        np.testing.assert_allclose(found_a, a, rtol=1e-3)
        np.testing.assert_allclose(found_b, b, rtol=1e-3)


def test_a_new_adapter_changes_nothing_and_touches_every_layer_of_the_encoder() -> None:
    model = load_default_model()
    pieces = model.tokenizer([QUESTION], return_tensors="pt")
    with torch.no_grad():
        before = model({**pieces})["sentence_embedding"]
        encoder = AdaptedEncoder(model, 384, rank=4).eval()
        after = encoder(pieces["input_ids"], pieces["attention_mask"], torch.ones(1))
    torch.testing.assert_close(after, torch.nn.functional.normalize(before, dim=1), atol=1e-5, rtol=1e-4)
    assert len(encoder.layers) == 36  # six in each of six blocks
    assert encoder.adapter("model").factors[0][0].shape == (4, 384)
