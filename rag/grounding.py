"""The check: a claim leaves only if the sentences that it names carry it.

Claims of the extractive answer are sentences of abstracts: looked up again by their ids, and compared word for word.
Claims that a language model wrote are put to `ClaimCheck`: every amount and name must stand in the sentences, what is
said of a paper must rest on that paper, and the sentences must carry the whole (`support`). A claim that its own
sentences do not carry is mended where others do, or where the sentence that it misquotes can stand in its place;
else it is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag import support
from rag.answers import Claim, Draft, DroppedClaim, Evidence
from rag.catalogue import Standing
from rag.comparisons import swaps_sides
from rag.excerpts import is_excerpt
from rag.library import Library
from rag.names import COMMON_NAMES, names_of
from rag.papers import Paper, Sentence, fold_space, plain_text, title_key, whole_text
from rag.quantities import missing_quantities
from rag.words import words

_MOST_SENTENCES = 3  # on which one claim may rest
_MEND_AMONG = 4  # sentences that are tried where the named ones do not carry a claim
_IN_THEIR_WORDS = 0.85  # share of a claim's words that its sentences have, from which it counts as put in their words
_AMOUNT = re.compile(r"(?<!\w)\d[\d.,]*\w*")  # amounts are looked at by themselves
_REPEATED = re.compile(r"(\b\w+(?:\W+\w+){4,}?)\W.*\b\1\b", re.I)  # five words and more, said twice
# Share of the threshold from which an excerpt may have a word of its own, and a sentence that a claim does not name
# counts as the one that it misquotes.
_NEARLY = 0.5
_QUOTE_FROM = 0.15  # score from which a failed claim is near enough to a sentence for the quote to take its place


@dataclass(frozen=True, slots=True)
class GroundedClaim:
    """A claim that passed, and the sentences that carry it by paper, each paper's in reading order."""

    claim: Claim
    paper: Paper
    sentences: tuple[Sentence, ...]
    beside: tuple[tuple[Paper, tuple[Sentence, ...]], ...] = ()

    @property
    def is_quote(self) -> bool:
        """Whether the claim is one of its sentences, in quotation marks."""
        return self.claim.text.startswith("“") and self.claim.text.endswith("”")

    @property
    def grounds(self) -> tuple[tuple[Paper, tuple[Sentence, ...]], ...]:
        """All papers on which the claim rests, with their sentences."""
        return ((self.paper, self.sentences), *self.beside)


