"""Question to evidence: which sentences of which papers answer it, best first.

Papers are ranked by `ranking`; papers that the question names come before all others. Within a paper
`sentence_choice` says which sentences answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.answers import Evidence
from rag.cross_encoder_weights import MOST_READ
from rag.library import Hit, Library
from rag.papers import Paper, Sentence, plain_text
from rag.questions import Question, understand
from rag.ranking import Ranking, idf
from rag.sentence_choice import Asked, score, signs_of, with_reading
from rag.vectors import gather
from rag.words import content_words, is_english, stem, words

_PAPERS = 10
_PAPERS_BESIDE_NAMED = 4
# Of a paper the sentences are read that may answer with this probability; two in any case.
_WORTH_READING = 0.01
_LEAST_READ = 2


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for a question.

    `papers`: the first papers (fewer where some are named), best first, each with its best sentence. `evidence`: all
    sentences of these papers, paper by paper, best first within a paper. `named`: how many of the first papers the
    question names. `ranking`: of all papers, or of those of a large library that come near.
    """

    papers: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]
    named: int
    ranking: Ranking

    @property
    def cosine(self) -> float:
        """Nearness in meaning of the nearest paper, on the same scale for every question."""
        return float(self.ranking.cosines.max(initial=0.0))

    @property
    def coverage(self) -> float:
        """The share of the question's words, weighted by rarity, that the best paper has (0 to 1)."""
        return self.ranking.best_coverage

    def of(self, paper: Paper) -> list[Evidence]:
        """Return the evidence from one paper, best first."""
        return [each for each in self.evidence if each.paper.id == paper.id]


@dataclass(frozen=True, slots=True)
class Reading:
    """The evidence from one paper, best first, and the log-odds that some of it answers; None where it was not read."""

    evidence: list[Evidence]
    answered: float | None


def retrieve_text(library: Library, text: str) -> Retrieval:
    """Return the evidence for a question that stands alone."""
    return retrieve(library, understand(text, (), library))


def retrieve(library: Library, question: Question) -> Retrieval:
    """Return the evidence in the library for a question."""
    ranking = library.rank(question.text, names=bool(question.named))
    if not ranking.paper_ids:
        return Retrieval((), (), 0, ranking)
    place = {paper_id: index for index, paper_id in enumerate(ranking.paper_ids)}
    named = sorted((paper_id for paper_id in question.named if paper_id in place), key=place.__getitem__)
    most = len(named) + _PAPERS_BESIDE_NAMED if named else _PAPERS
    order = list(dict.fromkeys([*named, *ranking.paper_ids]))[:most]
    evidence = evidence_of(library, question, order, read=named)
    papers = {paper.id: paper for paper in library.catalogue.papers(order)}
    hits = [
        Hit(papers[paper_id], float(ranking.scores[place[paper_id]]), evidence[paper_id][0].sentence)
        for paper_id in order
    ]
    return Retrieval(
        tuple(hits),
        tuple(each for paper_id in order for each in evidence[paper_id]),
        len(named),
        ranking,
    )


def evidence_of(
    library: Library, question: Question, paper_ids: list[str], read: Collection[str] = ()
) -> dict[str, list[Evidence]]:
    """Return for each paper its sentences, best first; scores are logits, comparable within a paper.

    Those of the papers `read` are read with the question, which takes some milliseconds a paper.
    """
    return {paper_id: each.evidence for paper_id, each in readings_of(library, question, paper_ids, read).items()}


def readings_of(
    library: Library, question: Question, paper_ids: list[str], read: Collection[str]
) -> dict[str, Reading]:
    """Return for each paper its evidence and, of those that were `read`, how likely it answers.

    Questions in other languages are not read: the reader knows English only.
    """
    asked = asked_of(question, library)
    stored = library.catalogue.vectors(paper_ids)
    sentences = library.catalogue.sentences(paper_ids)
    whole, rest = gather(asked.vector, stored), gather(asked.rest, stored)
    card = library.embedder.card
    can_read = is_english(question.asked)
    found: dict[str, Reading] = {}
    for index, paper_id in enumerate(stored.paper_ids):
        start = int(whole.starts[index])
        its = sentences[paper_id]
        signs = signs_of(its, whole.of_sentences(index), rest.of_sentences(index), asked)
        vectors = stored.vectors[start + 1 : start + 1 + len(its)]
        scores = score(signs, vectors, asked, f"{card.name} {card.revision}")
        answered = None
        if can_read and paper_id in read:
            scores, answered = _read(asked.text, its, scores, library)
        paper = library.catalogue.papers([paper_id])[0]
        evidence = [Evidence(its[i], paper, float(scores[i])) for i in np.argsort(-scores, kind="stable")]
        found[paper_id] = Reading(evidence, answered)
    return found


def _read(
    question: str, sentences: list[Sentence], scores: NDArray[np.float32], library: Library
) -> tuple[NDArray[np.float32], float]:
    """Return the scores after the likeliest sentences were read, and the log-odds that one of these answers."""
    shares = _softmax(scores)
    likeliest = np.argsort(-scores, kind="stable")[:MOST_READ]
    read = sorted(int(i) for i in likeliest if shares[i] >= _WORTH_READING or i in likeliest[:_LEAST_READ])
    logits = library.reader.logits(plain_text(question), [plain_text(sentences[place].text) for place in read])
    return with_reading(scores, read, logits), float(np.logaddexp.reduce(logits[1:]) - logits[0])


def asked_of(question: Question, library: Library) -> Asked:
    """Return what the question looks for in a sentence.

    A name (a whole title, even) draws the question's vector to the sentences that say what the paper is about, so there
    is one without it.
    """
    vector = library.embedder.encode_question(plain_text(question.point))
    tokens = question.point.split()
    rest = [token for token in tokens if not question.name_words.intersection(words(token))]
    without = library.embedder.encode_question(plain_text(" ".join(rest or tokens)))
    return Asked(question.point, vector, without, word_weights(question, library))


def word_weights(question: Question, library: Library) -> dict[str, float]:
    """Return stem -> share of weight (sum 1) of the question's content words that are not names."""
    papers = library.catalogue.count()
    weights: dict[str, float] = {}
    for word in content_words(plain_text(question.point)):
        if word in question.name_words:
            continue
        weights[stem(word)] = idf(library.catalogue.frequency(word), papers)
    total = sum(weights.values()) or 1.0
    return {word: weight / total for word, weight in weights.items()}


def probabilities(evidence: list[Evidence]) -> NDArray[np.float64]:
    """Return for each piece of evidence from one paper the probability that it is the one that answers (sum 1)."""
    return _softmax(np.array([each.score for each in evidence]))


def _softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    shares = np.exp(scores.astype(np.float64) - scores.max())
    return np.asarray(shares / shares.sum())
