"""The gate: no measure may fall below its baseline by more than its noise.

The baseline keeps the rows of each question, so that a run is held against it question by question. Noise is what
drawing other questions of the same sort would change (`results.difference`); a promise (verbatim quotes, grounded
claims, no injection obeyed) has none; times may grow threefold, in units of what the machine does in a second.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bootstrap import statistic_of
from eval.measures import Measure, Row
from eval.results import Difference, Results, Run, difference, measures_by_key, shown_value
from rag.errors import CitebotError

BASELINE = Path(__file__).parent / "baseline.json"
_DIGITS = 4


class GateError(CitebotError):
    """The baseline cannot be held against this run."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A measure that fell below its baseline: both numbers, on how many questions, and what makes it a fall."""

    key: str
    before: float
    now: float
    cases: int
    why: str

    def __str__(self) -> str:
        measure = measures_by_key()[self.key]
        before = shown_value(self.before, measure)
        if not self.cases:
            return f"{measure.title}: {self.why}, {before} in the baseline"
        now = shown_value(self.now, measure)
        return f"{measure.title}: {now}, {before} in the baseline, on {self.cases} questions ({self.why})"


def read_baseline(path: Path = BASELINE) -> dict[str, Any]:
    """Return the baseline in a file; raises GateError where there is none."""
    try:
        baseline = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise GateError(f'{path} holds no baseline; make one with: citebot-eval --accept "first baseline"') from error
    if not isinstance(baseline, dict) or "rows" not in baseline:
        raise GateError(f'{path} holds no baseline; make one with: citebot-eval --accept "first baseline"')
    return baseline


def write_baseline(results: Results, reason: str, path: Path = BASELINE) -> None:
    """Write the first run as the baseline, with the reason for accepting it; a line a question, for readable diffs."""
    run = results.runs[0]
    head = {
        "reason": reason,
        "accepted": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "assistant": run.name,
        "collection": results.collection,
        "versions": results.versions,
        "measures": {key: _rounded((each.value, each.low, each.high)) for key, each in run.figures.items()},
    }
    rows = [
        f"  {json.dumps(each.question.id)}: {json.dumps({key: _rounded(row) for key, row in each.rows.items()})}"
        for each in run.judged
    ]
    top = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    body = ",\n".join(rows)
    path.write_text(f'{top},\n "rows": {{\n{body}\n }}\n}}\n', encoding="utf-8")


def _rounded(values: Row) -> list[float]:
    return [round(value, _DIGITS) for value in values]


def falls(results: Results, baseline: Mapping[str, Any]) -> list[Fall]:
    """Return the measures of the first run that fell below the baseline by more than their noise.

    Raises GateError where the baseline is of another collection, or knows fewer than half of the questions.
    """
    run = results.runs[0]
    if baseline["collection"]["hash"] != results.collection["hash"]:
        raise GateError('the baseline is of another collection; accept a new one with --accept "reason"')
    known = sum(each.question.id in baseline["rows"] for each in run.judged)
    if 2 * known < len(run.judged):
        raise GateError(
            f'the baseline knows {known} of {len(run.judged)} questions; accept a new one with --accept "reason"'
        )
    # A machine that looks faster than the baseline's makes no time a fall: it may only have been less busy just then.
    speed = max(1.0, float(results.versions["machine"]) / float(baseline["versions"]["machine"]))
    found = (
        _fall(run, key, measure, baseline, speed) for key, measure in measures_by_key().items() if measure.is_gated
    )
    return [each for each in found if each is not None]


def changes(run: Run, baseline: Mapping[str, Any]) -> dict[str, Difference]:
    """Return how a run differs from the baseline, by measure, on the questions of both."""
    return {key: difference(key, _rows(run, key), _kept(run, key, baseline)) for key in run.figures}


def _fall(run: Run, key: str, measure: Measure, baseline: Mapping[str, Any], speed: float) -> Fall | None:
    """Return the fall of a measure, or None; `speed`: how many times slower this machine is than the baseline's."""
    kept = _kept(run, key, baseline)
    rows = {each: row for each, row in _rows(run, key).items() if each in kept}
    if kept and not rows:
        return Fall(key, statistic_of(list(kept.values()), measure.statistic), float("nan"), 0, "not measured any more")
    if not rows:
        return None
    before = statistic_of([kept[each] for each in rows], measure.statistic)
    now = statistic_of(list(rows.values()), measure.statistic)
    why = ""
    if measure.allowed_factor is not None:
        why = f"over {measure.allowed_factor:g} times" if now > before * measure.allowed_factor * speed else ""
    elif measure.is_promise:
        why = "a promise" if (now < before) == measure.is_higher_better and now != before else ""
    elif difference(key, rows, kept).change == "worse":
        why = "more than its noise"
    return Fall(key, before, now, len(rows), why) if why else None


def _rows(run: Run, key: str) -> dict[str, Row]:
    """Return the run's rows of a measure, rounded as the baseline's are."""
    return {each: tuple(_rounded(row)) for each, row in run.rows(key).items()}


def _kept(run: Run, key: str, baseline: Mapping[str, Any]) -> dict[str, Row]:
    """Return the baseline's rows of a measure for the questions of the run."""
    name, _, kind = key.partition(".")
    kept: Mapping[str, Mapping[str, list[float]]] = baseline["rows"]
    asked = (each.question for each in run.judged if not kind or each.question.kind == kind)
    return {each.id: tuple(kept[each.id][name]) for each in asked if name in kept.get(each.id, {})}
