"""Does a text carry a claim, say otherwise, or not tell? A small cross-encoder that reads both together.

It is citebot's own embedding model with low-rank changes (LoRA) and a head, trained by `eval/entailment.py` on claims
of ours about arXiv abstracts: reworded ones, ones with a number, name, direction or negation changed, and ones that
say more than the text. Exported to ONNX once, as the embedding model is, in 8-bit integers.
"""

from __future__ import annotations

import hashlib
import json
import threading
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.entailment_weights import FILE, LABELS, EntailmentWeights
from rag.exporting import export_once, is_exported, write_graph, write_small_integers
from rag.progress import LoggedProgress, Progress
from rag.settings import Settings

_MAX_PIECES = 256
_EXPORT_VERSION = 2


class Entailment:
    """The trained cross-encoder; loaded (and, the first time, exported) when it is first needed. Safe for threads."""

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        self._settings = settings
        self._progress = progress or LoggedProgress()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def probabilities(self, pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
        """Return for pairs of a text and a claim the probabilities of LABELS, shape (len(pairs), 3)."""
        if not pairs:
            return np.zeros((0, len(LABELS)), dtype=np.float32)
        tokenizer, session = self._load()
        encodings = tokenizer.encode_batch(pairs)
        given = {
            name: np.array([getattr(encoding, attribute) for encoding in encodings], dtype=np.int64)
            for name, attribute in (("ids", "ids"), ("mask", "attention_mask"), ("types", "type_ids"))
        }
        logits = session.run(None, given)[0]
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                import onnxruntime
                from tokenizers import Tokenizer

                directory = self._export_directory()
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._settings.threads
                options.log_severity_level = 3
                tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
                tokenizer.enable_truncation(_MAX_PIECES, strategy="only_first")
                tokenizer.enable_padding()
                session = onnxruntime.InferenceSession(
                    str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
                )
                self._loaded = tokenizer, session
            return self._loaded

    def _export_directory(self) -> Path:
        """Return the directory of the export, made now if it is not there."""
        weights = resources.files("rag").joinpath("models", FILE).read_bytes()
        key = hashlib.sha256(f"{_EXPORT_VERSION} {hashlib.sha256(weights).hexdigest()}".encode()).hexdigest()[:16]
        directory = self._settings.cache_dir / "entailment" / key
        if not is_exported(directory):
            self._progress.message("Preparing the model that checks claims (once, about ten seconds) ...")
            export_once(directory, _export)
        return directory


def _export(target: Path) -> None:
    import torch

    from rag.embedding import load_default_model
    from rag.low_rank import PairClassifier

    model = load_default_model()
    with resources.files("rag").joinpath("models", FILE).open("rb") as file:
        weights = EntailmentWeights.read(file)
    classifier = PairClassifier.with_weights(bert_of(model), weights)
    ids = torch.arange(1000, 1016).reshape(2, 8)
    inputs = {"ids": ids, "mask": torch.ones_like(ids), "types": torch.zeros_like(ids)}
    classifier.merge()
    whole = target / "whole.onnx"
    write_graph(classifier, inputs, "logits", whole)
    write_small_integers(whole, target / "model.onnx")
    whole.unlink()
    model.tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))
    (target / "card.json").write_text(json.dumps({"model": weights.model}), encoding="utf-8")


def bert_of(model: Any) -> Any:
    """Return the BERT encoder inside a sentence-transformers model."""
    return model[0].auto_model
