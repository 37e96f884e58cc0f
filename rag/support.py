"""Do sentences, or a whole abstract, carry a claim? The signs by which it shows, and the score that they make.

The score is the probability of a logistic regression over signs that can each be read: what a small model of
entailment says (`entailment`), how many of the claim's words the abstract has, amounts and names that they lack, a
negation or a direction ("lower", "outperforms") on one side only. There are two: one for claims that name sentences,
one for claims that are put to a whole text. `eval/support.py` trains them on claims of ours about arXiv abstracts, on
SciFact's (Wadden et al. 2020) and on WiCE's (Kamoi et al. 2023); at the threshold of the first hardly any claim passes
that is not carried.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.names import COMMON_NAMES, has_name_shape
from rag.papers import plain_text, title_key
from rag.quantities import missing_quantities
from rag.regression import load_regression
from rag.words import stem, stems, words

if TYPE_CHECKING:
    from rag.entailment import Entailment

MODEL = "support"
MODEL_OF_SOURCES = "support_of_sources"


class Scorer(Protocol):
    """What says how well texts carry claims."""

    def __call__(self, claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str]) -> NDArray[np.float64]:
        """Return for each claim the probability (0 to 1) that its evidence, sentences of its source, carries it."""
        ...


SIGNS = (
    "entailed",  # log-odds of "carried" against the rest, by the model of entailment
    "not_contradicted",  # log-odds of "carried" against "says otherwise", by the same
    "words",  # share of the claim's content words that the abstracts have from which the sentences are
    "missing_amounts",  # amounts that they do not give, at most 2
    "missing_names",  # names that they do not have, at most 2
    "negated",  # 1 where the claim denies something and the sentences nothing, or the other way round
    "turned",  # directions in the claim whose opposite the sentences have and not them, at most 2
)
_MOST = 2
_LIMIT = 6.0  # log-odds beyond it say no more
_MOST_READ = 16  # sentences of a whole text that are read

_TOKEN = re.compile(r"[^\W_][\w\-./+]*[^\W_]|[^\W_]")
_NEGATION = re.compile(
    r"\b(?:no|not|never|neither|nor|none|without|cannot|hardly|fail\w*|"
    r"lack\w*|unable|absent|absence|free of|rather than|instead of)\b|n[’']t\b",
    re.I,
)
# Words and their opposites, by stem: where a claim has one side and its sentences only the other, it is turned round.
_OPPOSITES = tuple(
    (frozenset(stem(word) for word in one.split()), frozenset(stem(word) for word in other.split()))
    for one, other in (
        (
            "increase raise rise grow boost gain higher more greater larger improve improvement enhance better",
            "decrease reduce reduction lower drop decline fewer less smaller shrink worsen degrade worse harm hurt",
        ),
        ("faster quick speed accelerate", "slower slow delay"),
        ("outperform surpass exceed beat above", "underperform behind below trail inferior"),
        ("superior", "inferior"),
        ("longer long", "shorter short"),
        ("best highest most maximum", "worst lowest least minimum"),
        ("positive", "negative"),
        ("cheap cheaper inexpensive", "expensive costly"),
        ("easy easier simple", "hard harder difficult complex"),
        ("strong stronger", "weak weaker"),
        ("before", "after"),
        ("succeed success", "fail failure"),
        ("trained finetuned tuned", "frozen freeze untrained"),
        ("supervised labeled labelled", "unsupervised unlabeled unlabelled"),
        ("always all every", "never none"),
        ("necessary required need require", "unnecessary needless"),
        ("stable robust", "unstable fragile"),
        ("open public", "closed private proprietary"),
    )
)


def signs(
    claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str], entailed: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the signs of claims and the texts on which they rest, shape (claims, len(SIGNS)).

    `sources` are the titles and abstracts from which the texts are. `entailed` are the probabilities of
    `Entailment.probabilities` for the texts and claims, shape (claims, 3).
    """
    carried, contradicted = entailed[:, 0], entailed[:, 1]
    rows = [
        (
            *(0.0, 0.0),
            share_of_words(claim, source),
            min(_MOST, len(missing_quantities(claim, text))),
            min(_MOST, len(missing_names(claim, text))),
            float((_NEGATION.search(claim) is None) != (_NEGATION.search(text) is None)),
            min(_MOST, turned(claim, text)),
        )
        for claim, text, source in zip(claims, evidence, sources, strict=True)
    ]
    table = np.array(rows, dtype=np.float32).reshape(len(rows), len(SIGNS))
    table[:, 0] = _log_odds(carried, 1.0 - carried)
    table[:, 1] = _log_odds(carried, contradicted)
    return table


def signs_of_sources(
    claims: Sequence[str], sources: Sequence[Sequence[str]], entailment: Entailment
) -> NDArray[np.float32]:
    """Return the signs of claims and the whole texts that may carry them, shape (claims, len(SIGNS)).

    `sources` are the sentences of each text. Each sentence is read by itself and together with the next one; of a text
    of more than sixteen sentences, those that share most words with the claim. "entailed" is that of the two neighbours
    that carry the claim best. "not_contradicted" is the mean over single sentences, each of which counts as much as it
    tells of the claim at all: the sentence that decides a claim need not be the one that is nearest to carrying it.
    """
    return np.concatenate(
        [
            np.zeros((0, len(SIGNS)), dtype=np.float32),
            *(_signs_of_source(claim, its, entailment) for claim, its in zip(claims, sources, strict=True)),
        ]
    )


