"""Overviews: the themes of the library, or of its papers on a topic, each with its most typical papers."""

from __future__ import annotations

from rag.answering.about import idea_of
from rag.answers import Claim, Draft
from rag.library import Library
from rag.membership import members
from rag.papers import Paper, plain_text
from rag.questions import Question
from rag.themes import Theme, themes_of

_PAPERS_A_THEME = 3
_PAPERS_A_THEME_IF_FEW = 3
_FEW = 12
_AT_LEAST = 3
_WHOLE = frozenset("this whole the collection library corpus here papers your all it about".split())


def answer_overview(question: Question, library: Library) -> Draft:
    """Return a draft that goes through the themes: of the whole library, or of the papers on the question's topic."""
    assert question.topic is not None
    topic = question.topic.text
    if not topic or all(word in _WHOLE for word in topic.lower().split()):
        papers, of = library.papers(), f"The {len(library)} papers of this library"
    else:
        papers = [member.paper for member in members(question.topic, library, widely=True)]
        of = f"{len(papers)} of the {len(library)} papers"
    if not papers:
        return Draft("decline", reason="not_in_library")
    themes = themes_of(papers, library) if len(papers) > _AT_LEAST else [Theme((), tuple(papers))]
    shown = _PAPERS_A_THEME_IF_FEW if len(papers) <= _FEW else _PAPERS_A_THEME
    claims = []
    for theme in themes:
        heading = _heading(theme)
        for paper in theme.papers[:shown]:
            sentence = idea_of(library.sentences(paper))
            claims.append(Claim(plain_text(sentence.text), (sentence.id,), heading))
    lead = f"{of} fall into {len(themes)} themes:" if len(themes) > 1 else f"{of}:"
    return Draft("overview", tuple(claims), lead=lead)


def _heading(theme: Theme) -> str:
    if not theme.terms:
        return ""
    return f"{', '.join(theme.terms)} ({_count(theme.papers)})"


def _count(papers: tuple[Paper, ...]) -> str:
    return f"{len(papers)} paper{'' if len(papers) == 1 else 's'}"
