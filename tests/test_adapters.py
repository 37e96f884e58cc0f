"""The adapters for questions in other words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rag.adapters import Adapter, trained_adapters
from rag.embedding import Embedder, load_default_model
from rag.library import Library
from rag.low_rank import AdaptedEncoder
from rag.settings import load_settings

QUESTION = "How do marbles sound when they fall?"


def test_the_vectors_of_a_question_differ_but_not_by_much(starter: Library) -> None:
    embedder = starter.embedder
    plain, described = embedder.encode_question(QUESTION), embedder.encode_description(QUESTION)
    query, topic = embedder.encode_query(QUESTION), embedder.encode_topic(QUESTION)
    for vector in (plain, described, query, topic):
        assert vector.shape == (384,)
        assert vector.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vector), 1.0, rtol=1e-5)
    assert 0.3 < float(plain @ described) < 0.999
    assert abs(float(described @ query)) < 0.999
    assert float(topic @ plain) == pytest.approx(float(topic @ described), abs=1e-5)


def test_the_export_gives_what_the_torch_model_with_each_adapter_gives() -> None:
    embedder = Embedder(load_settings())
    adapters = trained_adapters(embedder.card.name, embedder.card.revision)
    assert len(adapters) == 3
    found = [
        embedder.encode_question(QUESTION),
        embedder.encode_description(QUESTION),
        embedder.encode_query(QUESTION),
        embedder.encode_documents([QUESTION])[0],
    ]
    for place, vector in enumerate(found):
        model = load_default_model()
        adapter = adapters[max(0, place - 1)]
        encoder = AdaptedEncoder.with_adapters(model, adapter).eval()
        pieces = model.tokenizer([QUESTION], return_tensors="pt")
        with torch.no_grad():
            share = torch.tensor([[float(place > 0)]])
            expected = encoder(pieces["input_ids"], pieces["attention_mask"], share).numpy()[0]
        np.testing.assert_allclose(vector, expected, atol=1e-4)


def test_another_model_has_no_adapters(starter: Library) -> None:
    card = starter.embedder.card
    assert trained_adapters("another-model", card.revision) == ()
    assert trained_adapters(card.name, "another revision") == ()


def test_an_adapter_is_written_and_read_whole(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0)
    factors = tuple(
        (numbers.normal(size=(2, 5)).astype(np.float32), numbers.normal(size=(3, 2)).astype(np.float32))
        for _ in range(11)
    )
    adapter = Adapter("model 1", factors, numbers.normal(size=(4, 4)).astype(np.float32))
    adapter.write(tmp_path / "adapter.npz")
    with (tmp_path / "adapter.npz").open("rb") as file:
        found = Adapter.read(file)
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
        after = encoder(pieces["input_ids"], pieces["attention_mask"], torch.ones(1, 1))
    torch.testing.assert_close(after, torch.nn.functional.normalize(before, dim=1), atol=1e-5, rtol=1e-4)
    assert len(encoder.layers) == 36  # six in each of six blocks
    assert encoder.adapter("model").factors[0][0].shape == (4, 384)
