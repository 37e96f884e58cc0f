"""A case: one question, what was said to it, and all that is needed to judge that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from eval.given import GivenAnswer, GivenCitation
from eval.items import Question, fold
from rag.papers import Paper, fold_space, plain_text, title_key

# Do these texts (titles of papers, each with a full stop, then quoted sentences) carry the claim?
Support = Callable[[str, Sequence[str]], bool]

_MARKS = re.compile(r"(?:\s*\[\d{1,3}\])+")
_LABEL = re.compile(r"^\s*(?:[-*+]|\d+\.)?\s*\*\*.+?\*\*:\s*")
_HEADING = re.compile(r"^\s*(?:#+ .*|\*\*[^*]+\*\*)\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+")


def verbatim_support(claim: str, evidence: Sequence[str]) -> bool:
    """Return whether the claim stands in the evidence word for word (white space, LaTeX and case folded)."""
    return fold(plain_text(claim)) in fold(plain_text(" ".join(evidence)))


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """A claim as a reader sees it, and its marks; without marks it rests on nothing."""

    text: str
    marks: tuple[int, ...]


class Collection:
    """The texts of the papers, by title: what quotes are held against."""

    def __init__(self, papers: Iterable[Paper]) -> None:
        self.papers = tuple(papers)
        self._texts = {
            title_key(paper.title): (fold_space(paper.title), fold_space(paper.abstract)) for paper in self.papers
        }

    def has_quote(self, title: str, quote: str) -> bool:
        """Return whether the quote stands, word for word, in the abstract or the title of the paper."""
        return any(fold_space(quote) in text for text in self._texts.get(title_key(title), ()))


@dataclass(frozen=True)
class Case:
    """A question, the answer, the answers to its variants (by the variant's name), the collection, and the judge."""

    question: Question
    given: GivenAnswer
    collection: Collection
    supports: Support = verbatim_support
    variants: Mapping[str, Sequence[GivenAnswer]] = field(default_factory=dict)

    @property
    def is_answered(self) -> bool:
        """Whether an answer was given, not a decline nor an error."""
        return self.given.status == "answered"

    @cached_property
    def cited(self) -> list[str]:
        """The keys of the cited papers' titles, in the order of their first mark."""
        return list(dict.fromkeys(title_key(each.title) for each in self.given.citations))

    @cached_property
    def gold(self) -> list[str]:
        """The keys of the gold papers' titles."""
        return [title_key(each) for each in self.question.gold_papers]

    @cached_property
    def text(self) -> str:
        """The answer's text, folded."""
        return fold(self.given.text)

    @cached_property
    def text_and_quotes(self) -> str:
        """The answer's text and its quotes, folded."""
        return fold(" ".join([self.given.text, *(each.quote for each in self.given.citations)]))

    @cached_property
    def claims(self) -> list[ShownClaim]:
        """The claims of the answer; none in a number of papers alone, which tells of the library."""
        is_bare_number = self.question.kind == "count" and not self.given.citations
        return claims_of(self.given.text) if self.is_answered and not is_bare_number else []

    def citations_of(self, claim: ShownClaim) -> list[GivenCitation]:
        """Return the citations to which the claim's marks lead; a mark without a citation leads to none."""
        by_mark: dict[int, list[GivenCitation]] = {}
        for each in self.given.citations:
            by_mark.setdefault(each.mark, []).append(each)
        return [each for mark in claim.marks for each in by_mark.get(mark, ())]

    def is_carried(self, claim: ShownClaim, citations: Sequence[GivenCitation]) -> bool:
        """Return whether the judge finds that the citations, taken together, carry the claim; none carry nothing."""
        titles = dict.fromkeys(f"{plain_text(each.title)}." for each in citations)
        return bool(citations) and self.supports(claim.text, [*titles, *(each.quote for each in citations)])

    @cached_property
    def carried(self) -> list[bool]:
        """For each claim, whether its citations carry it."""
        return [self.is_carried(claim, self.citations_of(claim)) for claim in self.claims]


def claims_of(text: str) -> list[ShownClaim]:
    """Return the claims of an answer's text (Markdown), each with the marks behind it.

    Titles in front of a line ("- **Title**: ..."), headings, and what stands before the first claim ("Three papers of
    134 fit:") are not claims: they tell of the library, not of what papers say. A text without any mark is all claims.
    """
    claims: list[ShownClaim] = []
    if not _MARKS.search(text):
        return [ShownClaim(each, ()) for each in map(_without_label, text.splitlines()) if each]
    for line in text.splitlines():
        if not _MARKS.search(line):
            if claims and not _HEADING.match(line) and _without_label(line):
                claims.append(ShownClaim(_without_label(line), ()))
            continue
        rest = _without_label(line)
        start = 0
        for match in _MARKS.finditer(rest):
            said = rest[start : match.start()].strip(" .;,\t")
            marks = tuple(int(each) for each in re.findall(r"\d+", match.group()))
            if said:
                claims.append(ShownClaim(said, marks))
            elif claims:
                claims[-1] = ShownClaim(claims[-1].text, claims[-1].marks + marks)
            start = match.end()
        if rest[start:].strip(" .;,\t"):
            claims.append(ShownClaim(rest[start:].strip(), ()))
    return claims


def _without_label(line: str) -> str:
    return _BULLET.sub("", _LABEL.sub("", line)).strip()
