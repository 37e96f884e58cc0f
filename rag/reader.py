"""Which of a few sentences answers a question, or does none? A small model reads them together.

Trained by `eval/reader.py` on questions of ours about arXiv abstracts: some that a sentence answers, and some that are
close to what the abstract tells and that no sentence answers. It sees what words and likeness do not tell: that "how
many experts?" is not answered by "revised by human experts".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.cross_encoder import CrossEncoder
from rag.cross_encoder_weights import CrossEncoderWeights
from rag.progress import Progress
from rag.settings import Settings

if TYPE_CHECKING:
    import torch
    from tokenizers import Encoding

    from rag.low_rank import SentenceReader

_RECENT = 256  # one answer looks at its sentences several times
_QUESTION, _FIRST_SENTENCE = 1, 2


class Reader(CrossEncoder):
    """The trained reader."""

    name = "reader"
    purpose = "the model that reads for answers"
    export_version = 1
    max_pieces = 320
    cut = "only_second"
    waits_in_loop = False  # it would take the processors from the embedding model, which is asked in turn with it

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        super().__init__(settings, progress)
        self._recent = lru_cache(maxsize=_RECENT)(self._logits)

    def logits(self, question: str, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Return logits that no sentence answers the question, and that each does; shape (1 + len(sentences),).

        Their softmax are probabilities. At most MOST_READ sentences, in their order in the abstract. What was read
        lately is kept: do not write to it.
        """
        found: NDArray[np.float32] = self._recent(question, tuple(sentences))
        return found

    def _logits(self, question: str, sentences: tuple[str, ...]) -> NDArray[np.float32]:
        text, ends = joined(sentences)
        encodings = self.tokenize([(question, text)])
        found = self.run(encodings, parts=parts_of(encodings[0], ends)[None])
        return np.asarray(found[0, : 1 + len(sentences)], dtype=np.float32)

    @classmethod
    def module(cls, encoder: torch.nn.Module, weights: CrossEncoderWeights) -> SentenceReader:
        """Return the torch module with the weights."""
        from rag.low_rank import SentenceReader

        return SentenceReader.with_weights(encoder, weights)


def joined(sentences: Sequence[str]) -> tuple[str, list[int]]:
    """Return the sentences as one text, and where each ends in it."""
    return " ".join(sentences), [int(end) for end in np.cumsum([len(each) + 1 for each in sentences])]


def parts_of(encoding: Encoding, ends: Sequence[int]) -> NDArray[np.int64]:
    """Return to what each word piece of a question and joined sentences belongs, as `low_rank.SentenceReader` wants."""
    return np.array(
        [
            _QUESTION
            if sequence == 0
            else 0
            if sequence is None
            else _FIRST_SENTENCE + int(np.searchsorted(ends, start, side="right"))
            for sequence, (start, _) in zip(encoding.sequence_ids, encoding.offsets, strict=True)
        ],
        dtype=np.int64,
    )
