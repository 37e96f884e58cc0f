"""What the report's page is told: plain data, everything computed, nothing left to work out but the drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from eval.cases import Case, Collection
from eval.gate import changes
from eval.items import includes_one
from eval.measures import GROUPS, HEADLINES
from eval.measures.correctness import quoted_words
from eval.measures.declines import calibration, risk_coverage
from eval.results import Difference, Judged, Results, Run, measures_by_key, question_as_dict, shown_range, shown_value
from rag.papers import plain_text, title_key

_DIGITS = 5


def page_data(results: Results, baseline: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the data of the page; `baseline` counts where it is of the same collection."""
    held = baseline if baseline and baseline["collection"]["hash"] == results.collection["hash"] else None
    first = results.runs[0]
    differences = [changes(first, held) if held else {}, *(results.compare(run, first) for run in results.runs[1:])]
    references = ["the baseline" if held else "", *(first.name for _ in results.runs[1:])]
    used = {key for run in results.runs for key in run.figures}
    parts = zip(results.runs, differences, references, strict=True)
    return {
        "created": results.created,
        "collection": results.collection,
        "versions": results.versions,
        "baseline": {"reason": held["reason"], "accepted": held["accepted"]} if held else None,
        "groups": GROUPS,
        "headlines": [key for key in HEADLINES if key in used],
        "measures": [
            {
                "key": key, "title": each.title, "group": each.group, "unit": each.unit, "what": each.what,
                "source": each.source, "higher": each.is_higher_better,
            }
            for key, each in measures_by_key().items() if key in used
        ],
        "runs": [_run(run, differs, against) for run, differs, against in parts],
        "questions": [_question(index, results) for index in range(len(first.judged))],
    }  # fmt: skip


def _run(run: Run, differences: Mapping[str, Difference], against: str) -> dict[str, Any]:
    measures = measures_by_key()
    return {
        "name": run.name,
        "settings": run.settings,
        "against": against,
        "figures": {
            key: {
                "value": _number(each.value), "low": _number(each.low), "high": _number(each.high), "cases": each.cases,
                "shown": shown_value(each.value, measures[key]),
                "range": shown_range(each.low, each.high, measures[key]),
            }
            for key, each in run.figures.items()
        },
        "changes": {
            key: {"value": _number(each.value), "shown": _signed(each), "change": each.change, "cases": each.cases}
            for key, each in differences.items() if each.change != "not comparable"
        },
        "riskCoverage": _risk_coverage(run),
        "calibration": _calibration(run),
        "times": _times(run),
        "hasStages": any(each.given.stages for each in run.judged),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return round(value, _DIGITS) if math.isfinite(value) else None


def _signed(each: Difference) -> str:
    shown = shown_value(abs(each.value), measures_by_key()[each.key])
    return f"{'+' if each.value > 0 else '−' if each.value < 0 else '±'}{shown}"


# --------------------------------------------------------------------------- curves


def _risk_coverage(run: Run) -> list[list[float]]:
    """Return points of coverage and risk, at most a hundred; none where no confidence was given."""
    rows = list(run.rows("aurc").values())
    if not rows:
        return []
    confidences, wrong = np.array(rows).T
    coverage, risk = risk_coverage(confidences, wrong)
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), 100)).astype(int))
    return [[_rounded(coverage[each]), _rounded(risk[each])] for each in chosen]


def _calibration(run: Run) -> list[list[float]]:
    rows = list(run.rows("ece").values())
    return [[_rounded(value) for value in each] for each in calibration(*np.array(rows).T)] if rows else []


def _times(run: Run) -> list[dict[str, Any]]:
    """Return median and 95th percentile in milliseconds, by stage where the assistant tells, else by kind."""
    groups: dict[str, list[float]] = {}
    for each in run.judged:
        if each.given.stages:
            for stage, seconds in each.given.stages.items():
                groups.setdefault(stage, []).append(seconds)
        else:
            groups.setdefault(each.question.kind.replace("_", " "), []).append(each.given.seconds)
    return [
        {
            "name": name,
            "p50": _rounded(1000 * float(np.median(seconds))),
            "p95": _rounded(1000 * float(np.quantile(seconds, 0.95))),
        }
        for name, seconds in groups.items()
    ]


def _rounded(value: float) -> float:
    return round(float(value), 4)


# --------------------------------------------------------------------------- questions


def _question(index: int, results: Results) -> dict[str, Any]:
    question = results.runs[0].judged[index].question
    return {
        **question_as_dict(question),
        "answers": [_answer(run.judged[index]) for run in results.runs],
    }


def _answer(judged: Judged) -> dict[str, Any]:
    """Return an answer and what was judged of it, each judgement with what it was judged by."""
    case = Case(judged.question, judged.given, Collection(()))
    citations = [
        {"mark": each.mark, "title": plain_text(each.title), "quote": each.quote} for each in judged.given.citations
    ]
    return {
        "status": judged.given.status,
        "reason": judged.given.reason,
        "text": judged.given.text,
        "note": judged.given.note,
        "confidence": judged.given.confidence,
        "seconds": _rounded(judged.given.seconds),
        "right": judged.is_right,
        "why": judged.why,
        "citations": citations,
        "claims": [[text, list(marks), carried] for text, marks, carried in judged.claims],
        "gold": [[title, title_key(title) in case.cited] for title in judged.question.gold_papers],
        "strings": [[list(group), includes_one(case.text_and_quotes, group)] for group in judged.question.must_include],
        "forbidden": [[each, includes_one(case.text, [each])] for each in judged.question.must_not_include],
        "quotedWords": quoted_words(case),
        "suggestions": list(judged.given.suggestions),
        "rows": {key: [_rounded(value) for value in row] for key, row in judged.rows.items()},
    }
