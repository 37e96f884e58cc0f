"""Models that read two texts together: citebot's embedding model with low-rank changes (LoRA) and a head.

Exported to ONNX once, as the embedding model is, in 8-bit integers.
"""

from __future__ import annotations

import hashlib
import json
import threading
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rag.cross_encoder_weights import CrossEncoderWeights
from rag.exporting import export_once, is_exported, write_graph, write_small_integers
from rag.progress import LoggedProgress, Progress
from rag.settings import Settings

if TYPE_CHECKING:
    import torch

    from rag.low_rank import LowRankCrossEncoder


class CrossEncoder:
    """A trained cross-encoder; loaded (and, the first time, exported) when it is first needed. Safe for threads."""

    name: ClassVar[str]  # of its weights in `rag/models/` and of its exports in the cache directory
    purpose: ClassVar[str]  # "the model that ...": told while it is exported
    export_version: ClassVar[int]  # raise when the export changes, so that old exports are made anew
    max_pieces: ClassVar[int]
    waits_in_loop: ClassVar[bool]  # do its threads wait for the next texts in a loop? quicker, but others wait for them
    cut: ClassVar[Literal["only_first", "only_second"]]  # which of two texts that are too long together loses its end

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        self._settings = settings
        self._progress = progress or LoggedProgress()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def run(self, encodings: list[Any], **more: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the logits of pairs of texts as `tokenize` gives them; `more` are further inputs of the graph."""
        given = {
            name: np.array([getattr(encoding, attribute) for encoding in encodings], dtype=np.int64)
            for name, attribute in (("ids", "ids"), ("mask", "attention_mask"), ("types", "type_ids"))
        }
        logits: NDArray[np.float32] = self._load()[1].run(None, given | more)[0]
        return logits

    def tokenize(self, pairs: list[tuple[str, str]]) -> list[Any]:
        """Return the encodings (`tokenizers.Encoding`) of pairs of texts, padded to one length."""
        encodings: list[Any] = self._load()[0].encode_batch(pairs)
        return encodings

    @classmethod
    def weights(cls) -> CrossEncoderWeights:
        """Return the trained weights that come with citebot."""
        with cls.weights_file().open("rb") as file:
            return CrossEncoderWeights.read(file)

    @classmethod
    def module(cls, encoder: torch.nn.Module, weights: CrossEncoderWeights) -> LowRankCrossEncoder:
        """Return the torch module with the weights."""
        raise NotImplementedError

    def _load(self) -> tuple[Any, Any]:
        """Return tokenizer and session."""
        with self._lock:
            if self._loaded is None:
                import onnxruntime
                from tokenizers import Tokenizer

                directory = self._export_directory()
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._settings.threads
                options.log_severity_level = 3
                options.add_session_config_entry("session.intra_op.allow_spinning", str(int(self.waits_in_loop)))
                tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
                tokenizer.enable_truncation(self.max_pieces, strategy=self.cut)
                tokenizer.enable_padding()
                session = onnxruntime.InferenceSession(
                    str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
                )
                self._loaded = tokenizer, session
            return self._loaded

    @classmethod
    def weights_file(cls) -> Any:
        """Return the file of the trained weights: a path, or the like inside a package."""
        return resources.files("rag").joinpath("models", f"{cls.name}.npz")

    def _export_directory(self) -> Path:
        """Return the directory of the export, made now if it is not there."""
        digest = hashlib.sha256(self.weights_file().read_bytes()).hexdigest()
        key = hashlib.sha256(f"{self.export_version} {digest}".encode()).hexdigest()[:16]
        directory = self._settings.cache_dir / self.name / key
        if not is_exported(directory):
            self._progress.message(f"Preparing {self.purpose} (once, about ten seconds) ...")
            export_once(directory, self._export)
        return directory

    @classmethod
    def _export(cls, target: Path) -> None:
        import torch

        from rag.embedding import load_default_model

        model = load_default_model()
        weights = cls.weights()
        module = cls.module(bert_of(model), weights)
        ids = torch.arange(1000, 1016).reshape(2, 8)
        same = dict.fromkeys(module.inputs, torch.zeros_like(ids))
        module.merge()
        whole = target / "whole.onnx"
        write_graph(module, same | {"ids": ids, "mask": torch.ones_like(ids)}, "logits", whole)
        write_small_integers(whole, target / "model.onnx")
        whole.unlink()
        model.tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))
        (target / "card.json").write_text(json.dumps({"model": weights.model}), encoding="utf-8")


def bert_of(model: Any) -> Any:
    """Return the BERT encoder inside a sentence-transformers model."""
    return model[0].auto_model
