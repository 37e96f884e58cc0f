"""Does a paper belong on a list? A decision for every paper of the library, not the first few of a ranking.

A logistic regression on signs of a topic and a paper, trained by `eval/membership.py` on lists that were made by
reading all abstracts (`eval/questions/lists.jsonl`). Two signs look at the best paper of the library: the same
nearness means more where none comes nearer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.kinds import Topic
from rag.library import Library
from rag.papers import Paper, Sentence, plain_text, title_key
from rag.ranking import idf
from rag.regression import load_regression
from rag.words import american, content_words, stem, stems, words

MODEL = "membership"
SIGNS = (
    "abstract_cosine",  # nearness of topic and abstract
    "sentence_cosine",  # and of topic and nearest sentence
    "behind_best",  # mean of the two, less that of the best paper (0 or below)
    "coverage",  # share of the topic's words, weighted by rarity, that stand in the paper
    "sentence_coverage",  # the same for the sentence that has most of them
    "coverage_behind_best",  # sentence_coverage less that of the best paper (0 or below)
)
_WIDELY = 0.4
_LOOKED_AT = 150  # papers of which sentences are looked at: the nearest, and those with the topic's words
_QUOTED = re.compile(r"[\"“‘'](?P<phrase>[^\"”’]{2,80})[\"”’']")
# Words of questions for many papers that say nothing of the topic.
_FRAME_WORDS = frozenset(
    """here collection library corpus list papers about mention mentions methods approaches technique techniques
    propose proposes proposed state states something anything way ways rely relies deal deals concern concerned phrase
    word words title titles come comes contain contains name called any different various kinds kind""".split()
)


@dataclass(frozen=True, slots=True)
class Member:
    """A paper that belongs on a list, how sure that is (0 to 1), and the sentence that shows it."""

    paper: Paper
    probability: float
    sentence: Sentence


def members(topic: Topic, library: Library, *, widely: bool = False) -> list[Member]:
    """Return the papers of the library that belong under a topic, surest first; `widely`: also those that only may.

    All papers are looked at; in a library above the exact-scan limit the few hundred that come near.
    """
    if topic.literal and (phrases := _phrases(topic)):
        return _with_words(phrases, topic.in_title, library)
    found = signs(topic, library)
    if not found.papers:
        return []
    model = load_regression(MODEL)
    probabilities = model.probability(found.signs)
    order = np.argsort(-probabilities, kind="stable")
    if probabilities.max() < model.first:
        return []
    threshold = model.threshold * (_WIDELY if widely else 1.0)
    return [
        Member(found.papers[i], float(probabilities[i]), found.sentences[i])
        for i in order
        if probabilities[i] >= threshold
    ]


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of papers for one topic: shape (papers, len(SIGNS)), and for each paper its best sentence."""

    papers: list[Paper]
    sentences: list[Sentence]
    signs: NDArray[np.float32]


def signs(topic: Topic, library: Library) -> Signs:
    """Return the signs of all papers that may belong under the topic."""
    ranking = library.rank(topic.text, is_topic=True)
    if not ranking.paper_ids:
        return Signs([], [], np.zeros((0, len(SIGNS)), dtype=np.float32))
    weights = topic_weights(topic.text, library)
    nearness = ranking.cosines
    ids = ranking.paper_ids
    looked_at = sorted(
        {int(i) for i in np.argsort(-nearness)[:_LOOKED_AT]}
        | {int(i) for i in np.argsort(-ranking.coverage)[:_LOOKED_AT]}
    )
    papers = library.catalogue.papers([ids[i] for i in looked_at])
    sentences = library.catalogue.sentences([ids[i] for i in looked_at])
    rows, best = [], []
    for i, paper in zip(looked_at, papers, strict=True):
        its = sentences[paper.id]
        cosines = ranking.sentence_cosines(i)
        shares = np.array([sum(weights.get(each, 0.0) for each in _stems_of(s.text)) for s in its], dtype=np.float32)
        in_paper = _stems_of(f"{paper.title}. {paper.abstract}")
        best.append(its[int(np.argmax(cosines + shares))])
        rows.append(
            (
                ranking.abstract_cosines[i],
                float(cosines.max()),
                nearness[i] - nearness.max(),
                sum(weight for word, weight in weights.items() if word in in_paper),
                float(shares.max()),
                0.0,
            )
        )
    table = np.array(rows, dtype=np.float32)
    at, behind = SIGNS.index("sentence_coverage"), SIGNS.index("coverage_behind_best")
    table[:, behind] = table[:, at] - table[:, at].max()
    return Signs(papers, best, table)


def topic_weights(text: str, library: Library) -> dict[str, float]:
    """Return stem -> share of weight (sum 1, by rarity) of the topic's words."""
    total = library.catalogue.count()
    weights = {
        stem(word): idf(library.catalogue.frequency(word), total)
        for word in content_words(plain_text(text))
        if word not in _FRAME_WORDS
    }
    whole = sum(weights.values()) or 1.0
    return {word: weight / whole for word, weight in weights.items()}


@lru_cache(maxsize=8_192)
def _stems_of(text: str) -> frozenset[str]:
    return stems(plain_text(text))


# ------------------------------------------------------------------ words that must stand there as they are


def _phrases(topic: Topic) -> list[str]:
    """Return the keys of what must stand in a paper; any one of them is enough. Nothing where it is not clear what."""
    quoted = [match["phrase"] for match in _QUOTED.finditer(topic.text)]
    if quoted:
        return [_key(phrase) for phrase in quoted]
    # "direct preference optimization (DPO)", "Mixture of Experts (or MoE)": long form and acronym
    text = re.sub(
        r"\b(?:the |in |their |its |any )*(?:words?|phrases?|terms?|titles?|names?|abstracts?|papers?|models?|"
        r"contains?|comes? up)\b",
        " ",
        topic.text,
        flags=re.I,
    )
    parts = re.split(r"[()]|\bor\b|/", text)
    keys = [" ".join(part.split()) for part in parts]
    phrases = [_key(re.sub(r"^(?:the|a|an|any|in)\b|\b(?:in|the|of)$", "", key.strip(), flags=re.I)) for key in keys]
    return [phrase for phrase in phrases if len(phrase) >= 2] if len(topic.text.split()) <= 8 else []


def _key(phrase: str) -> str:
    """Return the key of a phrase, in American spelling as most abstracts are."""
    return title_key(" ".join(american(word) for word in words(phrase)))


def _with_words(phrases: list[str], in_title: bool, library: Library) -> list[Member]:
    """Return the papers that have one of the phrases, written in any way, in their title (or anywhere)."""
    found = []
    for paper in library.papers():
        in_its_title = any(_has(paper.title, phrase) for phrase in phrases)
        if in_title and not in_its_title:
            continue
        sentences = library.sentences(paper)
        having = next((s for s in sentences if any(_has(s.text, phrase) for phrase in phrases)), None)
        if having or in_its_title:
            found.append(Member(paper, 1.0, having or sentences[0]))
    return found


def _has(text: str, phrase: str) -> bool:
    """Return whether the words of the text, joined, have the phrase at a word's start (and end, if it is short)."""
    joined = " " + " ".join(american(word) for word in words(plain_text(text))) + " "
    spaced = r"[\W_]*".join(map(re.escape, phrase))
    end = r"(?=s?\b)" if len(phrase) <= 5 else ""
    return re.search(rf"(?<!\w){spaced}{end}", joined) is not None
