"""Question to evidence: which sentences of which papers answer it, best first.

Papers are ranked by `ranking`; papers that the question names come before all others. Within a paper a sentence
is worth what it says of the rest of the question: nearness in meaning, the share of the question's words
that it has (names left out, all sentences of the paper share those), and whether it holds the sort of
thing that was asked for (a figure, where a figure was).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.answers import Evidence
from rag.library import Hit, Library
from rag.papers import Paper, Sentence, plain_text
from rag.questions import Question, understand
from rag.ranking import idf
from rag.vectors import gather
from rag.words import content_words, stem, stems, words

_PAPERS = 10


@dataclass(frozen=True, slots=True)
class SentenceWeights:
    """How much each sign counts that a sentence answers, beside its cosine (-1 to 1).

    Chosen in round figures on questions with known answers (`eval/sentences.py` prints what each adds).
    """

    words: float = 1.0
    """For having all of the question's words; in part for a part of them."""
    figure: float = 0.3
    """For giving two figures or more, where a figure is asked for; half for one."""
    own: float = 0.15
    """For saying what the paper itself did ("we", its system's name), not what others did before."""
    notice: float = -0.3
    """For being a notice of where code or data are, where these are not asked for."""


DEFAULT_WEIGHTS = SentenceWeights()


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for a question.

    `papers`: the first papers, best first, each with its best sentence. `evidence`: all sentences of these papers,
    paper by paper, best first within a paper. `named`: how many of the first papers the question names.
    `cosine`: nearness in meaning of the nearest paper; `coverage`: the share of the question's words, weighted by
    rarity, that the best paper has (0 to 1); both on the same scale for every question.
    """

    papers: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]
    named: int
    cosine: float
    coverage: float

    def of(self, paper: Paper) -> list[Evidence]:
        """Return the evidence from one paper, best first."""
        return [each for each in self.evidence if each.paper.id == paper.id]


def retrieve_text(library: Library, text: str) -> Retrieval:
    """Return the evidence for a question that stands alone."""
    return retrieve(library, understand(text, (), library))


def retrieve(library: Library, question: Question, weights: SentenceWeights = DEFAULT_WEIGHTS) -> Retrieval:
    """Return the evidence in the library for a question."""
    ranking = library.rank(question.text)
    if not ranking.paper_ids:
        return Retrieval((), (), 0, 0.0, 0.0)
    place = {paper_id: index for index, paper_id in enumerate(ranking.paper_ids)}
    named = sorted((paper_id for paper_id in question.named if paper_id in place), key=place.__getitem__)
    order = list(dict.fromkeys([*named, *ranking.paper_ids]))[:_PAPERS]
    sentences = library.catalogue.sentences(order)
    asked = _AskedFor(
        word_weights(question, library),
        question.name_words if len(question.name_words) <= _NAME_WORDS else frozenset(),
        asks_for_figure(question.text),
        _ASKS_NOTICE.search(question.text) is not None,
    )
    rest_cosines = cosines_without_names(question, library, order)
    hits: list[Hit] = []
    evidence: list[Evidence] = []
    for paper in library.catalogue.papers(order):
        index = place[paper.id]
        its = sentences[paper.id]
        cosines = ranking.sentence_cosines(index)
        if paper.id in rest_cosines:
            cosines = (cosines + rest_cosines[paper.id]) * np.float32(0.5)
        scores = cosines + _signs(its, asked, weights)
        best_first = np.argsort(-scores, kind="stable")
        evidence.extend(Evidence(its[i], paper, float(scores[i])) for i in best_first)
        hits.append(Hit(paper, float(ranking.scores[index]), its[int(best_first[0])]))
    return Retrieval(tuple(hits), tuple(evidence), len(named), float(ranking.cosines.max()), ranking.best_coverage)


@dataclass(frozen=True, slots=True)
class _AskedFor:
    """What a question looks for in a sentence: weighted words, the name asked about, a figure, a notice."""

    word_weights: dict[str, float]
    name_words: frozenset[str]
    figure: bool
    notice: bool


def cosines_without_names(question: Question, library: Library, paper_ids: list[str]) -> dict[str, NDArray[np.float32]]:
    """Return the cosines of the papers' sentences with the question less the names in it; nothing where it has none.

    A name (a whole title, even) draws the question's vector to the sentences that say what the paper is about.
    """
    tokens = question.asked.split()
    rest = [token for token in tokens if not question.name_words.intersection(words(token))]
    if not rest or len(rest) == len(tokens):
        return {}
    vector = library.embedder.encode_question(plain_text(" ".join(rest)))
    stored = library.catalogue.vectors(paper_ids)
    found = gather(vector, stored)
    return {paper_id: found.of_sentences(index) for index, paper_id in enumerate(found.paper_ids)}


def word_weights(question: Question, library: Library) -> dict[str, float]:
    """Return stem -> share of weight (sum 1) of the question's content words that are not names."""
    papers = library.catalogue.count()
    weights: dict[str, float] = {}
    for word in content_words(plain_text(question.asked)):
        if word in question.name_words:
            continue
        weights[stem(word)] = idf(library.catalogue.frequency(word), papers)
    total = sum(weights.values()) or 1.0
    return {word: weight / total for word, weight in weights.items()}


def _signs(sentences: list[Sentence], asked: _AskedFor, weights: SentenceWeights) -> NDArray[np.float32]:
    """Return for each sentence what its words, figures and stance add to its score."""
    signs = []
    for sentence in sentences:
        text = plain_text(sentence.text)
        sign = weights.words * sum(asked.word_weights.get(each, 0.0) for each in stems(text))
        if asked.figure:
            sign += weights.figure * min(count_figures(text), _FIGURES_ENOUGH) / _FIGURES_ENOUGH
        if _OWN.search(text) or asked.name_words.intersection(words(text)):
            sign += weights.own
        if not asked.notice and _NOTICE.search(text):
            sign += weights.notice
        signs.append(sign)
    return np.array(signs, dtype=np.float32)


_FIGURES_ENOUGH = 2
_NAME_WORDS = 4  # more words than this are a title, whose single words name nothing
_ASKS_FIGURE = re.compile(
    r"\bhow (?:many|much|far|large|big|long|fast|often|high|small|low)\b|%|"
    r"\b(?:percent|percentage|number|rate|ratio|factor|score|accuracy|sizes?|scales?|points?|speed-?up|correlation|"
    r"reduction|gains?|improvement|cost|amount|saving|saved|dollars?)\b",
    re.I,
)
# An amount: "100k", "41%", "12x", "$0.20", "two". Digits in names ("LLaMA2", "8x7B", "GPT-3.5") are none.
_FIGURE = re.compile(
    r"(?<![\w.\-])[$€]?\d[\d.,]*(?:%|[x×]|[kmb]|gb)?(?![\w\-])|"
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousands?|"
    r"million|billion|half|third|quarter|twice|double)\b",
    re.I,
)
_OWN = re.compile(r"\b(?:we|our|this (?:paper|work|study|report))\b", re.I)
_NOTICE = re.compile(r"https?://|\bgithub\b|\bavailable (?:at|on|online)\b|\bpublicly available\b", re.I)
_ASKS_NOTICE = re.compile(
    r"\b(?:codes?|releas\w*|availab\w*|public\w*|open|share\w*|github|websites?|download\w*)\b", re.I
)


def count_figures(text: str) -> int:
    """Return how many amounts the text gives, in digits or words."""
    return len(_FIGURE.findall(text))


def asks_for_figure(question: str) -> bool:
    """Return whether the question asks for a number, an amount or a score."""
    return _ASKS_FIGURE.search(question) is not None
