"""Does the abstract speak of what is asked? A small model that compares a question with one paper.

A logistic regression on signs that each can be explained: how much of the question stands in the abstract, and what is
missing from it. It was trained by `eval/answerability.py` on questions written for this purpose
(`eval/questions/answerability-*.jsonl`: for each paper two that its abstract answers and two that it does
not), never on the exam. Signs of the question's wording alone are left out: they would only learn how our
questions were written.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import astuple, dataclass
from functools import cache
from importlib import resources

import numpy as np

from rag.library import Library
from rag.names import has_name_shape
from rag.papers import Paper, plain_text
from rag.questions import Question
from rag.retrieval import asks_for_figure, cosines_without_names, count_figures, word_weights
from rag.vectors import gather
from rag.words import is_english, stems, words

MODEL_FILE = "answerability.json"
_TOKEN = re.compile(r"[^\W_][\w\-./]*[^\W_]|\w")
# Abstracts never tell who wrote them, when and where, or how often they are cited.
_ASKS_BIBLIOGRAPHY = re.compile(
    r"\bwho (?:wrote|authored|published|(?:is|are) the (?:first |last )?authors?)\b|\bhow many (?:authors|citations)\b|"
    r"\b(?:when|where) (?:was|were|is) .{1,80}\b(?:published|written|submitted|presented)\b|"
    r"\bwhich (?:journal|conference|venue|year|university|institutions?)\b|\bwhat year\b",
    re.I,
)
_MOST_MISSING = 8
_MOST_MISSING_NAMES = 3
_FIRST_SENTENCES = 2


@dataclass(frozen=True, slots=True)
class Signs:
    """What a question and a paper have in common, and what the question has alone. Names of the paper are left out."""

    cosine: float
    """Nearness of the question to the nearest sentence."""
    cosine_without_names: float
    """The same for the question without the paper's name."""
    missing_words: float
    """Number of the question's words that do not stand in the paper, at most 8."""
    missing_names: float
    """Number of names and figures in the question ("MMLU", "70B") that do not stand in the paper, at most 3."""
    no_figure: float
    """1 where a figure is asked for and the nearest two sentences give none."""


def signs(question: Question, paper: Paper, library: Library) -> Signs:
    """Return the signs for a question about a paper."""
    text = plain_text(f"{paper.title}. {paper.abstract}")
    in_paper = stems(text)
    weights = word_weights(question, library)
    sentences = library.sentences(paper)
    shares = [sum(weights.get(each, 0.0) for each in stems(plain_text(s.text))) for s in sentences]
    missing = [word for word in weights if word not in in_paper]
    vector = library.embedder.encode_question(plain_text(question.text))
    cosines = gather(vector, library.catalogue.vectors([paper.id])).of_sentences(0)
    without_names = cosines_without_names(question, library, [paper.id]).get(paper.id, cosines)
    nearest = np.argsort(-(cosines + np.array(shares)), kind="stable")[:_FIRST_SENTENCES]
    figures = max((count_figures(plain_text(sentences[index].text)) for index in nearest), default=0)
    return Signs(
        cosine=float(cosines.max(initial=0.0)),
        cosine_without_names=float(without_names.max(initial=0.0)),
        missing_words=float(min(len(missing), _MOST_MISSING)),
        missing_names=float(min(len(missing_names(question, paper)), _MOST_MISSING_NAMES)),
        no_figure=float(asks_for_figure(question.text) and figures == 0),
    )


def missing_names(question: Question, paper: Paper) -> list[str]:
    """Return the names and figures in the question that do not stand in the paper; the paper's own name left out."""
    text = plain_text(f"{paper.title}. {paper.abstract}").lower()
    return [
        token
        for token in dict.fromkeys(_TOKEN.findall(plain_text(question.asked)))
        if (has_name_shape(token) or any(character.isdigit() for character in token))
        and token.lower() not in text
        and not question.name_words.intersection(words(token))
    ]


@dataclass(frozen=True, slots=True)
class Model:
    """The trained regression: weights by sign (in the order of `Signs`), intercept, and the calibrated threshold."""

    weights: tuple[float, ...]
    intercept: float
    threshold: float

    def probability(self, found: Signs) -> float:
        """Return the probability (0 to 1) that the abstract answers the question."""
        logit = self.intercept + sum(w * x for w, x in zip(self.weights, astuple(found), strict=True))
        return 1 / (1 + math.exp(-logit))


@cache
def load_model() -> Model:
    """Return the model that ships with citebot."""
    fields = json.loads(resources.files("rag").joinpath(MODEL_FILE).read_text(encoding="utf-8"))
    return Model(tuple(fields["weights"].values()), fields["intercept"], fields["threshold"])


def is_answered_by(question: Question, paper: Paper, library: Library) -> bool:
    """Return whether the paper's abstract speaks of what is asked."""
    if not word_weights(question, library):
        return True  # "What is FreeNoise?" asks for nothing but the paper
    if not is_english(question.asked):
        return True  # its words are missing from any abstract, which says nothing
    if _ASKS_BIBLIOGRAPHY.search(question.asked):
        return False
    model = load_model()
    return model.probability(signs(question, paper, library)) >= model.threshold
