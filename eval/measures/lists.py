"""Lists and counts: are all papers there that fit, and no others?"""

from __future__ import annotations

import re

from eval.cases import Case
from eval.measures.measure import measure
from rag.papers import title_key

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty".split()
)
_VALUES = {word: value for value, word in enumerate(_WORDS)} | {"none": 0, "no": 0, "single": 1}
_NUMBER = re.compile(rf"\b(?:\d{{1,3}}(?:,\d{{3}})+|\d+|{'|'.join(_VALUES)})\b(?![\w%])", re.I)
_MARK_OR_QUOTED = re.compile(r"\[\d+\]|“[^”]*”|\*\*.+?\*\*:")
_OUT_OF = re.compile(r"\b(?:of|among|in|from)(?: (?:the|all|these|those|this|a|my|our))*$", re.I)


def list_f1(case: Case) -> float:
    """Return F1 of the cited papers against the gold ones; acceptable ones neither help nor hurt.

    Where no paper fits, an answer without a citation has 1, any other 0.
    """
    acceptable = {title_key(each) for each in case.question.acceptable_papers} - set(case.gold)
    cited, gold = set(case.cited) - acceptable, set(case.gold)
    if not gold:
        return float(not cited)
    shared = len(cited & gold)
    return 2 * shared / (len(cited) + len(gold))


def number_said(case: Case) -> int:
    """Return how many papers the answer says there are: its first number that is no "of 134"; 0 where it says none."""
    text = _MARK_OR_QUOTED.sub(" ", case.given.text) if case.is_answered else ""
    for match in _NUMBER.finditer(text):
        if not _OUT_OF.search(text[: match.start()].rstrip()):
            said = match.group().lower().replace(",", "")
            return _VALUES[said] if said in _VALUES else int(said)
    return 0


@measure("list_f1", "List F1", "lists")
def list_f1_of(case: Case) -> float | None:
    """For lists: the harmonic mean of precision and recall of the cited papers, averaged over the questions.

    Source: van Rijsbergen (1979), "Information Retrieval", chapter 7; acceptable papers are taken out before.
    """
    return list_f1(case) if case.question.kind == "list" else None


@measure("count_error", "Count error", "lists", unit="number", is_higher_better=False)
def count_error(case: Case) -> float | None:
    """For counts: how far the number said is from the true one, on average (0 to a defensible other number).

    Source: mean absolute error.
    """
    if case.question.kind != "count" or case.question.gold_count is None:
        return None
    right = (case.question.gold_count, *case.question.acceptable_counts)
    return min(abs(number_said(case) - each) for each in right)
