"""Where the suite measures what the exam's scorer measures, both say the same."""

from __future__ import annotations

import collections
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.items import Question, read_questions
from eval.results import Results
from eval.run import evaluate
from rag.answers import Answer, Turn
from rag.assistant import Assistant
from rag.jsonl import answer_lines
from rag.library import Library

OUT_OF_SCOPE = ("not_in_library", "off_topic", "false_premise", "near_miss")


class Recorded:
    """The answers of an assistant, which both judges get."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._answers: dict[tuple[str, tuple[Turn, ...]], Answer] = {}

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        key = question, tuple(history)
        if key not in self._answers:
            self._answers[key] = self._assistant.ask(question, history)
        return self._answers[key]


@pytest.fixture(scope="module")
def exam(shared: Path) -> Path:
    return shared / "exam"


@pytest.fixture(scope="module")
def questions(exam: Path) -> list[Question]:
    return read_questions(exam / "dev.jsonl")


@pytest.fixture(scope="module")
def judged(
    exam: Path, questions: list[Question], shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Results, dict[str, float]]:
    """What the suite finds and what the scorer prints, of the same answers over the exam's papers."""
    folder = tmp_path_factory.mktemp("exam")
    with Library.open(folder / "library") as library:
        library.add(*sorted((shared / "papers").glob("*.txt")))
        recorded = Recorded(Assistant(library))
        results = evaluate(recorded, questions, papers=library.papers(), variants=False)
        lines = (exam / "dev.jsonl").read_text(encoding="utf-8").splitlines()
        answers = folder / "answers.jsonl"
        answers.write_text("\n".join(answer_lines(recorded, lines)), encoding="utf-8")  # type: ignore[arg-type]
    command: list[str | Path] = [sys.executable, exam / "score.py", exam / "dev.jsonl", answers, exam / "papers.json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures = {
        match[1].strip(): float(match[2]) for match in re.finditer(r"^(.+?)\s+(?:\d+/\d+\s+)?([\d.]+)$", printed, re.M)
    }
    total = re.search(r"^ALL .*= ([\d.]+)$", printed, re.M)
    return results, {**figures, "ALL": float(total[1]) if total else 0.0}


def test_the_exam_is_read_as_it_is(exam: Path, questions: list[Question]) -> None:
    lines = [json.loads(line) for line in (exam / "dev.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each.id for each in questions] == [line["id"] for line in lines]
    kinds = collections.Counter(each.kind for each in questions)
    types = collections.Counter(line["type"] for line in lines)
    assert kinds["other_words"] == types["blind"]
    assert kinds["count"] + kinds["overview"] == types["count_or_overview"]
    assert sum(kinds[each] for each in OUT_OF_SCOPE) == types["out_of_scope"]


def test_right_answers_by_type_agree(judged: tuple[Results, dict[str, float]]) -> None:
    results, scored = judged
    for kind in (
        "fact",
        "number",
        "detail",
        "unanswerable",
        "list",
        "compare",
        "followup",
        "injection",
        "multilingual",
    ):
        assert results[f"right.{kind}"].value == pytest.approx(scored[kind], abs=5.1e-4), kind
    assert results["right.other_words"].value == pytest.approx(scored["blind"], abs=5.1e-4)
    run = results.runs[0]
    for kinds, name in ((OUT_OF_SCOPE, "out_of_scope"), (("count", "overview"), "count_or_overview")):
        rights = [each.is_right for each in run.judged if each.question.kind in kinds]
        assert sum(rights) / len(rights) == pytest.approx(scored[name], abs=5.1e-4), name


def test_totals_agree(judged: tuple[Results, dict[str, float]]) -> None:
    results, scored = judged
    assert results["right"].value == pytest.approx(scored["ALL"], abs=5.1e-4)
    assert results["list_f1"].value == pytest.approx(scored["list mean F1"], abs=5.1e-4)
    assert results["gold_first"].value == pytest.approx(scored["gold cited first"], abs=5.1e-4)
    bad = sum(row[1] - row[0] for row in results.runs[0].rows("quotes").values())
    assert bad == scored["quotes not verbatim"]
