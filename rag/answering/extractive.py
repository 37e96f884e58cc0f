"""Answers without a language model: the sentences themselves, chosen and ordered.

Where the question names a paper, or one paper clearly leads, the answer is that paper's best sentences; where
none does, the best sentence of each of the nearest papers, so that the reader can judge.
"""

from __future__ import annotations

import re

from rag.answerability import is_answered_by
from rag.answering.about import answer_about, idea_of
from rag.answering.comparing import side_by_side
from rag.answering.listing import answer_count, answer_list
from rag.answering.overview import answer_overview
from rag.answers import Claim, Draft, Evidence, Kind, Reason
from rag.library import Library
from rag.papers import plain_text
from rag.questions import Question
from rag.regression import Estimate
from rag.retrieval import Retrieval, probabilities
from rag.scope import is_within
from rag.words import content_words, is_english

# Where a paper is looked for, finding it is the answer; whether its abstract tells more was not asked.
_ASKS_FOR_PAPER = re.compile(
    r"\b(?:which|what) (?:paper|work|study|article|abstract|authors|group)\b(?! (?:say|report|use))|"
    r"\b(?:is|are) there (?:a|any|some)\b|\bdoes any(?:one|body)\b|\bhas any(?:one|body)\b|\banything on\b",
    re.I,
)
_MAX_SENTENCES = 4
_MAX_PAPERS = 3
_SENTENCES_BESIDE = 3
_MAX_WORDS = 110
# Sentences are added until the answer is among them with this probability; one that is less likely than the second is
# left out.
_ENOUGH = 0.99
_MIN_PROBABILITY = 0.01
# To be answered from alone, the best paper must lead the second this far on the ranking's scale, and have this
# share of the question's words: a lead in meaning only is a guess.
_CLEAR_LEAD = 0.15
_COVERED_ENOUGH = 0.5
_COVERED_SURELY = 0.65

# Nearness in meaning below which nothing in the library is on the question's subject. Short questions come near to
# something by chance: of thirty everyday ones (cooking, the weather, small talk) 28 lay below 0.285; longer ones on
# such subjects lay below 0.2, and the nearest question that the library answers, in other words, at 0.23.
_NEAR_ENOUGH = 0.23
_NEAR_ENOUGH_IF_SHORT = 0.285
_SHORT_WORDS = 6


def answer(question: Question, found: Retrieval, library: Library) -> Draft:
    """Return a draft of verbatim sentences, or a decline where nothing comes near or the one paper meant is silent."""
    if question.kind in ("list", "count", "overview"):
        return _of_many(question, library)
    if not found.named and (question.unknown_names or question.near_misses):
        return _decline("not_in_library")
    if not found.papers:
        return _decline("off_topic")
    near = question.has_known_name or _comes_near(question, found)
    within = None
    if not found.named and is_english(question.asked):
        within = is_within(question, found.ranking, library)
        if not within.holds:
            return _decline("not_in_library" if near else "off_topic", within)
    elif not near:
        return _decline("off_topic")
    if found.named > 1:
        return _draft("compare", _side_by_side(question, library))
    if found.named == 1 or _one_leads(found):
        paper = found.papers[0].paper
        if question.kind == "paper":
            return answer_about(library.sentences(paper))
        if _ASKS_FOR_PAPER.search(question.asked):
            return _draft("fact", _with_idea(found.of(paper), library), within)
        if not found.named:
            return _draft("fact", _best_of_one(found.of(paper)), within)
        answered = is_answered_by(question, paper, library)
        if not answered.holds:
            return _decline("not_in_abstract", answered)
        return _draft("fact", _best_of_one(found.of(paper)), answered)
    return _draft("fact", _spread(found, _MAX_PAPERS), within)


def _of_many(question: Question, library: Library) -> Draft:
    if question.kind == "count":
        return answer_count(question, library)
    return answer_overview(question, library) if question.kind == "overview" else answer_list(question, library)


def _comes_near(question: Question, found: Retrieval) -> bool:
    if found.coverage >= _COVERED_SURELY:
        return True
    is_short = len(content_words(question.asked)) <= _SHORT_WORDS
    return found.cosine >= (_NEAR_ENOUGH_IF_SHORT if is_short else _NEAR_ENOUGH)


def _one_leads(found: Retrieval) -> bool:
    """Return whether the first paper leads the others, and has enough of the question's words to trust the lead."""
    if len(found.papers) == 1:
        return True
    lead = found.papers[0].score - found.papers[1].score
    return found.coverage >= _COVERED_ENOUGH and lead >= _CLEAR_LEAD


def _best_of_one(evidence: list[Evidence], most: int = _MAX_SENTENCES) -> list[Evidence]:
    """Return the sentences of one paper among which the answer very likely is, best first."""
    chosen: list[Evidence] = []
    sure = 0.0
    for each, probability in zip(evidence, probabilities(evidence), strict=True):
        if chosen and (sure >= _ENOUGH or probability < _MIN_PROBABILITY or len(chosen) == most):
            break
        chosen.append(each)
        sure += float(probability)
    return _within_words(chosen)


def _with_idea(evidence: list[Evidence], library: Library) -> list[Evidence]:
    """Return the best sentence of a paper that was looked for, and the one that states its idea."""
    idea = idea_of(library.sentences(evidence[0].paper))
    chosen = [evidence[0], *(each for each in evidence[1:] if each.sentence == idea)]
    return sorted(chosen, key=lambda each: each.sentence.number)


def _side_by_side(question: Question, library: Library) -> list[Evidence]:
    """Return the best few sentences of each of the papers compared."""
    return [each for its in side_by_side(question, library) for each in _best_of_one(its, _SENTENCES_BESIDE)]


def _spread(found: Retrieval, papers: int) -> list[Evidence]:
    """Return the best sentence of each of the first papers.

    Every paper gets its share of the words: of a paper whose best sentence is longer, a shorter good one is taken.
    """
    return [_lead(found.of(hit.paper), _MAX_WORDS // papers) for hit in found.papers[:papers]]


def _lead(evidence: list[Evidence], words: int) -> Evidence:
    """Return the best of a paper's evidence that has at most so many words and may answer; else the best."""
    shares = probabilities(evidence)
    likely = (each for each, share in zip(evidence, shares, strict=True) if share >= shares[0] / 2)
    return next((each for each in likely if len(each.sentence.text.split()) <= words), evidence[0])


def _within_words(evidence: list[Evidence]) -> list[Evidence]:
    """Return the evidence that fits into _MAX_WORDS, the first in any case; what is too long is passed over."""
    chosen: list[Evidence] = []
    total = 0
    for each in evidence:
        length = len(each.sentence.text.split())
        if not chosen or total + length <= _MAX_WORDS:
            chosen.append(each)
            total += length
    return chosen


def _draft(kind: Kind, evidence: list[Evidence], estimate: Estimate | None = None) -> Draft:
    claims = tuple(Claim(plain_text(each.sentence.text), (each.sentence.id,)) for each in evidence)
    return Draft(kind, claims, confidence=estimate.probability if estimate else None)


def _decline(reason: Reason, estimate: Estimate | None = None) -> Draft:
    return Draft("decline", reason=reason, confidence=estimate.probability if estimate else 0.0)
