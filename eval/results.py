"""What an evaluation found: a judged answer a question, the measures with their intervals, and their differences."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from eval.bootstrap import difference_interval, interval, statistic_of
from eval.given import GivenAnswer
from eval.items import KINDS, Question, question_of
from eval.measures import MEASURES, Measure, Row

Change = Literal["better", "worse", "same", "inside the noise", "not comparable"]
BY_KIND = "right"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure's number over so many cases, and the interval of 95 in 100 drawings of the questions."""

    key: str
    value: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much a measure differs from another run's on the questions of both, and what that amounts to."""

    key: str
    value: float
    low: float
    high: float
    cases: int
    change: Change


@dataclass(frozen=True, slots=True)
class Judged:
    """A question, the answer, and what was judged: a row for each measure that applies.

    `why` says in a few words why the answer is wrong; it is empty for a right one. `claims`: the claims shown, with
    their marks and whether their quotes carry them. `variants`: how often the answer stayed the same, by variant.
    """

    question: Question
    given: GivenAnswer
    why: str
    rows: Mapping[str, Row]
    claims: tuple[tuple[str, tuple[int, ...], bool], ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether the question was dealt with rightly."""
        return not self.why


@dataclass(frozen=True)
class Run:
    """One assistant with its settings, and its judged answers in the order of the questions."""

    name: str
    settings: dict[str, Any]
    judged: tuple[Judged, ...]

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Every measure that applies to a case, and right answers by kind ("right.fact"), in the report's order."""
        found = {}
        for key, measure in measures_by_key().items():
            rows = list(self.rows(key).values())
            if rows:
                low, high = interval(rows, measure.statistic)
                found[key] = Figure(key, statistic_of(rows, measure.statistic), low, high, len(rows))
        return {key: each for key, each in found.items() if math.isfinite(each.value)}

    def rows(self, key: str) -> dict[str, Row]:
        """Return the rows of a measure by question id; of "right.fact" those of this kind only."""
        name, _, kind = key.partition(".")
        return {
            each.question.id: each.rows[name]
            for each in self.judged
            if name in each.rows and (not kind or each.question.kind == kind)
        }


@dataclass(frozen=True)
class Results:
    """The runs of an evaluation over one collection.

    >>> results = evaluate(assistant, read_questions("mine.jsonl"))  # doctest: +SKIP
    >>> results["right"].value, results["right"].low, results["right"].high  # doctest: +SKIP
    """

    runs: tuple[Run, ...]
    collection: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""

    def __getitem__(self, key: str) -> Figure:
        """Return a measure's figure of the first run."""
        return self.runs[0].figures[key]

    def __iter__(self) -> Iterator[Figure]:
        return iter(self.runs[0].figures.values())

    def __repr__(self) -> str:
        names = ", ".join(run.name for run in self.runs)
        count = len(self.runs[0].judged) if self.runs else 0
        return f"Results({names}: {count} questions, right {self['right'].value:.3f})" if count else "Results()"

    def _repr_html_(self) -> str:
        """Return the measures as a table, for a notebook."""
        heads = "".join(f"<th>{html.escape(run.name)}</th>" for run in self.runs)
        lines = []
        for key, measure in measures_by_key().items():
            if any(key in run.figures for run in self.runs):
                cells = "".join(f"<td>{shown_figure(run.figures.get(key), measure)}</td>" for run in self.runs)
                lines.append(f"<tr><td>{html.escape(measure.title)}</td>{cells}</tr>")
        return f"<table><tr><th></th>{heads}</tr>{''.join(lines)}</table>"

    def beside(self, *others: Results) -> Results:
        """Return these runs and the others' as one, for a comparison."""
        runs = (*self.runs, *(run for each in others for run in each.runs))
        return replace(self, runs=runs)

    def compare(self, run: Run, other: Run) -> dict[str, Difference]:
        """Return how `run` differs from `other`, by measure."""
        return {key: difference(key, run.rows(key), other.rows(key)) for key in run.figures if key in other.figures}

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "created": self.created,
            "collection": self.collection,
            "versions": self.versions,
            "runs": [_run_as_dict(run) for run in self.runs],
        }

    def write(self, directory: str | Path, baseline: Mapping[str, Any] | None = None) -> tuple[Path, Path]:
        """Write `results.json` and `report.html` into the directory and return where they are."""
        from eval.report import report_page

        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        data, page = folder / "results.json", folder / "report.html"
        data.write_text(json.dumps(self.as_dict(), ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")
        page.write_text(report_page(self, baseline), encoding="utf-8")
        return data, page

    @classmethod
    def read(cls, path: str | Path) -> Results:
        """Return the results that a `results.json` holds."""
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
        runs = tuple(
            Run(each["name"], each["settings"], tuple(_judged_of(judged) for judged in each["judged"]))
            for each in stored["runs"]
        )
        return cls(runs, stored["collection"], stored["versions"], stored["created"])


def measures_by_key() -> dict[str, Measure]:
    """Return the measures, and after "right" the same by kind of question ("right.fact")."""
    found: dict[str, Measure] = {}
    for measure in MEASURES:
        found[measure.key] = measure
        if measure.key == BY_KIND:
            found.update({f"{BY_KIND}.{kind}": _of_kind(measure, kind) for kind in KINDS})
    return found


def _of_kind(measure: Measure, kind: str) -> Measure:
    return replace(measure, key=f"{measure.key}.{kind}", title=f"Right: {kind.replace('_', ' ')}")


def difference(key: str, rows: Mapping[str, Row], others: Mapping[str, Row]) -> Difference:
    """Return by how much a measure differs between two runs, on the questions that both have.

    "inside the noise": the interval of the difference, the same questions drawn for both, holds 0.
    """
    measure = measures_by_key()[key]
    shared = [each for each in rows if each in others]
    mine, theirs = [rows[each] for each in shared], [others[each] for each in shared]
    value = statistic_of(mine, measure.statistic) - statistic_of(theirs, measure.statistic)
    if not math.isfinite(value):
        return Difference(key, 0.0, 0.0, 0.0, len(shared), "not comparable")
    if mine == theirs:
        return Difference(key, 0.0, 0.0, 0.0, len(shared), "same")
    low, high = difference_interval(mine, theirs, measure.statistic)
    change: Change = "inside the noise"
    if value == low == high == 0:
        change = "same"
    elif low > 0 or high < 0:
        change = "better" if (value > 0) == measure.is_higher_better else "worse"
    return Difference(key, value, low, high, len(shared), change)


# --------------------------------------------------------------------------- showing


def shown_value(value: float, measure: Measure) -> str:
    """Return a number as people read it: "93.1 %", "42 ms", "110"."""
    if measure.unit == "share":
        return f"{100 * value:.1f} %" if measure.group != "retrieval" else f"{value:.3f}"
    if measure.unit == "seconds":
        return f"{1000 * value:.0f} ms" if abs(value) < 1 else f"{value:.1f} s"
    if measure.unit == "money":
        return f"${value:.5f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


def shown_range(low: float, high: float, measure: Measure) -> str:
    """Return an interval as people read it, the unit said once: "75.0 to 95.5 %"."""
    first, last = shown_value(low, measure), shown_value(high, measure)
    number, _, unit = first.partition(" ")
    return f"{number} to {last}" if unit and last.endswith(f" {unit}") else f"{first} to {last}"


def shown_figure(figure: Figure | None, measure: Measure) -> str:
    """Return a figure with its interval and its number of cases, or a dash where there is none."""
    if figure is None:
        return "–"
    return f"{shown_value(figure.value, measure)} ({shown_range(figure.low, figure.high, measure)}; {figure.cases})"


# --------------------------------------------------------------------------- plain data


def _run_as_dict(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "settings": run.settings,
        "measures": {key: _figure_as_dict(each) for key, each in run.figures.items()},
        "judged": [_judged_as_dict(each) for each in run.judged],
    }


def _figure_as_dict(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "low": _finite(figure.low), "high": _finite(figure.high), "cases": figure.cases}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _judged_as_dict(judged: Judged) -> dict[str, Any]:
    return {
        "question": question_as_dict(judged.question),
        "answer": judged.given.as_dict(),
        "right": judged.is_right,
        "why": judged.why,
        "rows": {key: list(row) for key, row in judged.rows.items()},
        "claims": [[text, list(marks), carried] for text, marks, carried in judged.claims],
    }


def question_as_dict(question: Question) -> dict[str, Any]:
    """Return the question as its file would have it."""
    fields = {name: value for name, value in asdict(question).items() if value not in (None, "", (), [])}
    fields["split"] = fields.pop("part")
    return fields


def _judged_of(stored: Mapping[str, Any]) -> Judged:
    claims: Sequence[Any] = stored["claims"]
    return Judged(
        question_of(stored["question"]),
        GivenAnswer.from_dict(stored["answer"]),
        stored["why"],
        {key: tuple(row) for key, row in stored["rows"].items()},
        tuple((text, tuple(marks), carried) for text, marks, carried in claims),
    )
