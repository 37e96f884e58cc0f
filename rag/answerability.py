"""Does the abstract speak of what is asked? A small model that compares a question with one paper.

A logistic regression on signs that each can be explained: above all what the reader says (`rag.reader`), and names and
figures that the abstract lacks. It was trained by `eval/answerability.py` on questions written for this purpose, some
that an abstract answers and some that it does not (`eval/questions/arxiv-sentences.jsonl`, `answerability-*.jsonl`),
never on the exam. Signs of the question's wording alone are left out: they would only learn how our questions were
written.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from rag.acronyms import spelled_out
from rag.library import Library
from rag.names import COMMON_NAMES, has_name_shape
from rag.papers import Paper, fold_space, plain_text
from rag.questions import Question
from rag.regression import Estimate, load_regression
from rag.retrieval import readings_of, word_weights
from rag.seldom_told import cannot_tell
from rag.sentence_choice import asks_for_figure, count_figures
from rag.words import content_words, is_english, stem, stems, words

MODEL = "answerability"
_TOKEN = re.compile(r"[^\W_][\w\-./]*[^\W_]|\w")
# Abstracts never tell who wrote them, when and where, or how often they are cited.
_ASKS_BIBLIOGRAPHY = re.compile(
    r"\bwho (?:wrote|authored|published|(?:is|are) the (?:first |last )?authors?)\b|\bhow many (?:authors|citations)\b|"
    r"\b(?:when|where) (?:was|were|is) .{1,80}\b(?:published|written|submitted|presented)\b|"
    r"\bwhich (?:journal|conference|venue|year|university|institutions?)\b|\bwhat year\b|"
    r"\bwhere (?:do|did) .{0,60}\b(?:authors|researchers|team)\b.{0,60}\bwork\b|\baffiliat(?:ed|ions?)\b",
    re.I,
)
_COMPARES = re.compile(
    r"\b(?:beats?|better|worse|faster|slower|cheaper|than|versus|vs|compare[sd]?|comparison|outperform\w*|surpass\w*)\b",
    re.I,
)
# "which learning rate", "how many authors", "what batch size": the thing asked for, up to the verb.
_WANTED = re.compile(
    r"\b(?:which|what|how many|how much)\s+(?:(?!(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would|"
    r"in|on|of|for|to|"
    r"with|by|at|from|the|it|they|that|and|or)\b)[\w\-]+\s+){1,3}?(?=(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would|"
    r"in|on|of|for|to|with|by|at|from|the|it|they|that|and|or)\b)|"
    r"\bwhat (?:is|was|are|were)\s+(?:the|its|their)\s+(?:[\w\-]+\s+){0,2}?(?:rate|size|number|cost|score|"
    r"accuracy|length|licen[cs]e|"
    r"budget|time|price|value|dataset|hardware|date)\b",
    re.I,
)
_COUNTS = re.compile(r"\bhow (?:many|much)\b|\bnumber of\b", re.I)
_IF_LEANING = 0.2
_MOST_MISSING_NAMES = 3
_MIN_SLIP_LETTERS = 4
_FIRST_SENTENCES = 2
_MOST_SURE = 6.0  # log-odds beyond it say no more

SIGNS = (
    "answered",  # log-odds that one of the sentences answers, by the `reader`
    "best_score",  # score of the best sentence (`sentence_choice`)
    "missing_names",  # number of the question's names and figures ("MMLU", "70B") not in the paper, at most 3
    "counted_missing",  # share of the words for what is to be counted ("GPUs") that do not stand in the paper
    "no_figure",  # 1 where a figure is asked for and the best two sentences give none
    "figure",  # 1 where a figure is asked for and they give one
)


def signs(question: Question, paper: Paper, library: Library) -> NDArray[np.float32]:
    """Return the signs of a question about a paper, shape (len(SIGNS),). Names of the paper are left out of all."""
    reading = readings_of(library, question, [paper.id], read=[paper.id])[paper.id]
    best = reading.evidence[:_FIRST_SENTENCES]
    texts = [plain_text(each.sentence.text) for each in best]
    figures = max(map(count_figures, texts), default=0)
    return np.array(
        (
            np.clip(reading.answered or 0.0, -_MOST_SURE, _MOST_SURE),
            best[0].score if best else 0.0,
            min(len(missing_names(question, paper, library)), _MOST_MISSING_NAMES),
            _counted_missing(question, paper),
            float(asks_for_figure(question.point) and figures == 0),
            float(asks_for_figure(question.point) and figures > 0),
        ),
        dtype=np.float32,
    )


def _counted_missing(question: Question, paper: Paper) -> float:
    """Return how much of what is to be counted the paper lacks (0 to 1); 0 where nothing is."""
    counted = [word for word in content_words(asked_for(question)) if word not in question.name_words]
    if not counted or _COUNTS.search(question.point) is None:
        return 0.0
    in_paper = stems(plain_text(f"{paper.title}. {paper.abstract}"))
    return sum(not _has_word(word, in_paper) for word in counted) / len(counted)


def _has_word(word: str, in_paper: frozenset[str]) -> bool:
    """Return whether a paper has a word, be it with a slip of the finger: "taks" for "tasks"."""
    from rapidfuzz.distance import DamerauLevenshtein

    root = stem(word)
    return root in in_paper or (
        len(word) >= _MIN_SLIP_LETTERS
        and any(DamerauLevenshtein.distance(root, other, score_cutoff=1) <= 1 for other in in_paper)
    )


def asked_for(question: Question) -> str:
    """Return what the question wants to know, as the end of "the abstract does not tell ...": "which learning rate".

    Empty where its words do not say it shortly.
    """
    match = _WANTED.search(question.point)
    wanted = fold_space(match.group()).rstrip("?., ") if match else ""
    return wanted[:1].lower() + wanted[1:]


def missing_names(question: Question, paper: Paper, library: Library) -> list[str]:
    """Return the names and figures in the question that do not stand in the paper; the paper's own name left out."""
    text = plain_text(f"{paper.title}. {paper.abstract}").lower()
    return [
        token
        for token in dict.fromkeys(_TOKEN.findall(plain_text(question.point)))
        if (has_name_shape(token) or any(character.isdigit() for character in token))
        and token.lower().removesuffix("s") not in text
        and token.lower().removesuffix("s") not in COMMON_NAMES
        and not question.name_words.intersection(words(token))
        and not ((long := spelled_out(token, library)) and long in text)
    ]


def is_answered_by(question: Question, paper: Paper, library: Library) -> Estimate:
    """Return how likely the paper's abstract speaks of what is asked."""
    return Estimate(_probability(question, paper, library), _threshold(question))


def _threshold(question: Question) -> float:
    # "And the training time?" gives little to compare: what it leaves out counts less against the paper.
    return load_regression(MODEL).threshold * (_IF_LEANING if question.leans else 1.0)


def _probability(question: Question, paper: Paper, library: Library) -> float:
    """Return how likely the paper's abstract speaks of what is asked; 1 and 0 where it is plain."""
    if _ASKS_BIBLIOGRAPHY.search(question.asked):
        return 0.0
    if not word_weights(question, library):
        return 1.0  # "What is FreeNoise?" asks for nothing but the paper
    if not is_english(question.asked):
        return 1.0  # its words are missing from any abstract, which says nothing
    text = plain_text(f"{paper.title}. {paper.abstract}")
    if cannot_tell(text, question.point):
        return 0.0
    if _COMPARES.search(question.point) and any(map(has_name_shape, missing_names(question, paper, library))):
        return 0.0  # nothing is told of how it compares with what the abstract does not name
    return float(load_regression(MODEL).probability(signs(question, paper, library)))
