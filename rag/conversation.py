"""What a question leans on in the history: which papers it means when it does not name them.

What it can mean, the first that applies: one of several by its number ("the second one"), the one not spoken of last
("the other"), all of those just listed ("which of them", "both"), the one spoken of last ("its cost", "and on which
datasets?"). A question that stands on its own feet, or says that it changes the subject, leans on nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answers import Turn
from rag.describing import paper_described, papers_by_phrase
from rag.library import Library
from rag.naming import papers_named, place_of
from rag.papers import fold_space
from rag.words import content_words

_HISTORY_TURNS = 8
_BOLD = re.compile(r"^- \*\*(.+?)\*\*", re.M)  # the titles in an answer of citebot's own
_MAX_LIST = 8

_CHANGES_SUBJECT = re.compile(
    r"\b(?:unrelated|different (?:topic|question|subject|thing)|(?:an)?other (?:topic|question|subject|thing)|"
    r"new (?:topic|question|subject)|something (?:else|different)|off[- ]topic|chang(?:e|ing) (?:of |"
    r"the )?(?:topic|subject)|"
    r"switching|moving on|by the way|btw|on another note)\b",
    re.I,
)
_NUMBERS = {
    "first": 0, "1st": 0, "former": 0, "second": 1, "2nd": 1, "latter": -1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3,
    "fifth": 4, "5th": 4, "last": -1, "final": -1,
}  # fmt: skip
_ORDINAL = re.compile(
    r"\b(?:the|that|your)? ?(?P<ordinal>first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th|last|former|latter)"
    r"(?: (?:one|paper|method|work|study|approach|system|model|of (?:those|these|them|the (?:two|three|"
    r"four)))s?\b|(?='s\b|\s*[:,?]|$))|"
    r"\b(?P<bare>former|latter)\b|\bfor the (?P<for>first|second|third|last)\b|(?:\bnumber|\bno\.?|"
    r"#) ?(?P<number>\d)\b|"
    r"\b(?P<middle>middle) (?:one|paper|of)\b",
    re.I,
)
_OTHER = re.compile(
    r"\bthe other(?: (?:one|paper|method|work|study|approach|system|model))?\b(?! (?:methods|papers|models))", re.I
)
_ALL = re.compile(
    r"\b(?:which|what|any|each|all|both|one|none|some|two|three) (?:one )?of (?:them|these|those|the (?:two|three|"
    r"four|papers|methods))\b|"
    r"\bof (?:them|these|those)\b|\bboth\b|\bthe (?:two|three|four)\b|\bbetween (?:them|those|these)\b|"
    r"\bwhich one\b|\beach\b|"
    r"\b(?:they|them|those|these) (?:all|both|each)\b",
    re.I,
)
_POINTS = re.compile(
    r"^(?:and|so|but|also|then|ok|okay|what about|how about)\b|"
    r"\b(?:it|its|it's|they|their|them|that|this|these|those|there|he|she|his|her|the (?:paper|authors?|method|"
    r"approach|study|work))\b",
    re.I,
)
_SEARCHES = re.compile(
    r"\b(?:which|what|any|other|more|some) (?:\w+ ){0,2}(?:papers?|works?|studies|abstracts|articles)\b|"
    r"\bhow many papers\b|"
    r"\b(?:is|are) there (?:a|an|any)\b|\bdoes any(?:one|body|thing)\b|\bhas any(?:one|body)\b|\blist\b|"
    r"\banything (?:on|about)\b",
    re.I,
)
# Of the question's words (weighted by rarity) a paper must have this much to be what a question without any pointing
# word is about, where the papers of the history have clearly less.
_STANDS_ALONE = 0.6
_CLEARLY_MORE = 0.2


def leans_on(asked: str, history: Sequence[Turn], library: Library) -> tuple[str, ...]:
    """Return the ids of the papers of the history that a question means; none where it stands alone.

    `asked` names no paper itself. `history` is oldest first.
    """
    if not history or _CHANGES_SUBJECT.search(asked):
        return ()
    recent = history[-_HISTORY_TURNS:]
    spoken_of = [_papers_of(turn, library) for turn in recent]
    for turn in range(1, len(recent)):
        # An answer about the one paper that was asked about quotes sentences; what these happen to name was not meant.
        if recent[turn].role == "assistant" and recent[turn - 1].role == "user" and len(spoken_of[turn - 1]) == 1:
            spoken_of[turn] = spoken_of[turn - 1]
    if not any(spoken_of):
        spoken_of = [_papers_searched(history, library)]
    if not any(spoken_of):
        return ()
    latest = next(papers for papers in reversed(spoken_of) if papers)
    listed = next((papers for papers in reversed(spoken_of) if len(papers) > 1), _all_of(spoken_of))
    focus = _focus(spoken_of)
    if match := _ORDINAL.search(asked):
        place = _place(match)
        if place is not None and -1 <= place < len(listed):
            return (listed[len(listed) // 2 if match["middle"] else place],)
    if _OTHER.search(asked):
        others = [paper_id for paper_id in listed if paper_id not in focus[:1]]
        return tuple(others[:1]) if others else focus
    if _ALL.search(asked):
        return listed[:_MAX_LIST]
    if _SEARCHES.search(asked) and not re.search(r"\b(?:them|these|those)\b", asked, re.I):
        return ()
    if _POINTS.search(asked):
        return focus if len(latest) == 1 or len(focus) == 1 else latest[:_MAX_LIST]
    return focus if not _stands_alone(asked, focus, library) else ()


def without_pointing(text: str) -> str:
    """Return the text without the words that only say which paper is meant: "the second one", "of them"."""
    for pattern in (_ORDINAL, _OTHER, _ALL):
        text = pattern.sub(" ", text)
    return fold_space(text)


def _papers_of(turn: Turn, library: Library) -> tuple[str, ...]:
    """Return the papers that a turn speaks of, in its order: by names, and by words that only their titles have so."""
    titles = _BOLD.findall(turn.content) if turn.role == "assistant" else []
    text = fold_space(" / ".join(titles) if titles else turn.content)
    written = papers_named(text, library).written
    folded = text.lower()
    for paper_id, phrase in papers_by_phrase(text, library, must_fit=False).items():
        written.setdefault(paper_id, phrase)
    return tuple(sorted(written, key=lambda paper_id: place_of(written[paper_id], folded)))


def _papers_searched(history: Sequence[Turn], library: Library) -> tuple[str, ...]:
    """Return the paper that the last exchange describes without naming it, if one clearly does."""
    for start in range(max(0, len(history) - 2), -1, -2):
        text = " ".join(turn.content for turn in history[start : start + 2])
        found = paper_described(fold_space(text), library)
        if found:
            return (found,)
    return ()


def _all_of(spoken_of: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return all papers in the order in which they first came up."""
    return tuple(dict.fromkeys(paper_id for papers in spoken_of for paper_id in papers))


def _focus(spoken_of: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what is being spoken of: the latest turn's papers, or the one of them of the question before it."""
    latest = next(index for index in range(len(spoken_of) - 1, -1, -1) if spoken_of[index])
    papers = spoken_of[latest]
    before = spoken_of[latest - 1] if latest > 0 else ()
    if len(papers) > 1 and len(before) == 1 and before[0] in papers:
        return before
    return papers


def _place(match: re.Match[str]) -> int | None:
    if match["middle"]:
        return 0
    if match["number"]:
        return int(match["number"]) - 1
    word = match["ordinal"] or match["bare"] or match["for"]
    return _NUMBERS.get(word.lower())


def _stands_alone(asked: str, focus: Sequence[str], library: Library) -> bool:
    """Return whether a question without any pointing word is about another paper than those of the history."""
    if len(content_words(asked)) < 3:
        return False
    ranking = library.rank(asked, describes=False)
    coverage = dict(zip(ranking.paper_ids, ranking.coverage.tolist(), strict=True))
    best = ranking.best_coverage
    mine = max((coverage.get(paper_id, 0.0) for paper_id in focus), default=0.0)
    return best >= _STANDS_ALONE and best - mine >= _CLEARLY_MORE
