"""Lists and counts: every paper of the library that fits, each with the sentence that shows it."""

from __future__ import annotations

from rag.answers import Claim, Draft
from rag.library import Library
from rag.membership import Member, members
from rag.papers import plain_text
from rag.questions import Question
from rag.showing import shown

_NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()


def answer_list(question: Question, library: Library) -> Draft:
    """Return a draft with a sentence of each paper that fits the question's topic, or a decline where none does."""
    assert question.topic is not None
    found = members(question.topic, library)
    if not found:
        return Draft("decline", reason="not_in_library")
    fitting = f"{_papers(len(found)).capitalize()} of {len(library)} {'fits' if len(found) == 1 else 'fit'}:"
    return Draft("list", _claims(found), lead=fitting)


def answer_count(question: Question, library: Library) -> Draft:
    """Return a draft with the number of papers that fit, and the list behind it; or the size of the library."""
    assert question.topic is not None
    if not question.topic.text:
        return Draft("count", lead=f"This library holds {_papers(len(library))}.")
    found = members(question.topic, library)
    topic = shown(question.topic.text)
    if not found:
        return Draft("count", lead=f"None: of the {len(library)} papers in this library, 0 fit “{topic}”.")
    return Draft("count", _claims(found), lead=f"{_papers(len(found)).capitalize()} ({len(found)} of {len(library)}):")


def _claims(found: list[Member]) -> tuple[Claim, ...]:
    return tuple(Claim(plain_text(member.sentence.text), (member.sentence.id,)) for member in found)


def _papers(number: int) -> str:
    """Return "three papers", "13 papers"."""
    word = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{word} paper{'' if number == 1 else 's'}"
