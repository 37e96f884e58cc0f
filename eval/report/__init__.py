"""The report: one page that holds everything, opens without a network, and is safe to open.

The page gets its data as JSON and builds itself from it with text nodes only, so nothing that a question, an answer or
an abstract says can become markup. Charts are drawn by Chart.js (`chart.umd.min.js`, version 4.6.1, unchanged but for
its last line, MIT licence in `chart.LICENSE.md`): 210 KB, against some 800 for Vega-Lite and 4,800 for Plotly, with
axes, legends and tooltips, and without a build step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from eval.report.data import page_data
from eval.results import Results

__all__ = ["report_page"]

_PARTS = {"/*STYLE*/": "page.css", "/*CHARTS*/": "chart.umd.min.js", "/*SCRIPT*/": "page.js"}
_HARMLESS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def report_page(results: Results, baseline: Mapping[str, Any] | None = None) -> str:
    """Return the HTML page of the results; with a baseline, the change against it."""
    files = resources.files("eval.report")
    page = files.joinpath("page.html").read_text(encoding="utf-8")
    data = json.dumps(page_data(results, baseline), ensure_ascii=False, allow_nan=False)
    for character, escaped in _HARMLESS.items():
        data = data.replace(character, escaped)
    before, after = page.split("/*DATA*/")
    for place, name in _PARTS.items():
        part = files.joinpath(name).read_text(encoding="utf-8")
        before, after = before.replace(place, part), after.replace(place, part)
    return f"{before}{data}{after}"
