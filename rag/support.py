"""Do sentences carry a claim? The signs by which it shows, and the score that they make.

The score is the probability of a logistic regression over signs that can each be read: what a small model of
entailment says (`entailment`), how many of the claim's words the abstract has, amounts and names that they lack, a
negation or a direction ("lower", "outperforms") on one side only. `eval/support.py` trains it on claims of ours about
arXiv abstracts, on SciFact's (Wadden et al. 2020) and on WiCE's (Kamoi et al. 2023); at the threshold hardly any claim
passes that is not carried.
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
    table[:, 0] = np.clip(_log_odds(carried, 1.0 - carried), -_LIMIT, _LIMIT)
    table[:, 1] = np.clip(_log_odds(carried, contradicted), -_LIMIT, _LIMIT)
    return table


def score(
    claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str], entailment: Entailment
) -> NDArray[np.float64]:
    """Return for each claim the probability (0 to 1) that its evidence, sentences of its source, carries it."""
    probabilities = entailment.probabilities(list(zip(evidence, claims, strict=True)))
    return load_regression(MODEL).probability(signs(claims, evidence, sources, probabilities))


def threshold() -> float:
    """Return the score from which a claim counts as carried."""
    return load_regression(MODEL).threshold


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
    return np.log(np.maximum(one, 1e-6)) - np.log(np.maximum(other, 1e-6))
