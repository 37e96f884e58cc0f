"""PubMedQA: questions that are the titles of medical papers, over a library of these papers' abstracts.

The titles are left out, so that the paper has to be found by its abstract; its conclusion answers the question.
Source: Jin et al. (2019), arXiv:1909.06146.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

from eval.external.external_set import Bench, ExternalSet, figure
from eval.results import Figure
from rag.answers import Answer
from rag.assistant import Assistant
from rag.library import Library
from rag.papers import Paper, fold_space, split_sentences

_FILE = "pubmedqa/ori_pqal.json.gz"
_ASKED = 300
_FIRST = 3


def _run(bench: Bench) -> Mapping[str, Figure]:
    with gzip.open(bench.data / _FILE, "rt", encoding="utf-8") as file:
        entries: dict[str, dict[str, Any]] = json.load(file)
    papers = [
        Paper(title=f"PubMed {number}", abstract=abstract_of(entry), external_id=number)
        for number, entry in entries.items()
    ]
    answered, found, concluded = [], [], []
    with Library.open(bench.scratch / "pubmedqa", settings=bench.settings, progress=bench.progress) as library:
        library.add_papers(papers)
        assistant = Assistant(library)
        asked = list(entries.items())[:_ASKED]
        for place, (number, entry) in enumerate(asked, start=1):
            hits = library.search(entry["QUESTION"], _FIRST)
            found.append((float(number in [hit.paper.external_id for hit in hits]),))
            answer = assistant.ask(entry["QUESTION"])
            answered.append((float(answer.status == "answered"),))
            concluded.append((float(quotes_conclusion(answer, entry)),))
            bench.progress.report("asking PubMedQA", place, len(asked))
    return {
        "found among the first three": figure("found", found),
        "answered": figure("answered", answered),
        "conclusion quoted": figure("concluded", concluded),
    }


def abstract_of(entry: Mapping[str, Any]) -> str:
    """Return the whole abstract of an entry: what leads up to the conclusion, and the conclusion."""
    return fold_space(" ".join([*entry["CONTEXTS"], entry["LONG_ANSWER"]]))


def quotes_conclusion(answer: Answer, entry: Mapping[str, Any]) -> bool:
    """Return whether a sentence of the conclusion is quoted."""
    conclusion = split_sentences(entry["LONG_ANSWER"])
    return any(sentence in each.quote for each in answer.citations for sentence in conclusion)


SET = ExternalSet("pubmedqa", "PubMedQA: is the paper found, and its conclusion quoted?", (_FILE,), _run)
