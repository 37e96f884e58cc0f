"""Results as a table in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from eval.external.external_set import ExternalSet
from eval.gate import changes
from eval.measures import HEADLINES
from eval.results import Difference, Figure, Results, Run, measures_by_key, shown_figure, shown_value

_MOST_COLUMNS = 3
_COLOURS = {"better": "green", "worse": "red"}


def show_results(console: Console, results: Results, baseline: Mapping[str, Any] | None) -> None:
    """Print every measure, a column a run: value, interval, number of questions; and the change.

    The first run is held against the baseline (where it is of the same collection), the others against the first.
    """
    first = results.runs[0]
    comparable = baseline is not None and baseline["collection"]["hash"] == results.collection["hash"]
    against = [changes(first, baseline) if baseline is not None and comparable else {}]
    against += [results.compare(run, first) for run in results.runs[1:]]
    if len(results.runs) > _MOST_COLUMNS:
        _show_headlines(console, results.runs, against)
        return
    table = Table("", *(_heading(run, index, comparable) for index, run in enumerate(results.runs)))
    for key, measure in measures_by_key().items():
        if any(key in run.figures for run in results.runs):
            cells = [
                f"{shown_figure(run.figures.get(key), measure)}{_change(differences.get(key))}"
                for run, differences in zip(results.runs, against, strict=True)
            ]
            table.add_row(measure.title, *cells)
    console.print(table)


def _show_headlines(console: Console, runs: Sequence[Run], against: Sequence[Mapping[str, Difference]]) -> None:
    """Print the headline numbers of many runs, a line a run."""
    measures = {key: measures_by_key()[key] for key in HEADLINES if key in runs[0].figures}
    table = Table("", *(measure.title for measure in measures.values()))
    for run, differences in zip(runs, against, strict=True):
        cells = [
            f"{shown_value(run.figures[key].value, measure)}{_change(differences.get(key))}"
            if key in run.figures
            else "–"
            for key, measure in measures.items()
        ]
        table.add_row(run.name, *cells)
    console.print(table)


def _heading(run: Run, index: int, comparable: bool) -> str:
    reference = "first" if index else "baseline"
    return f"{run.name}\n(against the {reference})" if index or comparable else run.name


def _change(difference: Difference | None) -> str:
    """Return the change as it stands behind a figure: nothing where nothing changed."""
    if difference is None or difference.change in ("same", "not comparable"):
        return ""
    measure = measures_by_key()[difference.key]
    colour = _COLOURS.get(difference.change, "dim")
    sign = "+" if difference.value > 0 else "−" if difference.value < 0 else "±"
    return f" [{colour}]{sign}{shown_value(abs(difference.value), measure)} {difference.change}[/{colour}]"


def show_external(console: Console, external: ExternalSet, figures: Mapping[str, Figure]) -> None:
    """Print what was measured on a set of others."""
    table = Table(f"{external.name}: {external.what}", "value", "95 in 100", "cases")
    for name, each in figures.items():
        table.add_row(name, f"{each.value:.3f}", f"{each.low:.3f} to {each.high:.3f}", str(each.cases))
    console.print(table)
