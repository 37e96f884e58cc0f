"""Which papers answer a question: full text and meaning, mixed by how much of the question the words explain.

Plain rank fusion fails on this task: BM25 finds named systems, and on questions put in other words than the
abstract's its ranking is noise that fusion then mixes in. The two cases differ in one measurable thing, the
*coverage*: the share of the question's words, each weighted by its rarity (idf), that one paper has.
Where coverage is low for every paper, words tell nothing and the vectors decide alone, those of the dual encoder
(`rag.adapters`) as much as the others; where it is high, BM25 takes part with its full weight, and the dual encoder,
which was made for other words, with none. Weights and bounds come from `eval/scifact.py` (SciFact train).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.catalogue import Catalogue, StoredVectors
from rag.embedding import Embedder
from rag.papers import plain_text
from rag.vectors import Similarities, VectorIndex, gather
from rag.words import content_words, is_english, words


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """The constants of the ranking; the defaults are the ones that `eval/scifact.py` chose on SciFact train."""

    words: float = 0.35
    """Weight of BM25 (scaled to 1 for the best paper) against the cosines, at full coverage."""
    coverage_low: float = 0.25
    """Best coverage at and below which words count nothing."""
    coverage_high: float = 0.5
    """Best coverage at and above which words count fully."""
    document: float = 0.5
    """Share of the dual encoder in the cosines, at no coverage."""


DEFAULT_WEIGHTS = RankingWeights()
_LEXICAL_CANDIDATES = 400
_COVERAGE_CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class Ranking:
    """Papers, best first. Arrays have one element a paper, in the order of `paper_ids`.

    `scores`: cosine (-1 to 1) plus the words' part (0 to `RankingWeights.words`); the same scale for every question.
    `cosines`: the nearness of abstracts and sentences alone. `coverage`: for each paper, the share (0 to 1) of the
    question's words, weighted by rarity, that stand in it.
    """

    paper_ids: list[str]
    scores: NDArray[np.float32]
    cosines: NDArray[np.float32]
    coverage: NDArray[np.float32]
    similarities: Similarities
    order: NDArray[np.int64]

    @property
    def abstract_cosines(self) -> NDArray[np.float32]:
        """The nearness of the abstracts as wholes."""
        return self.similarities.abstract[self.order]

    def sentence_cosines(self, place: int) -> NDArray[np.float32]:
        """Return the cosines of the sentences of the paper at `place` in the ranking, in reading order."""
        return self.similarities.of_sentences(int(self.order[place]))

    @property
    def best_document_cosine(self) -> float:
        """The highest cosine by the dual encoder; that of `cosines` where it takes no part, 0 in an empty library."""
        cosines = self.cosines if self.similarities.document is None else self.similarities.document
        return float(cosines.max(initial=0.0))

    @property
    def best_coverage(self) -> float:
        """The highest coverage of all papers; 0 in an empty library."""
        return float(self.coverage.max()) if len(self.coverage) else 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a ranking is made of: the question's vectors, the vectors near it, and what the words say by paper id.

    `query` is the question's vector by the dual encoder, None where that takes no part.
    """

    question: NDArray[np.float32]
    query: NDArray[np.float32] | None
    stored: StoredVectors
    bm25: dict[str, float]
    coverage: dict[str, float]


def gather_parts(
    question: str,
    catalogue: Catalogue,
    vectors: VectorIndex,
    embedder: Embedder,
    *,
    is_topic: bool = False,
    describes: bool = True,
    names: bool = False,
) -> Parts:
    """Look up what a ranking needs: of all papers, or in a large library of the few hundred that come near.

    `is_topic`: the question is but the name of a topic. `describes`: what it looks for may be described in other words
    than the papers', so that the dual encoder takes part; that of a topic is never asked. `names`: it names the papers
    that it is about, so that no adapter is needed.
    """
    question = plain_text(question)
    # Every word takes part in BM25, where common ones weigh little by themselves; coverage needs the content words.
    lexical = catalogue.best_matches(list(dict.fromkeys(words(question))), _LEXICAL_CANDIDATES)
    # The adapters were learnt from English questions; others they would only lead astray.
    ours = embedder.encode_topic if is_topic else embedder.encode_description
    question_vector = ours(question) if is_english(question) and not names else embedder.encode_question(question)
    stored = vectors.near(question_vector, list(lexical))
    asks_dual = describes and not names and not is_topic and is_english(question) and bool(stored.encoder)
    query = embedder.encode_query(question) if asks_dual and stored.encoder == embedder.dual_encoder else None
    coverage = _coverage(content_words(question), catalogue, sorted(lexical, key=lexical.__getitem__, reverse=True))
    return Parts(question_vector, query, stored, lexical, coverage)


def combine(parts: Parts, weights: RankingWeights | None = None) -> Ranking:
    """Return the ranking that BM25 scores, coverages and vectors give together."""
    weights = weights or DEFAULT_WEIGHTS
    lexical, coverage = parts.bm25, parts.coverage
    similarities = gather(parts.question, parts.stored, parts.query)
    paper_ids = similarities.paper_ids
    bm25 = np.array([lexical.get(paper_id, 0.0) for paper_id in paper_ids], dtype=np.float32)
    covered = np.array([coverage.get(paper_id, 0.0) for paper_id in paper_ids], dtype=np.float32)
    trust = _trust_in_words(max(coverage.values(), default=0.0), weights)
    words_scores = trust * weights.words * bm25 / max(float(bm25.max(initial=0.0)), 1e-9)
    cosines = nearness(similarities)
    meaning = cosines
    if similarities.document is not None:
        share = np.float32((1 - trust) * weights.document)
        meaning = (1 - share) * cosines + share * similarities.document
    scores = meaning + words_scores
    order = np.argsort(-scores, kind="stable")
    return Ranking(
        [paper_ids[index] for index in order],
        scores[order],
        cosines[order],
        covered[order],
        similarities,
        order,
    )


def nearness(similarities: Similarities) -> NDArray[np.float32]:
    """Return a paper's nearness: the mean of its abstract's cosine and its best sentence's."""
    return (similarities.abstract + similarities.best_sentence) * np.float32(0.5)


def _trust_in_words(best_coverage: float, weights: RankingWeights) -> float:
    """Return how far words are to be trusted (0 to 1), given the best coverage of any paper."""
    span = weights.coverage_high - weights.coverage_low
    return min(1.0, max(0.0, (best_coverage - weights.coverage_low) / span))


def _coverage(question_words: list[str], catalogue: Catalogue, candidates: list[str]) -> dict[str, float]:
    """Return the coverage of the question's content words by each of the first candidates.

    Words that stand in no paper count too, with the idf of a word in none: a question that is mostly
    about things that the library does not have is covered by no paper.
    """
    candidates = candidates[:_COVERAGE_CANDIDATES]
    papers = catalogue.count()
    total = 0.0
    covered = dict.fromkeys(candidates, 0.0)
    for word in question_words:
        frequency = catalogue.frequency(word)
        weight = idf(frequency, papers)
        total += weight
        for paper_id in catalogue.having_word(word, candidates) if frequency else ():
            covered[paper_id] += weight
    return {paper_id: value / total for paper_id, value in covered.items()} if total else covered


def idf(frequency: int, papers: int) -> float:
    """Return the inverse document frequency of a word in `frequency` of `papers` papers (as in BM25+; above 0)."""
    return math.log(1 + (papers - frequency + 0.5) / (frequency + 0.5))
