"""The command line of the evaluation, as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rag.library import Library
from tests.made_up import gadgets
from tests.running import start, wait_until

CITEBOT_EVAL = (sys.executable, "-m", "eval.cli")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of gadgets."""
    with Library.open(tmp_path / "gadgets") as opened:
        opened.add_papers(gadgets(5))
    return tmp_path / "gadgets"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Questions about gadgets, all of which citebot answers."""
    lines = [
        {"id": f"n{n}", "kind": "number", "question": f"How many marbles a minute does Gadget{n} sort?",
         "gold_papers": [gadgets(5)[n].title], "must_include": [[str(1000 + n)]]}
        for n in range(5)
    ]  # fmt: skip
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*CITEBOT_EVAL, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_users_own_questions_over_a_users_own_papers(library: Path, questions: Path, tmp_path: Path) -> None:
    done = run("-q", questions, "-L", library, "-o", tmp_path / "out", "--no-variants")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Right answers" in done.stdout
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["runs"][0]["measures"]["right"]["value"] == 1
    assert results["collection"]["papers"] == 5
    assert results["versions"]["citebot"]
    assert "<canvas" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8").split("<script")[0]


def test_the_gate_opens_and_shuts(library: Path, questions: Path, tmp_path: Path) -> None:
    kept_in = tmp_path / "base.json"
    ask = ("-q", questions, "-L", library, "-o", tmp_path / "out", "--no-variants", "--baseline", kept_in)
    assert run(*ask).returncode == 1  # no baseline yet
    assert run(*ask, "--accept", "it works").returncode == 0
    kept = json.loads(kept_in.read_text(encoding="utf-8"))
    assert kept["reason"] == "it works"
    done = run(*ask)
    assert done.returncode == 0
    assert "The gate is open" in done.stdout
    lines = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    worse = [{**line, "must_include": [["nine million"]]} for line in lines]
    questions.write_text("\n".join(map(json.dumps, worse)), encoding="utf-8")
    done = run(*ask)
    assert done.returncode == 1
    assert "fell: Right answers: 0.0 %, 100.0 % in the baseline" in done.stdout
    assert "--accept" in done.stdout


def test_questions_are_checked(library: Path, questions: Path, tmp_path: Path) -> None:
    assert run("--check", questions, "-L", library, "-o", tmp_path / "out").returncode == 0
    with questions.open("a", encoding="utf-8") as file:
        file.write('\n{"id": "n0", "kind": "off_topic", "question": "Soup?"}')
    done = run("--check", questions, "-L", library, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert "n0: the id is used twice" in done.stdout
    assert "n0: a question that is to be declined needs a reason" in done.stdout


def test_ctrl_c_ends_cleanly_and_the_same_command_goes_on(library: Path, questions: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    many = [{**lines[n % 5], "id": f"m{n}", "question": f"{lines[n % 5]['question']} ({n})"} for n in range(60)]
    questions.write_text("\n".join(map(json.dumps, many)), encoding="utf-8")
    store = tmp_path / "out" / "answers.jsonl"
    ask = ("-q", questions, "-L", library, "-o", tmp_path / "out", "--no-variants")
    with start(*ask, command=CITEBOT_EVAL) as process:
        assert wait_until(lambda: store.exists() and store.read_bytes().count(b"\n") >= 5, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "citebot-eval: stopped; the same command goes on from here\n"
    before = store.read_text(encoding="utf-8").splitlines()
    assert 5 <= len(before) < 60
    assert run(*ask).returncode == 0
    after = store.read_text(encoding="utf-8").splitlines()
    assert after[: len(before)] == before
    assert len(after) == 60


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--part", "training"], "--part"),
        (["--questions", "none.jsonl"], "none.jsonl"),
        (["--external", "trivia"], "scifact-retrieval"),
        (["--speed", "11"], "--speed"),
        (["--jobs", "0"], "--jobs"),
        (["--library", "none"], "citebot add --library"),
    ],
)
def test_wrong_usage_is_one_line_and_2(arguments: list[str], names: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("citebot-eval: ")
    assert done.stderr.count("\n") == 1
    assert names in done.stderr


def test_an_external_set_that_is_not_there_is_skipped_with_a_word(tmp_path: Path) -> None:
    done = run("--external", "all", "--data", tmp_path)
    assert done.returncode == 0
    assert done.stdout.count("skipped, there is no") == 6