def check(draft: Draft, library: Library) -> list[GroundedClaim]:
    """Return the claims of a draft of quotes that their sentences carry, word for word, in the draft's order."""
    paper_ids = list(dict.fromkeys(_paper_id(each) for claim in draft.claims for each in claim.sentence_ids))
    papers = {paper.id: paper for paper in library.catalogue.papers(paper_ids)}
    known = {sentence.id: sentence for its in library.catalogue.sentences(paper_ids).values() for sentence in its}
    passed = []
    for claim in draft.claims:
        sentences = tuple(known[each] for each in claim.sentence_ids if each in known)
        if sentences and _says_the_same(claim, sentences):
            passed.append(GroundedClaim(claim, papers[sentences[0].paper_id], sentences))
    return passed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check says of a claim in other words: what may be shown of it, and what was dropped and why."""

    shown: GroundedClaim | None
    dropped: DroppedClaim | None = None


class ClaimCheck:
    """Checks claims in other words against the sentences that they name."""

    def __init__(self, evidence: Sequence[Evidence], scorer: support.Scorer, threshold: float) -> None:
        """Check against `evidence`, all that the writer of the claims was given."""
        self._evidence = list(evidence)
        self._scorer = scorer
        self._threshold = threshold
        self._names = {each.paper.id: _names_of_its_own(each.paper) for each in evidence}
        self._said: set[str] = set()
        self._titles = {title_key(f"{head}{each.paper.title}") for each in evidence for head in ("", "Paper")}

    def verdict(self, text: str, named: Sequence[Evidence]) -> Verdict:
        """Return what may be shown of a claim that names these sentences (of `evidence`, perhaps none)."""
        ids = tuple(each.sentence.id for each in named)
        key = title_key(text)
        if key in self._said:
            return Verdict(None, DroppedClaim(text, ids, "it was said before"))
        if key in self._titles:
            return Verdict(None, DroppedClaim(text, ids, "it is a title"))
        if text.endswith("?"):
            return Verdict(None, DroppedClaim(text, ids, "it is a question"))
        if _REPEATED.search(text):
            return Verdict(None, DroppedClaim(text, ids, "it goes in circles"))
        best, why = 0.0, "it names no sentence"
        named = self._of_papers_spoken_of(text, named)
        if named:
            chosen, best, why = self._carried_by(text, named[:_MOST_SENTENCES])
            if not why:
                return Verdict(self._shown(text, chosen))
        others = self._likely_grounds(text, beside=ids)
        for other in others:
            mended, score, still = self._carried_by(text, [other])
            if not still:
                return Verdict(self._shown(text, mended))
            if score >= self._threshold * _NEARLY:
                best = max(best, score)
        dropped = DroppedClaim(text, ids, why)
        if named and best >= _QUOTE_FROM and (quote := self._quote(text, [*named, *others])):
            return Verdict(quote, dropped)
        return Verdict(None, dropped)

    def _carried_by(self, text: str, named: Sequence[Evidence]) -> tuple[list[Evidence], float, str]:
        """Return the sentences that carry a claim (as few as do), its score, and why they do not ("" where they do)."""
        if not named:
            return [], 0.0, "it names no sentence"
        wholes = [[each] for each in named] if len(named) > 1 else []
        candidates = [*wholes, list(named)]
        reasons = [self._lacks(text, each) for each in candidates]
        scores = self._scorer(
            [text] * len(candidates),
            [_sentences_of(each) for each in candidates],
            [_sources_of(each) for each in candidates],
        )
        for candidate, score, lack in zip(candidates, scores, reasons, strict=True):
            needed = self._needed(text, candidate)
            if not lack and (score >= needed or self._is_excerpt(text, candidate, float(score))):
                return candidate, float(score), ""
        score = float(max(scores))
        needed = self._needed(text, named)
        why = reasons[-1] or f"the sentences do not carry it (score {score:.2f}, needed {needed:.2f})"
        return list(named), score, why

    def _needed(self, text: str, named: Sequence[Evidence]) -> float:
        """Return the score that a claim needs: one that brings in words of its own must be surer."""
        share = support.share_of_words(_AMOUNT.sub("", text), _text_of(named))
        return self._threshold if share >= _IN_THEIR_WORDS else support.sure_from(self._threshold)

    def _is_excerpt(self, text: str, named: Sequence[Evidence], score: float) -> bool:
        """Return whether a claim says what its one sentence says, in its words; `score` may be low for a long one."""
        if len(named) > 1 or support.is_turned(text, plain_text(named[0].sentence.text)):
            return False
        paper = named[0].paper
        subject = (paper.plain_title.partition(":")[0], *self._names.get(paper.id, ()))
        strictly = score < self._threshold * _NEARLY
        return is_excerpt(text, plain_text(named[0].sentence.text), subject, strictly=strictly)

    def _lacks(self, text: str, named: Sequence[Evidence]) -> str:
        """Return what a claim's sentences say otherwise, by amount, name, paper or order; empty where nothing."""
        papers = {each.paper.id: each.paper for each in named}
        titles = [paper.plain_title for paper in papers.values()]
        evidence = _text_of(named)
        own = " ".join(name for paper_id in papers for name in self._names.get(paper_id, ()))
        if amounts := missing_quantities(text, evidence, titles):
            return f"its sentences do not give {amounts[0].text}"
        if names := support.missing_names(text, f"{evidence} {' '.join(titles)} {own}"):
            return f"its sentences do not mention {names[0]}"
        if swaps_sides(text, _sentences_of(named)):
            return "it turns round what does better than what"
        has = f"{evidence} {own} {' '.join(titles)}"
        for paper_id, its_names in self._names.items():
            for name in its_names if paper_id not in papers else ():
                if _stands(name, text) and not _stands(name, has):
                    return f"it speaks of {name} and rests on another paper"
        return ""

    def _likely_grounds(self, text: str, beside: Sequence[str]) -> list[Evidence]:
        """Return the sentences, of those not named, that share most words with a claim; the likeliest first."""
        others = [each for each in self._evidence if each.sentence.id not in beside]
        return sorted(others, key=lambda each: -_likeness(text, each))[:_MEND_AMONG]

    def _quote(self, text: str, among: Sequence[Evidence]) -> GroundedClaim | None:
        """Return as a quotation the sentence that a claim seems to misquote, unless it was quoted before."""
        meant = max(among, key=lambda each: _likeness(text, each))
        if meant.sentence.id in self._said:
            return None
        return self._shown(f"“{plain_text(meant.sentence.text)}”", [meant])

    def _of_papers_spoken_of(self, text: str, named: Sequence[Evidence]) -> list[Evidence]:
        """Return the named sentences of the papers that a claim speaks of; all where it names no paper.

        An amount that one cited paper gives would otherwise pass for another's.
        """
        spoken_of = {paper_id for paper_id, its in self._names.items() if any(_stands(name, text) for name in its)}
        return [each for each in named if each.paper.id in spoken_of] or list(named)

    def _shown(self, text: str, chosen: Sequence[Evidence]) -> GroundedClaim:
        self._said.add(title_key(text))
        self._said.update(each.sentence.id for each in chosen)
        return _grounded(text, chosen)


