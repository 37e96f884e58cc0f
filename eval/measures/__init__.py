"""The measures of an evaluation, in the order in which a report shows them."""

from __future__ import annotations

from eval.measures import citations, correctness, declines, effort, lists, retrieval, robustness
from eval.measures.measure import Measure, Row

__all__ = ["GROUPS", "HEADLINES", "MEASURES", "Measure", "Row"]

MEASURES: tuple[Measure, ...] = (
    correctness.right, correctness.strings, correctness.gold_first, correctness.obeyed, correctness.words,
    correctness.errors,
    citations.grounding, citations.quotes, citations.marks, citations.citation_recall, citations.citation_precision,
    declines.wrong_declines, declines.wrong_answers, declines.reasons, declines.decline_auroc, declines.aurc,
    declines.ece,
    lists.list_f1_of, lists.count_error,
    retrieval.recall_1, retrieval.recall_3, retrieval.recall_10, retrieval.ndcg_10, retrieval.mrr_10,
    *robustness.UNCHANGED,
    effort.time_p50, effort.time_p95, effort.prompt_tokens, effort.completion_tokens, effort.cost,
)  # fmt: skip

GROUPS = {
    "answers": "Answers",
    "citations": "Citations and grounding",
    "declines": "Declining",
    "lists": "Lists and counts",
    "retrieval": "Retrieval",
    "robustness": "Robustness",
    "effort": "Time and cost",
}

HEADLINES = ("right", "grounding", "quotes", "wrong_declines", "wrong_answers", "list_f1", "recall@3", "p50")
