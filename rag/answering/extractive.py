"""Answers without a language model: the sentences themselves, chosen and ordered.

Where the question names a paper, or one paper clearly leads, the answer is that paper's best sentences; where
none does, the best sentence of each of the nearest papers, so that the reader can judge.
"""

from __future__ import annotations

from rag.answerability import is_answered_by
from rag.answers import Claim, Draft, Evidence
from rag.library import Library
from rag.papers import plain_text
from rag.questions import Question
from rag.retrieval import Retrieval
from rag.words import content_words

_MAX_SENTENCES = 4
_MAX_PAPERS = 3
_SENTENCES_BESIDE = 2
_MAX_WORDS = 110
# A further sentence must come this near to the best one: below, it is about something else.
_NEAR_BEST = 0.55
# To be answered from alone, the best paper must lead the second this far on the ranking's scale, and have this
# share of the question's words: a lead in meaning only is a guess.
_CLEAR_LEAD = 0.15
_COVERED_ENOUGH = 0.5

# Nearness in meaning below which nothing in the library is on the question's subject. Short questions come near to
# something by chance: of thirty everyday ones (cooking, the weather, small talk) 28 lay below 0.285; longer ones on
# such subjects lay below 0.2, and the nearest question that the library answers, in other words, at 0.23.
_NEAR_ENOUGH = 0.23
_NEAR_ENOUGH_IF_SHORT = 0.285
_SHORT_WORDS = 6


def answer(question: Question, found: Retrieval, library: Library) -> Draft:
    """Return a draft of verbatim sentences, or a decline where nothing comes near or the one paper meant is silent."""
    if question.unknown_names and not found.named:
        return Draft("decline", reason="not_in_library")
    if not found.papers or not (question.has_known_name or _comes_near(question, found)):
        return Draft("decline", reason="off_topic")
    if found.named > 1:
        return _draft(_side_by_side(found, min(found.named, _MAX_PAPERS)))
    if found.named == 1 or _one_leads(found):
        if found.named and not is_answered_by(question, found.papers[0].paper, library):
            return Draft("decline", reason="not_in_abstract")
        return _draft(_best_of_one(found))
    return _draft(_spread(found, _MAX_PAPERS))


def _comes_near(question: Question, found: Retrieval) -> bool:
    is_short = len(content_words(question.asked)) <= _SHORT_WORDS
    return found.cosine >= (_NEAR_ENOUGH_IF_SHORT if is_short else _NEAR_ENOUGH)


def _one_leads(found: Retrieval) -> bool:
    """Return whether the first paper leads the others, and has enough of the question's words to trust the lead."""
    if len(found.papers) == 1:
        return True
    lead = found.papers[0].score - found.papers[1].score
    return found.coverage >= _COVERED_ENOUGH and lead >= _CLEAR_LEAD


def _best_of_one(found: Retrieval) -> list[Evidence]:
    """Return the best sentences of the first paper, best first."""
    evidence = found.of(found.papers[0].paper)
    enough = evidence[0].score * _NEAR_BEST
    return _within_words([each for each in evidence if each.score >= enough][:_MAX_SENTENCES])


def _side_by_side(found: Retrieval, papers: int) -> list[Evidence]:
    """Return the best two sentences of each of the papers that the question names."""
    return [each for hit in found.papers[:papers] for each in _within_words(found.of(hit.paper)[:_SENTENCES_BESIDE])]


def _spread(found: Retrieval, papers: int) -> list[Evidence]:
    """Return the best sentence of each of the first papers.

    Every paper gets its share of the words: of a paper whose best sentence is longer, a shorter good one is taken.
    """
    return [_lead(found.of(hit.paper), _MAX_WORDS // papers) for hit in found.papers[:papers]]


def _lead(evidence: list[Evidence], words: int) -> Evidence:
    """Return the best of a paper's evidence that has at most so many words and comes near the best; else the best."""
    enough = evidence[0].score * _NEAR_BEST
    fitting = (each for each in evidence if each.score >= enough and len(each.sentence.text.split()) <= words)
    return next(fitting, evidence[0])


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


def _draft(evidence: list[Evidence]) -> Draft:
    return Draft("fact", tuple(Claim(plain_text(each.sentence.text), (each.sentence.id,)) for each in evidence))
