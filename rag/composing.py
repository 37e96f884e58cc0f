"""Checked claims to the answer that people see: text with marks, citations, and the words of a decline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.answerability import missing_names
from rag.answers import Answer, Citation, Kind, Reason
from rag.grounding import GroundedClaim
from rag.papers import Paper
from rag.questions import Question
from rag.retrieval import Retrieval

_SUGGESTIONS = 3


def compose(question: Question, found: Retrieval, claims: Sequence[GroundedClaim], kind: Kind = "fact") -> Answer:
    """Return the answer that the claims make: a paragraph a paper, a mark after every claim.

    Where claims come from several papers, each paragraph says which paper speaks.
    """
    citations = tuple(
        Citation(
            mark=mark,
            paper_id=each.paper.id,
            title=each.paper.title,
            url=each.paper.url,
            quote=" ".join(sentence.text for sentence in each.sentences),
            sentence_ids=tuple(sentence.id for sentence in each.sentences),
            wording=each.paper.wording,
        )
        for mark, each in enumerate(claims, start=1)
    )
    titles = {each.paper.id: each.paper.plain_title for each in claims}
    paragraphs: dict[str, list[str]] = {}
    for mark, each in enumerate(claims, start=1):
        paragraphs.setdefault(each.paper.id, []).append(f"{each.claim.text} [{mark}]")
    if len(paragraphs) == 1:
        text = " ".join(next(iter(paragraphs.values())))
    else:
        lines = [f"- **{titles[paper_id]}**: {' '.join(said)}" for paper_id, said in paragraphs.items()]
        wordings = {each.paper.wording for each in claims}
        lead = [] if found.named > 1 else [f"The {_plural(wordings)} that come nearest:", ""]
        text = "\n".join([*lead, *lines])
    return Answer(text, "answered", kind, citations=citations, question=question.text)


def decline(question: Question, found: Retrieval, reason: Reason) -> Answer:
    """Return the answer that says that the library does not tell, why, and which papers come nearest."""
    papers = [hit.paper for hit in found.papers[:_SUGGESTIONS]]
    wordings = _plural({paper.wording for paper in papers} or {"abstract"})
    if not papers:
        text = "The library is empty, so there is nothing to answer from."
    elif not question.asked or not any(character.isalnum() for character in question.asked):
        text = f"There is no question in that. Ask about the papers, and I answer from their {wordings}."
    elif reason == "off_topic":
        text = f"The {wordings} in this library do not tell: none of them comes near this question."
    elif reason == "not_in_library" and question.unknown_names:
        names = ", ".join(question.unknown_names)
        text = f"The {wordings} in this library do not tell: {names} is not mentioned in any of them."
    elif reason == "not_in_abstract":
        text = _silence_of(papers[0], question)
        papers = papers[:1]
    else:
        text = f"The {wordings} in this library do not tell."
    suggestions = tuple(paper.plain_title for paper in papers) if reason != "off_topic" else ()
    return Answer(text, "declined", "decline", reason=reason, suggestions=suggestions, question=question.text)


def _silence_of(paper: Paper, question: Question) -> str:
    """Return the words that say that a paper's abstract does not tell what is asked, and what it does not mention."""
    missing = missing_names(question, paper)
    mention = f" It does not mention {', '.join(missing)}." if missing else ""
    return f"The {paper.wording} of “{paper.plain_title}” does not tell.{mention}"


def _plural(wordings: Iterable[str]) -> str:
    """Return "abstracts", "digests", or both, as the papers' wordings are."""
    return " and ".join(f"{wording}s" for wording in sorted(wordings))
