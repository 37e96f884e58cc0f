"""Are the right papers found, and found first? Measured on the ranking from which the answer was made."""

from __future__ import annotations

from collections.abc import Callable

from eval.cases import Case
from eval.measures.correctness import is_told
from eval.measures.measure import Measure, measure
from rag.papers import title_key

DEPTH = 10
_ASKS_FOR_PAPERS = frozenset(
    ("fact", "number", "detail", "paper", "other_words", "compare", "followup", "multilingual")
)


def _of_ranking(name: str) -> Callable[[Case], float | None]:
    """Return a function that computes a measure of ir-measures for a case, None where no paper is looked for."""

    def value(case: Case) -> float | None:
        ranking = case.given.ranking
        if ranking is None or not case.gold or not (is_told(case) or case.question.kind == "other_words"):
            return None
        return ranked(name, [title_key(each) for each in ranking], case.gold)

    return value


def ranked(name: str, found: list[str], relevant: list[str]) -> float:
    """Return a measure of ir-measures ("nDCG@10", "R@3", "RR@10") for one ranking; 0 where nothing was found."""
    import ir_measures

    if not found:
        return 0.0
    run = {"q": {key: float(len(found) - place) for place, key in enumerate(found)}}
    return float(ir_measures.parse_measure(name).calc_aggregate({"q": dict.fromkeys(relevant, 1)}, run))


def _measure(key: str, name: str, title: str, definition: str) -> Measure:
    function = _of_ranking(name)
    function.__doc__ = definition
    return measure(key, title, "retrieval")(function)


recall_1 = _measure(
    "recall@1", "R@1", "Retrieval recall@1",
    "Of the papers that a question needs, the share that is ranked first.\n\nSource: ir-measures R@1 (trec_eval).",
)  # fmt: skip
recall_3 = _measure(
    "recall@3", "R@3", "Retrieval recall@3",
    "Of the papers that a question needs, the share among the first three ranked.\n\n"
    "Source: ir-measures R@3 (trec_eval).",
)  # fmt: skip
recall_10 = _measure(
    "recall@10", "R@10", "Retrieval recall@10",
    "Of the papers that a question needs, the share among the first ten ranked.\n\n"
    "Source: ir-measures R@10 (trec_eval).",
)  # fmt: skip
ndcg_10 = _measure(
    "ndcg@10", "nDCG@10", "Retrieval nDCG@10",
    "How near the top the needed papers are ranked, discounted by the logarithm of the place; 1 is the best order.\n\n"
    "Source: Järvelin and Kekäläinen (2002), as ir-measures has it.",
)  # fmt: skip
mrr_10 = _measure(
    "mrr@10", "RR@10", "Retrieval MRR",
    "One over the place of the first needed paper among the first ten ranked, averaged.\n\n"
    "Source: Kantor and Voorhees (2000), as ir-measures has it (RR@10).",
)  # fmt: skip
