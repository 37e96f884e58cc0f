"""Does the library tell what is asked, where the question names none of its papers?

Two sorts of question come without a name: those that describe an idea and look for the paper ("is there a way to
..."), where the nearest papers are a good answer; and those of a reader who has some other paper before him ("why did
the authors ...", "how does YOLOv3 ...") or asks for general knowledge, where the nearest papers are a bad one. A
logistic regression on signs of the question and the ranking tells them apart; `eval/scope.py` trains and calibrates
it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from rag.embedding import Embedder
from rag.library import Library
from rag.papers import plain_text
from rag.questions import Question
from rag.ranking import Ranking
from rag.regression import Estimate, load_regression
from rag.words import content_words

MODEL = "scope"
STYLE_FILE = "question_style.npz"
SIGNS = (
    "style",  # how far the question's vector lies on the side of questions that look for a paper
    "cosine",  # nearness in meaning of the nearest paper
    "document",  # the same by the dual encoder, which was made for other words
    "coverage",  # share of the question's words, weighted by rarity, that the best paper has
    "unknown_words",  # number of the question's words that stand in no paper, at most 4
    "unknown_capitals",  # number of such words with a capital inside the question, at most 2
    "refers",  # 1 if it refers to a text at hand ("the authors", "this method"), else 0
)
_WORKS = (
    r"(?:works?|papers?|stud(?:y|ies)|experiments?|methods?|approach(?:es)?|techniques?|models?|networks?|systems?|"
    r"architectures?|frameworks?|algorithms?|datasets?|results?|findings?|settings?|analys[ei]s|evaluations?)"
)
_REFERS = re.compile(
    rf"\b(?:(?:this|these|their|your|(?:the )?(?:proposed|presented|suggested|given|above)|(?:a )?similar|such an?)"
    rf" (?:\w+ )?{_WORKS}|the (?:authors?|paper)|mentioned|(?:figure|table|section|equation) \d)\b",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"(?<=[\w,;:] )[\"'“‘(]?([A-Z][\w\-]*)")


def is_within(question: Question, ranking: Ranking, library: Library) -> Estimate:
    """Return how likely the papers nearest to the question are worth showing."""
    model = load_regression(MODEL)
    return Estimate(float(model.probability(signs(question, ranking, library))), model.threshold)


def signs(question: Question, ranking: Ranking, library: Library) -> NDArray[np.float32]:
    """Return the signs of a question that names no paper, shape (len(SIGNS),)."""
    text = plain_text(question.asked)
    frequency = library.catalogue.frequency
    unknown = {word for word in content_words(text) if not frequency(word)}
    capitals = {match.lower() for match in _CAPITAL.findall(text)} & unknown
    return np.array(
        (
            style_of(text, library.embedder),
            ranking.cosines.max(),
            ranking.best_document_cosine,
            ranking.best_coverage,
            min(len(unknown), 4),
            min(len(capitals), 2),
            bool(_REFERS.search(text)),
        ),
        dtype=np.float32,
    )


def style_of(text: str, embedder: Embedder) -> float:
    """Return how much a question looks like one that looks for a paper (above 0) or like a reader's (below).

    0 with another embedding model than the one that this was trained for.
    """
    model, direction, offset = _style()
    if model != f"{embedder.card.name} {embedder.card.revision}":
        return 0.0
    return float(embedder.encode_question(text) @ direction + offset)


@cache
def _style() -> tuple[str, NDArray[np.float32], float]:
    with resources.files("rag").joinpath("models", STYLE_FILE).open("rb") as file, np.load(file) as stored:
        return str(stored["model"]), stored["direction"].astype(np.float32), float(stored["offset"])
