"""QASA: questions of researchers that not even their own paper answers, put to a library that does not have the paper.

All are to be declined: "in what other way could this be done?" is no question that citebot's papers answer.
Source: Lee et al. (2023), "QASA: Advanced Question Answering on Scientific Articles".
"""

from __future__ import annotations

from collections.abc import Mapping

from eval.external.external_set import Bench, ExternalSet, figure
from eval.gzipped import read_gzipped_lines
from eval.results import Figure
from eval.starter import starter_library
from rag.assistant import Assistant
from rag.papers import title_key

_FILE = "abstention/qasa_unanswerable.jsonl.gz"


def _run(bench: Bench) -> Mapping[str, Figure]:
    questions = read_gzipped_lines(bench.data / _FILE)
    rows = []
    with starter_library(bench.scratch.parent, bench.settings, bench.progress) as library:
        held = {title_key(paper.title) for paper in library.papers()}
        foreign = [each for each in questions if title_key(each["paper_title"]) not in held]
        assistant = Assistant(library)
        for number, each in enumerate(foreign, start=1):
            rows.append((float(assistant.ask(each["question"]).status == "declined"),))
            bench.progress.report("asking QASA", number, len(foreign))
    return {"declined": figure("declined", rows)}


SET = ExternalSet("qasa", "QASA's unanswerable questions: are they declined?", (_FILE,), _run)