def _grounded(text: str, chosen: Sequence[Evidence]) -> GroundedClaim:
    by_paper: dict[str, tuple[Paper, list[Sentence]]] = {}
    for each in chosen:
        by_paper.setdefault(each.paper.id, (each.paper, []))[1].append(each.sentence)
    grounds = [(paper, tuple(sorted(its, key=lambda each: each.number))) for paper, its in by_paper.values()]
    ids = tuple(sentence.id for _, its in grounds for sentence in its)
    return GroundedClaim(Claim(text, ids), *grounds[0], beside=tuple(grounds[1:]))


def _sentences_of(named: Sequence[Evidence]) -> str:
    return " ".join(plain_text(each.sentence.text) for each in named)


def _text_of(named: Sequence[Evidence]) -> str:
    """Return what the sentences say, with the titles of their papers before them."""
    titles = dict.fromkeys(each.paper.plain_title for each in named)
    return f"{'. '.join(titles)}. {_sentences_of(named)}"


def _sources_of(named: Sequence[Evidence]) -> str:
    """Return titles and abstracts of the papers from which the sentences are."""
    papers = {each.paper.id: each.paper for each in named}
    return " ".join(whole_text(paper) for paper in papers.values())


def _stands(name: str, text: str) -> bool:
    """Return whether a name stands in a text; one in capitals ("LESS") only in capitals."""
    if name.isupper():
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
    return f" {' '.join(words(name))} " in f" {' '.join(words(text))} "


def _likeness(text: str, evidence: Evidence) -> float:
    return support.share_of_words(text, plain_text(evidence.sentence.text))


def _names_of_its_own(paper: Paper) -> tuple[str, ...]:
    return tuple(
        name.name
        for name in names_of(paper)
        if name.standing >= Standing.TITLE
        or (name.standing == Standing.REPEATED and name.name.lower() not in COMMON_NAMES)
    )


def _says_the_same(claim: Claim, sentences: tuple[Sentence, ...]) -> bool:
    return fold_space(claim.text) == fold_space(" ".join(plain_text(sentence.text) for sentence in sentences))


def _paper_id(sentence_id: str) -> str:
    return sentence_id.rpartition(".s")[0]