def _signs_of_source(claim: str, sentences: Sequence[str], entailment: Entailment) -> NDArray[np.float32]:
    likely = sorted(range(len(sentences)), key=lambda place: -share_of_words(claim, sentences[place]))
    places = sorted(likely[:_MOST_READ])
    pairs = [" ".join(sentences[place : place + 2]) for place in places if place + 1 < len(sentences)] or [*sentences]
    alone, together = (
        entailment.probabilities([(text, claim) for text in its])
        for its in ([sentences[place] for place in places], pairs)
    )
    best = int(together[:, 0].argmax())
    whole = " ".join(sentences)
    found = signs([claim], [pairs[best]], [whole], together[best : best + 1])
    tells = 1.0 - alone[:, 2]
    found[0, SIGNS.index("not_contradicted")] = (_log_odds(alone[:, 0], alone[:, 1]) * tells).sum() / tells.sum()
    found[0, SIGNS.index("missing_amounts")] = min(_MOST, len(missing_quantities(claim, whole)))
    found[0, SIGNS.index("missing_names")] = min(_MOST, len(missing_names(claim, whole)))
    return found


def score(
    claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str], entailment: Entailment
) -> NDArray[np.float64]:
    """Return for each claim the probability (0 to 1) that its evidence, sentences of its source, carries it."""
    probabilities = entailment.probabilities(list(zip(evidence, claims, strict=True)))
    return load_regression(MODEL).probability(signs(claims, evidence, sources, probabilities))


def score_of_sources(
    claims: Sequence[str], sources: Sequence[Sequence[str]], entailment: Entailment
) -> NDArray[np.float64]:
    """Return for each claim the probability (0 to 1) that a whole text, given as its sentences, carries it.

    For claims that name no sentence: to rank or to measure with. Every sentence of an abstract is read, most of them
    twice, which takes nearly twenty times as long as `score`; and what an abstract says of other work takes it in more
    easily. Nothing that citebot shows rests on it.
    """
    return load_regression(MODEL_OF_SOURCES).probability(signs_of_sources(claims, sources, entailment))


def threshold() -> float:
    """Return the score from which a claim counts as carried."""
    return load_regression(MODEL).threshold


def threshold_of_sources() -> float:
    """Return the score from which a whole text counts as carrying a claim."""
    return load_regression(MODEL_OF_SOURCES).threshold


def sure_from(threshold: float) -> float:
    """Return the score from which a claim with words of its own counts as carried: half way from there to certainty."""
    return (1.0 + threshold) / 2


def missing_names(claim: str, evidence: str) -> list[str]:
    """Return the names in a claim ("GSM8K", "LLaMA2-based") that the evidence does not have, in any spelling."""
    text = unicodedata.normalize("NFKD", plain_text(evidence))
    initials = "".join(word[0] for word in words(text))
    return [
        token
        for token in dict.fromkeys(_TOKEN.findall(plain_text(claim)))
        if not _has_name(token, text, initials) and not _has_parts(token, text, initials)
    ]


def _has_name(name: str, text: str, initials: str) -> bool:
    """Return whether the text has the name by itself (BERT is not in RoBERTa), or the words whose initials it is."""
    key = title_key(name).removesuffix("s")
    if not has_name_shape(name) or not key or name.lower().removesuffix("s") in COMMON_NAMES:
        return True
    end = r"(?:s(?![^\W_])|(?![^\W_]|\.\d))" if key[-1].isdigit() else r"(?:s(?![^\W_])|(?![^\W\d_]))"
    stands = re.search(r"(?<![^\W\d_])" + r"[\W_]*".join(map(re.escape, key)) + end, text, re.I)
    return stands is not None or (name.removesuffix("s").isupper() and key in initials)


def _has_parts(token: str, text: str, initials: str) -> bool:
    """Return whether a token with a word behind a hyphen ("LoRA-based", "100K-token") is made of what the text has."""
    *parts, last = re.split(r"[-/]", token)
    head = token[: len(token) - len(last) - 1]
    return bool(parts) and last.isalpha() and last.islower() and _has_name(head, text, initials)


def is_turned(claim: str, evidence: str) -> bool:
    """Return whether only one of claim and evidence denies something, or the claim goes in another direction."""
    return (_NEGATION.search(claim) is None) != (_NEGATION.search(evidence) is None) or turned(claim, evidence) > 0


def turned(claim: str, evidence: str) -> int:
    """Return in how many directions the claim goes where the evidence goes the opposite way only."""
    said, carried = _all_stems(claim), _all_stems(evidence)
    return sum(
        bool(said & mine) and not said & its and bool(carried & its) and not carried & mine
        for one, other in _OPPOSITES
        for mine, its in ((one, other), (other, one))
    )


def _all_stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, words(text)))


def share_of_words(claim: str, evidence: str) -> float:
    """Return the share (0 to 1) of the claim's content words, by stem, that the evidence has."""
    wanted = stems(plain_text(claim))
    return len(wanted & stems(plain_text(evidence))) / len(wanted) if wanted else 0.0


def _log_odds(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    odds: NDArray[np.float32] = np.log(np.maximum(one, 1e-6)) - np.log(np.maximum(other, 1e-6))
    return np.clip(odds, -_LIMIT, _LIMIT)
