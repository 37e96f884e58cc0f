"""Which sentence of a paper answers a question? A log-linear model over the sentences, from signs that can be read.

Trained by `eval/sentence_choice.py` on questions about arXiv abstracts with the number of the sentence that answers.
Besides the signs it has a matrix that scores a question's vector against a sentence's: what in a question asks for
what in a sentence, beyond likeness.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from rag.papers import Sentence, plain_text
from rag.words import stems

FILE = "sentence_choice.npz"
SIGNS = (
    "cosine",  # nearness to the question
    "cosine_without_names",  # nearness to the question less the names in it
    "words",  # share of the question's words, weighted by rarity, that the sentence has; names left out
    "figure",  # amounts given where one is asked for, at most two; scaled to 1
    "notice",  # 1 for a notice of where code or data are, where these are not asked for
    "place",  # from 0 (first sentence) to 1 (last)
    "length",  # words, in thirties
)
_FIGURES_ENOUGH = 2
LEAST = -6.0  # log-probability that the reader leaves to a sentence, whatever it thinks of it
_ASKS_FIGURE = re.compile(
    r"\bhow (?:many|much|far|large|big|long|fast|often|high|small|low)\b|%|"
    r"\b(?:percent|percentage|number|rate|ratio|factor|score|accuracy|sizes?|scales?|points?|speed-?up|correlation|"
    r"reduction|gains?|improvement|cost|amount|saving|saved|dollars?)\b|"
    # "how many" and "how much" in other languages
    r"\b(?:wie ?viele?\w*|prozent|combien|quelle durée|pourcentage|cu[aá]nt\w+|porcentaje|quant[oaie]s?|"
    r"percentuale|ka[cç]|ne kadar|"
    r"y[uü]zde|сколько|насколько|процент\w*|hoeveel)\b|"
    r"多少|几个|何|いくら|どのくらい|どれくらい|몇|얼마|"
    r"كم|ما مقدار|نسبة|कितन[ेाी]|प्रतिशत",
    re.I,
)
# An amount: "100k", "41%", "12x", "$0.20", "two". Digits in names ("LLaMA2", "8x7B", "GPT-3.5") are none.
_FIGURE = re.compile(
    r"(?<![\w.\-])[$€]?\d[\d.,]*(?:%|[x×]|[kmb]|gb)?(?![\w\-])|"
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousands?|"
    r"million|billion|half|third|quarter|twice|double)\b",
    re.I,
)
_NOTICE = re.compile(r"https?://|\bgithub\b|\bavailable (?:at|on|online)\b|\bpublicly available\b", re.I)
_ASKS_NOTICE = re.compile(
    r"\b(?:codes?|releas\w*|availab\w*|public\w*|open|share\w*|github|websites?|download\w*)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question looks for in a sentence: text, vector with and without the names in it, weighted stems."""

    text: str
    vector: NDArray[np.float32]
    rest: NDArray[np.float32]
    word_weights: dict[str, float]


def signs_of(
    sentences: list[Sentence], cosines: NDArray[np.float32], rest_cosines: NDArray[np.float32], asked: Asked
) -> NDArray[np.float32]:
    """Return the signs of a paper's sentences, shape (sentences, len(SIGNS)), given their cosines with the question."""
    figure, notice = asks_for_figure(asked.text), _ASKS_NOTICE.search(asked.text) is None
    last = max(1, len(sentences) - 1)
    rows = []
    for place, (sentence, cosine, rest) in enumerate(zip(sentences, cosines, rest_cosines, strict=True)):
        text = plain_text(sentence.text)
        rows.append(
            (
                cosine,
                rest,
                sum(asked.word_weights.get(each, 0.0) for each in stems(text)),
                min(count_figures(text), _FIGURES_ENOUGH) / _FIGURES_ENOUGH if figure else 0.0,
                float(notice and _NOTICE.search(text) is not None),
                place / last,
                len(text.split()) / 30,
            )
        )
    return np.array(rows, dtype=np.float32).reshape(len(sentences), len(SIGNS))


def score(signs: NDArray[np.float32], vectors: NDArray[np.float32], asked: Asked, model: str) -> NDArray[np.float32]:
    """Return the scores of sentences: logits, so that their softmax is the probability of each to answer.

    `vectors` are those of the sentences; `model` the embedding model ("name revision"): the matrix belongs to one.
    """
    return np.asarray(signs @ _load().weights + likeness(vectors, asked, model), dtype=np.float32)


def with_reading(scores: NDArray[np.float32], read: list[int], logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores of sentences after some of them were read (`reader`), as logits again.

    `read` are their places, `logits` what the reader says: that none answers, and that each does. A sentence that was
    not read is taken to be what the reader thinks least of. Where it thinks that none answers, as with questions that
    ask for nothing in particular, its choice among them counts the less.
    """
    log_shares = np.full(len(scores), LEAST, dtype=np.float32)
    log_shares[read] = np.maximum(logits[1:] - _log_sum(logits[1:]), LEAST)
    answered = 1.0 - np.exp(logits[0] - _log_sum(logits))
    of_scores, of_reader = _load().reading
    return np.asarray(of_scores * scores + answered * of_reader * log_shares, dtype=np.float32)


def _log_sum(logits: NDArray[np.float32]) -> float:
    return float(logits.max() + np.log(np.exp(logits - logits.max()).sum()))


def likeness(vectors: NDArray[np.float32], asked: Asked, model: str) -> NDArray[np.float32] | float:
    """Return what the matrix says of the sentences; 0 with another embedding model than its own."""
    learned = _load()
    return np.asarray(vectors @ (asked.rest @ learned.matrix)) if model == learned.model else 0.0


def count_figures(text: str) -> int:
    """Return how many amounts the text gives, in digits or words."""
    return len(_FIGURE.findall(text))


def asks_for_figure(question: str) -> bool:
    """Return whether the question asks for a number, an amount or a score."""
    return _ASKS_FIGURE.search(question) is not None


@dataclass(frozen=True, slots=True)
class _Learned:
    model: str
    weights: NDArray[np.float32]
    matrix: NDArray[np.float32]
    reading: NDArray[np.float32]  # how much the scores by signs count, and how much the reader


@cache
def _load() -> _Learned:
    with resources.files("rag").joinpath("models", FILE).open("rb") as file, np.load(file) as stored:
        return _Learned(str(stored["model"]), stored["weights"], stored["matrix"].astype(np.float32), stored["reading"])
