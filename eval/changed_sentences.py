"""Sentences of abstracts beside themselves: lightly edited (still true) or changed (now false), made by rule.

They teach the model of entailment (`eval.entailment`) that one word can turn a sentence round: a direction swapped for
its opposite, another number, a negation more or less. The other words being the same, nothing else tells.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from eval.claims import CONTRADICTED, NOT_ENOUGH, SUPPORTED, Pair

_PAIRS = """
increase/decrease increases/decreases increased/decreased increasing/decreasing high/low higher/lower
improve/worsen improves/worsens improved/worsened more/less larger/smaller greater/smaller faster/slower better/worse
best/worst promote/inhibit promotes/inhibits promoted/inhibited activate/suppress activates/suppresses
activated/suppressed enhance/impair enhances/impairs enhanced/impaired induce/prevent induces/prevents
induced/prevented upregulates/downregulates upregulated/downregulated elevated/reduced longer/shorter stronger/weaker
outperform/underperform outperforms/underperforms positive/negative positively/negatively presence/absence with/without
before/after early/late essential/unnecessary required/unnecessary sufficient/insufficient effective/ineffective
efficient/inefficient significant/insignificant sensitive/insensitive dependent/independent gain/loss always/never
most/few many/few all/none strong/weak reduce/raise reduces/raises reduced/raised supervised/unsupervised
stable/unstable common/rare likely/unlikely similar/different success/failure maximum/minimum upper/lower
accelerates/slows surpasses/trails protective/harmful beneficial/harmful susceptible/resistant mature/immature
direct/indirect fewer/more
"""
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"(?<![\w.])(?<![A-Za-z]-)\d+(?:\.\d+)?(?!\w)")
_FACTORS = (0.1, 0.5, 0.7, 1.3, 2.0, 3.0, 10.0)
_AUXILIARY = re.compile(r"\b(?:is|are|was|were|can|may|could|does|do|did|has(?= been)|have(?= been)|will)\b(?! not)")
_NEGATIONS = ((re.compile(r"\bcannot\b"), "can"), (re.compile(r"\bnot\s"), ""), (re.compile(r"\bno\s"), "a "))
_OPENING = re.compile(
    r"^(?:however|in addition|moreover|furthermore|here|in contrast|additionally|therefore|thus|finally|specifically|"
    r"in particular|notably|importantly|consequently|interestingly|recently|in this (?:paper|study|work)),?\s+"
    r"(?:we (?:show|find|found|demonstrate|report|propose|present) (?:that )?)?",
    re.I,
)
_PARENTHESES = re.compile(r"\s*\([^)]{1,60}\)")
_TRAILING_CLAUSE = re.compile(
    r",\s+(?:which|where|while|whereas|suggesting|indicating|leading|resulting|and thereby|with)\b"
)
_FEWEST_WORDS, _MOST_WORDS = 8, 40
_FEWEST_SENTENCES = 3


def _opposites(pairs: str) -> dict[str, str]:
    """Return the opposite of each word of the pairs; of several, the first."""
    found: dict[str, str] = {}
    for one, other in (pair.split("/") for pair in pairs.split()):
        found.setdefault(one, other)
        found.setdefault(other, one)
    return found


_OPPOSITES = _opposites(_PAIRS)


def lightly_edited(sentence: str, rng: random.Random) -> str:
    """Return the sentence with its opening, parentheses, perhaps a last clause left out: what it says stays true."""
    said = _PARENTHESES.sub("", _OPENING.sub("", sentence))
    clause = _TRAILING_CLAUSE.search(said)
    if clause and len(said[: clause.start()].split()) >= _FEWEST_WORDS and rng.random() < 0.6:
        said = f"{said[: clause.start()]}."
    if rng.random() < 0.5:
        said = said.replace("We ", "The authors ").replace(" our ", " their ")
    return said[:1].upper() + said[1:]


def changed(sentence: str, rng: random.Random) -> str | None:
    """Return the sentence with a direction, a number or a negation changed so that it is false; None where none is."""
    ways: list[tuple[Callable[[str, random.Random], str | None], int]] = [
        (_with_opposite, 3),
        (_with_other_number, 2),
        (_without_negation, 3),
        (_with_negation, 1),
    ]
    possible = [(said, weight) for way, weight in ways if (said := way(sentence, rng)) is not None]
    if not possible:
        return None
    texts, weights = zip(*possible, strict=True)
    return str(rng.choices(texts, weights)[0])


def changed_sentences(abstracts: Iterable[Sequence[str]], rng: random.Random) -> Iterator[Pair]:
    """Yield pairs made of a sentence of each abstract (its sentences given) that can be changed.

    The sentence carries itself edited and contradicts itself changed; now and then the changed one is the text, and
    now and then another sentence of the abstract is the claim, of which the text says nothing.
    """
    for abstract in abstracts:
        sentences = [each for each in abstract if _FEWEST_WORDS <= len(each.split()) <= _MOST_WORDS]
        if len(set(sentences)) < _FEWEST_SENTENCES:
            continue
        sentence = rng.choice(sentences)
        edited = lightly_edited(sentence, rng)
        false = changed(edited, rng)
        if false is None:
            continue
        yield Pair(sentence, edited, SUPPORTED)
        yield Pair(sentence, false, CONTRADICTED)
        if rng.random() < 0.5:
            other = rng.choice([each for each in sentences if each != sentence])
            yield Pair(sentence, lightly_edited(other, rng), NOT_ENOUGH)
        if rng.random() < 0.3:
            yield Pair(false, edited, CONTRADICTED)
        if rng.random() < 0.15:
            yield Pair(false, false, SUPPORTED)


def _with_opposite(sentence: str, rng: random.Random) -> str | None:
    found = [match for match in _WORD.finditer(sentence) if match.group().lower() in _OPPOSITES]
    if not found:
        return None
    match = rng.choice(found)
    opposite = _OPPOSITES[match.group().lower()]
    return _replaced(sentence, match, opposite.capitalize() if match.group()[0].isupper() else opposite)


def _with_other_number(sentence: str, rng: random.Random) -> str | None:
    found = list(_NUMBER.finditer(sentence))
    if not found:
        return None
    match = rng.choice(found)
    value = float(match.group()) * rng.choice(_FACTORS)
    said = str(int(value)) if "." not in match.group() and value >= 1 else f"{value:.2g}"
    return _replaced(sentence, match, said if said != match.group() else str(int(float(match.group())) + 7))


def _without_negation(sentence: str, rng: random.Random) -> str | None:
    for negation, instead in _NEGATIONS:
        if negation.search(sentence):
            return negation.sub(instead, sentence, count=1)
    return None


def _with_negation(sentence: str, rng: random.Random) -> str | None:
    if _without_negation(sentence, rng) is not None:
        return None
    match = _AUXILIARY.search(sentence)
    return _replaced(sentence, match, f"{match.group()} not") if match else None


def _replaced(sentence: str, match: re.Match[str], said: str) -> str:
    return f"{sentence[: match.start()]}{said}{sentence[match.end() :]}"
