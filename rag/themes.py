"""The themes of a set of papers: clusters of their abstracts' vectors, each with the words that set it apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.library import Library
from rag.papers import Paper, plain_text
from rag.words import FUNCTION_WORDS, stem, words

_MAX_THEMES = 8
_LABEL_TERMS = 3
# Words of abstracts that say nothing of a theme.
_ANY_THEME = frozenset(
    """method methods approach approaches propose proposed results result experiments performance existing new novel
    state art however while across further via based model models framework task tasks significantly achieve achieves
    compared demonstrate various different several large training trained data efficient effective high low better
    improve improves well first two three them even without including between through during among within address
    e g i https com github code available introduce present provide specific general set sets
    """.split()
)


@dataclass(frozen=True, slots=True)
class Theme:
    """Some papers that belong together, the most typical first, and the terms that they share and others lack."""

    terms: tuple[str, ...]
    papers: tuple[Paper, ...]


def themes_of(papers: Sequence[Paper], library: Library) -> list[Theme]:
    """Return the themes of the papers, the largest first: average-linkage clusters by the cosine of their abstracts."""
    if not papers:
        return []
    stored = library.catalogue.vectors([paper.id for paper in papers])
    rows = np.flatnonzero(stored.numbers == 0)
    place = {stored.paper_ids[stored.owners[row]]: row for row in rows}
    vectors = stored.vectors[[place[paper.id] for paper in papers]]
    labels = _clusters(vectors, min(_MAX_THEMES, max(1, round(math.sqrt(len(papers) / 2)))))
    terms = [_terms(paper) for paper in papers]
    everywhere = Counter(term for each in terms for term in each)
    themes = []
    for label in sorted(set(labels.tolist())):
        its = np.flatnonzero(labels == label)
        centre = vectors[its].mean(axis=0)
        typical = its[np.argsort(-(vectors[its] @ centre), kind="stable")]
        chosen = _label([terms[index] for index in its], everywhere, len(papers))
        themes.append(Theme(chosen, tuple(papers[index] for index in typical)))
    return sorted(themes, key=lambda theme: -len(theme.papers))


def _clusters(vectors: NDArray[np.float32], number: int) -> NDArray[np.int64]:
    """Return for each vector the number of its cluster (Ward's method)."""
    if len(vectors) <= 2 or number < 2:
        return np.zeros(len(vectors), dtype=np.int64)
    from sklearn.cluster import AgglomerativeClustering  # takes a second to import; only overviews pay for it

    clustering = AgglomerativeClustering(n_clusters=min(number, len(vectors)), linkage="ward")
    return np.asarray(clustering.fit_predict(vectors), dtype=np.int64)


def _terms(paper: Paper) -> dict[str, str]:
    """Return the single words and word pairs of a paper, stemmed -> as written there first."""
    found: dict[str, str] = {}
    tokens = words(plain_text(f"{paper.title}. {paper.abstract}"))
    for first, second in zip(tokens, [*tokens[1:], ""], strict=True):
        if not _tells(first):
            continue
        found.setdefault(stem(first), first)
        if _tells(second):
            found.setdefault(f"{stem(first)} {stem(second)}", f"{first} {second}")
    return found


def _tells(word: str) -> bool:
    return len(word) > 2 and not word.isdigit() and word not in FUNCTION_WORDS and word not in _ANY_THEME


def _label(cluster: Sequence[dict[str, str]], everywhere: Counter[str], papers: int) -> tuple[str, ...]:
    """Return the terms that most of a cluster's papers have and few others; word pairs before their parts."""
    inside = Counter(term for each in cluster for term in each)

    def weight(term: str) -> float:
        share = inside[term] / len(cluster)
        rarity = math.log(papers / everywhere[term])
        return share * rarity * (1.6 if " " in term else 1.0) * (inside[term] > 1 or len(cluster) == 1)

    chosen: list[str] = []
    for term in sorted(inside, key=lambda each: (-weight(each), each)):
        if len(chosen) == _LABEL_TERMS or (chosen and weight(term) <= 0):
            break
        if not any(set(term.split()) & set(other.split()) for other in chosen):
            chosen.append(term)
    written = {term: each[term] for each in cluster for term in chosen if term in each}
    return tuple(written[term] for term in chosen)
