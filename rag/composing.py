"""Checked claims to the answer that people see: text with marks, citations, and the words of a decline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.answerability import asked_for, missing_names
from rag.answers import Answer, Citation, Draft, Kind, Reason
from rag.grounding import GroundedClaim
from rag.library import Library
from rag.papers import Paper, Sentence
from rag.questions import Question, is_order
from rag.retrieval import Retrieval
from rag.showing import shown, unmarked

_SUGGESTIONS = 3
_MAX_QUOTED_WORDS = 110


def compose(question: Question, found: Retrieval, claims: Sequence[GroundedClaim], draft: Draft) -> Answer:
    """Return the answer that the claims make: a paragraph a paper, a mark after every claim.

    Where claims come from several papers, each paragraph says which paper speaks.
    """
    citations = tuple(_citation(mark, each.paper, each.sentences) for mark, each in enumerate(claims, start=1))
    paragraphs: dict[tuple[str, str], list[str]] = {}
    for mark, each in enumerate(claims, start=1):
        paragraphs.setdefault((each.claim.heading, each.paper.id), []).append(f"{unmarked(each.claim.text)} [{mark}]")
    titles = {each.paper.id: each.paper.plain_title for each in claims}
    lines: list[str] = []
    if len(paragraphs) == 1 and not draft.lead:
        lines = [" ".join(next(iter(paragraphs.values())))]
    else:
        heading = ""
        for (theme, paper_id), said in paragraphs.items():
            if theme != heading:
                lines += ["", f"**{theme}**"]
                heading = theme
            lines.append(f"- **{titles[paper_id]}**: {' '.join(said)}")
        lines = [*([_lead(found, draft, claims), ""] if _lead(found, draft, claims) else []), *lines]
    text = "\n".join(lines).replace("\n\n\n", "\n\n").strip()
    return Answer(text, "answered", draft.kind, citations=citations, question=question.text)


class Composition:
    """An answer in a model's words that grows: each claim is followed by its marks, equal citations share one."""

    def __init__(self, question: Question, kind: Kind, model: str) -> None:
        self.claims: list[GroundedClaim] = []
        self._answer = Answer("", "answered", kind, question=question.text, model=model)
        self._citations: list[Citation] = []
        self._quoted_words = 0
        self._most_words = _MAX_QUOTED_WORDS * (2 if kind == "compare" else 1)
        self._in_list = False

    def has_room_for(self, claim: GroundedClaim) -> bool:
        """Return whether the quotes stay few enough to be read if the claim is added."""
        new = sum(len(sentence.text.split()) for _, sentence in self._not_yet_quoted(claim))
        return not self.claims or self._quoted_words + new <= self._most_words

    def add(self, claim: GroundedClaim) -> None:
        """Add a claim in the model's words."""
        self._append(f"{unmarked(claim.claim.text)} {self._marks(claim)}", claim)

    def add_quote(self, quote: GroundedClaim) -> None:
        """Add a sentence of an abstract, quoted: on a line of its own if its paper was not just spoken of."""
        text = f"“{unmarked(quote.claim.text)}” {self._marks(quote)}"
        if {quote.paper.id} != {paper.id for claim in self.claims[-1:] for paper, _ in claim.grounds}:
            text = f"- **{quote.paper.plain_title}**: {text}"
        self._append(text, quote)

    def answer(self) -> Answer:
        """Return the answer as it is now."""
        return replace(self._answer, citations=tuple(self._citations))

    def _append(self, text: str, claim: GroundedClaim) -> None:
        before = self._answer.text
        is_item = text.startswith("- ")
        joint = "" if not before else " " if not is_item else "\n" if self._in_list else "\n\n"
        self._in_list = self._in_list or is_item
        self._answer = replace(self._answer, text=f"{before}{joint}{text}")
        self.claims.append(claim)

    def _marks(self, claim: GroundedClaim) -> str:
        """Return the marks of a claim, and cite what was not cited yet."""
        self._quoted_words += sum(len(sentence.text.split()) for _, sentence in self._not_yet_quoted(claim))
        marks = []
        for paper, sentences in claim.grounds:
            for run in _runs(sentences):
                citation = _citation(len(self._citations) + 1, paper, run)
                known = next((each for each in self._citations if each.sentence_ids == citation.sentence_ids), None)
                if known is None:
                    self._citations.append(citation)
                marks.append((known or citation).mark)
        return "".join(f"[{mark}]" for mark in dict.fromkeys(marks))

    def _not_yet_quoted(self, claim: GroundedClaim) -> list[tuple[Paper, Sentence]]:
        quoted = {each for citation in self._citations for each in citation.sentence_ids}
        return [(paper, each) for paper, its in claim.grounds for each in its if each.id not in quoted]


def _runs(sentences: Sequence[Sentence]) -> list[tuple[Sentence, ...]]:
    """Return the sentences of a paper in runs of such as follow one another: a quote must stand so in the abstract."""
    runs: list[list[Sentence]] = []
    for sentence in sentences:
        if runs and runs[-1][-1].number + 1 == sentence.number:
            runs[-1].append(sentence)
        else:
            runs.append([sentence])
    return [tuple(run) for run in runs]


def _citation(mark: int, paper: Paper, sentences: Sequence[Sentence]) -> Citation:
    return Citation(
        mark=mark,
        paper_id=paper.id,
        title=paper.title,
        url=paper.url,
        quote=" ".join(sentence.text for sentence in sentences),
        sentence_ids=tuple(sentence.id for sentence in sentences),
        wording=paper.wording,
    )


def _lead(found: Retrieval, draft: Draft, claims: Sequence[GroundedClaim]) -> str:
    """Return the words before claims of several papers."""
    if draft.lead or found.named > 1:
        return draft.lead
    return f"The {_plural({each.paper.wording for each in claims})} that come nearest:"


def decline(question: Question, found: Retrieval, reason: Reason, library: Library) -> Answer:
    """Return the answer that says that the library does not tell, why, and which papers come nearest."""
    papers = [hit.paper for hit in found.papers]
    if question.near_misses:
        meant = [miss.paper_id for miss in question.near_misses]
        papers.sort(key=lambda paper: paper.id not in meant)
    papers = papers[:_SUGGESTIONS]
    wordings = _plural({paper.wording for paper in papers} or {"abstract"})
    if not papers:
        text = "The library is empty, so there is nothing to answer from."
    elif not question.asked or not any(character.isalnum() for character in question.asked):
        text = f"There is no question in that. Ask about the papers, and I answer from their {wordings}."
    elif reason != "not_in_abstract" and is_order(question.asked):
        text = f"The {wordings} in this library do not tell."  # what an order wants said is not said again
    elif reason == "off_topic":
        text = f"The {wordings} in this library do not tell: none of them comes near this question."
    elif reason == "not_in_abstract":
        text = _silence_of(papers[0], question, library)
        papers = papers[:1]
    elif question.near_misses:
        text = _near_misses(question, papers)
    elif question.unknown_names:
        names = ", ".join(map(shown, question.unknown_names))
        verb = "is" if len(question.unknown_names) == 1 else "are"
        text = f"The {wordings} in this library do not tell: {names} {verb} not mentioned in any of them."
    elif question.topic is not None:
        text = f"No paper of this library fits “{shown(question.topic.text)}”."
    else:
        # Nothing is said of the papers that come nearest: now and then one of them does tell.
        text = f"I find no answer to that in the {wordings} of this library."
    suggestions = tuple(paper.plain_title for paper in papers) if reason != "off_topic" else ()
    return Answer(text, "declined", "decline", reason=reason, suggestions=suggestions, question=question.text)


def _near_misses(question: Question, papers: Sequence[Paper]) -> str:
    """Return the words that say that a name is not known, and which known one it resembles."""
    titles = {paper.id: paper.plain_title for paper in papers}
    said = []
    for miss in question.near_misses:
        nearest = f"; the nearest is “{titles[miss.paper_id]}”" if miss.paper_id in titles else ""
        said.append(f"I know no {shown(miss.name)}{nearest}.")
    return " ".join(said)


def _silence_of(paper: Paper, question: Question, library: Library) -> str:
    """Return the words that say that a paper's abstract does not tell what is asked, and what it does not mention."""
    wanted = shown(asked_for(question))
    tells = f"tell {wanted}" if wanted else "tell"
    missing = missing_names(question, paper, library)
    mention = f" It does not mention {', '.join(map(shown, missing))}." if missing else ""
    return f"The {paper.wording} of “{paper.plain_title}” does not {tells}.{mention}"


def _plural(wordings: Iterable[str]) -> str:
    """Return "abstracts", "digests", or both, as the papers' wordings are."""
    return " and ".join(f"{wording}s" for wording in sorted(wordings))
