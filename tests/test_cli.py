"""The command line as people and scripts meet it: what it prints where, and how it ends."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rag.library import Library
from tests.made_up import assert_chroma_in_step, assert_whole, gadget, gadgets, titles, write_papers
from tests.running import CITEBOT_IN_SMALL_STEPS, papers_on_disk, start, wait_until

if TYPE_CHECKING:
    from tests.conftest import Citebot, FirstQuestion

PAPERS = 5


@pytest.fixture(scope="module")
def made_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("made-up") / "library"
    with Library.open(directory) as library:
        library.add_papers(gadgets(PAPERS))
    return directory


@pytest.fixture
def directory(made_directory: Path, tmp_path: Path) -> Path:
    """A library with five made-up papers, for this test alone."""
    return Path(shutil.copytree(made_directory, tmp_path / "library"))


def only_line(text: str) -> str:
    """Return the one line that the text is."""
    assert text.endswith("\n")
    (line,) = text.splitlines()
    return line


# --------------------------------------------------------------------------- ask


def test_ask_shows_the_answer_then_the_paper_with_the_quote(citebot: Citebot, directory: Path) -> None:
    done = citebot("ask", "How many marbles does Gadget3 sort a minute?", "--library", directory)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Gadget3 sorts 1003 marbles a minute on a kitchen table. [1]" in done.stdout
    assert "Gadget3: Sorting Marbles by the Sound of Their Fall" in done.stdout
    quote = "sentence 2 of 3 of the abstract: “Gadget3 sorts 1003 marbles a minute on a kitchen table.”"
    assert quote in done.stdout
    assert done.stdout.index("[1]") < done.stdout.index(quote)


def test_ask_json_prints_the_answer_object(citebot: Citebot, directory: Path) -> None:
    done = citebot("ask", "--json", "-L", directory, "How many marbles does Gadget3 sort a minute?")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert {"text", "status", "reason", "kind", "citations", "suggestions", "seconds"} <= answer.keys()
    assert (answer["status"], answer["reason"]) == ("answered", None)
    citation = answer["citations"][0]
    assert citation.keys() >= {"mark", "paper_id", "title", "url", "quote", "sentence_ids"}
    assert citation["quote"] in gadget(3).abstract
    assert citation["sentence_ids"][0].startswith(citation["paper_id"] + ".s")


def test_declining_is_an_answer(citebot: Citebot, directory: Path) -> None:
    done = citebot("ask", "--json", "-L", directory, "Which wine goes with a roast goose at Christmas?")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["citations"]) == (0, "declined", [])
    assert answer["reason"] in ("off_topic", "not_in_library")


# --------------------------------------------------------------------------- add


def test_add_says_what_it_did_and_one_line_for_each_fault(citebot: Citebot, tmp_path: Path) -> None:
    good = write_papers(tmp_path / "good.jsonl", gadgets(2))
    good.write_text(good.read_text() + '{"title": "Cut in the mid')
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "binary.bin").write_bytes(bytes(range(256)) * 10)
    bad = [tmp_path / name for name in ("missing.txt", "empty.txt", "binary.bin")]
    done = citebot("add", "--library", tmp_path / "new", *bad, good)
    assert done.returncode == 0
    assert "2 papers from 2 entries: 2 added" in only_line(done.stdout)
    faults = done.stderr.splitlines()
    assert [fault.split(": ")[0] for fault in faults] == [f"left out {each}" for each in bad] + [
        "left out good.jsonl:3"
    ]
    assert papers_on_disk(tmp_path / "new") == 2


def test_add_ends_with_2_if_nothing_could_be_read(citebot: Citebot, directory: Path) -> None:
    done = citebot("add", "--library", directory, "missing.txt")
    assert (done.returncode, only_line(done.stderr)) == (2, "left out missing.txt: no such file")
    assert papers_on_disk(directory) == PAPERS


def test_add_reads_standard_input(citebot: Citebot, directory: Path) -> None:
    line = json.dumps({"title": "On Widgets", "abstract": "We count widgets. There are nine."})
    done = citebot("add", "-", "--library", directory, input=line + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert papers_on_disk(directory) == PAPERS + 1


def test_ctrl_c_ends_an_add_with_one_line_and_keeps_what_is_written(citebot: Citebot, tmp_path: Path) -> None:
    directory = tmp_path / "library"
    file = write_papers(tmp_path / "papers.jsonl", gadgets(90))
    with start("add", "--library", directory, file, command=CITEBOT_IN_SMALL_STEPS) as process:
        assert wait_until(lambda: papers_on_disk(directory) >= 6, process)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, only_line(errors)) == (130, "", "citebot: stopped")
    with Library.open(directory, create=False) as library:
        assert 6 <= len(library) < 90
        assert_whole(library)
    assert citebot("add", "--library", directory, file).returncode == 0
    with Library.open(directory, create=False) as library:
        assert titles(library) == sorted(paper.title for paper in gadgets(90))
        assert_chroma_in_step(library)


# --------------------------------------------------------------------------- papers, show, remove


def test_papers_lists_all_or_those_near_a_query(citebot: Citebot, directory: Path) -> None:
    everything = citebot("papers", "-L", directory)
    assert (everything.returncode, everything.stderr) == (0, "")
    lines = everything.stdout.splitlines()
    assert [line.split(maxsplit=1)[1].rstrip() for line in lines] == [paper.title for paper in gadgets(PAPERS)]
    found = citebot("papers", "Gadget2", "--limit", "1", "-L", directory).stdout.splitlines()
    assert len(found) == 2
    assert gadget(2).title in found[0]
    assert found[1].strip() in gadget(2).abstract


def test_show_and_remove_take_an_id_or_a_title(citebot: Citebot, directory: Path) -> None:
    paper_id = citebot("papers", "-L", directory).stdout.split()[0]
    shown = citebot("show", paper_id, "-L", directory)
    assert shown.returncode == 0
    assert gadget(0).title in shown.stdout
    assert all(sentence in shown.stdout for sentence in gadget(0).abstract.split(". "))
    removed = citebot("remove", paper_id, gadget(1).title, "-L", directory)
    assert (removed.returncode, removed.stderr) == (0, "")
    assert [line.split()[0] for line in removed.stdout.splitlines()] == ["removed", "removed"]
    assert papers_on_disk(directory) == PAPERS - 2
    again = citebot("remove", paper_id, "-L", directory)
    assert again.returncode == 2
    assert paper_id in only_line(again.stderr)


def test_output_that_nobody_reads_to_the_end_is_no_error(directory: Path) -> None:
    with start("papers", "-L", directory) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0


# --------------------------------------------------------------------------- doctor, chat, the default library


def test_doctor_tells_what_is_there_and_what_is_missing(citebot: Citebot, directory: Path, tmp_path: Path) -> None:
    well = citebot("doctor", "--library", directory)
    assert (well.returncode, well.stderr) == (0, "")
    assert f"{PAPERS} papers in {directory}" in well.stdout
    assert "all-MiniLM-L6-v2" in well.stdout
    missing = citebot("doctor", "--library", tmp_path / "none")
    assert missing.returncode == 1
    assert f"citebot add --library {tmp_path / 'none'}" in missing.stdout


def test_chat_answers_line_by_line_and_remembers(citebot: Citebot, directory: Path) -> None:
    questions = "How many marbles does Gadget3 sort a minute?\nWhat was its microphone built from?\n\nnever asked\n"
    done = citebot("chat", "--library", directory, input=questions)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1003 marbles" in done.stdout
    assert "Its microphone was built from the lid of jar 5003. [1]" in done.stdout


def test_the_first_question_makes_the_starter_library(
    citebot: Citebot, first_question: FirstQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = first_question.done
    assert first.returncode == 0
    # Where no test has used the embedding model yet, a second line says that it is prepared.
    assert "starter collection" in first.stderr.splitlines()[0]
    assert "LongLoRA" in first.stdout
    assert "of the digest: “" in first.stdout
    assert "abstract" not in first.stdout
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(first_question.home / (".local/share" if name == "XDG_DATA_HOME" else "")))
    second = citebot("ask", "--json", "Which colour has the evening sky on the planet Venus in November?")
    assert second.stderr == ""
    answer = json.loads(second.stdout)
    assert answer["status"] == "declined"
    assert "digests" in answer["text"]
    assert "134 papers" in citebot("doctor").stdout


# --------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["ask"], "--jsonl"),
        (["ask", "What?", "--jsonl"], "--jsonl"),
        (["ask", "What?", "--colour"], "--colour"),
        (["frobnicate"], "frobnicate"),
        (["add"], "FILE"),
        (["papers", "--limit", "many"], "--limit"),
    ],
)
def test_wrong_usage_is_one_line_and_2(citebot: Citebot, arguments: list[str], names: str) -> None:
    done = citebot(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    line = only_line(done.stderr)
    assert line.startswith("citebot: ")
    assert names in line
    assert "--help" in line


@pytest.mark.parametrize(
    ("command", "what_to_do"),
    [
        (lambda directory: ["ask", "What?", "-L", directory / "none"], "citebot add --library"),
        (lambda directory: ["papers", "-L", directory / "catalogue.sqlite3"], "citebot add --library"),
        (lambda directory: ["show", "no such paper", "-L", directory], "`citebot papers` lists them"),
    ],
    ids=["no library", "a file", "no paper"],
)
def test_what_is_not_there_is_one_line_and_2(
    citebot: Citebot, directory: Path, command: Callable[[Path], list[object]], what_to_do: str
) -> None:
    done = citebot(*command(directory))
    assert (done.returncode, done.stdout) == (2, "")
    assert what_to_do in only_line(done.stderr)


def test_a_damaged_catalogue_is_one_line_and_no_traceback(citebot: Citebot, directory: Path) -> None:
    path = directory / "catalogue.sqlite3"
    for left_over in directory.glob("catalogue.sqlite3-*"):
        left_over.unlink()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    done = citebot("ask", "marbles?", "-L", directory)
    assert (done.returncode, done.stdout) in [(1, ""), (2, "")]
    assert only_line(done.stderr).startswith("citebot: ")


def test_wrong_settings_are_named(citebot: Citebot, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEBOT_THREADS", "several")
    done = citebot("papers", "-L", directory)
    assert done.returncode == 2
    assert "CITEBOT_THREADS" in only_line(done.stderr)


def test_citebot_alone_shows_its_help(citebot: Citebot) -> None:
    done = citebot()
    assert (done.returncode, done.stderr) == (0, "")
    assert all(command in done.stdout for command in ("ask", "chat", "add", "papers", "show", "remove", "doctor"))


def test_a_terminal_that_cannot_show_a_letter_still_gets_the_answer(
    citebot: Citebot, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = citebot("ask", "How many marbles does Gadget3 sort a minute?", "-L", directory)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Gadget3 sorts 1003 marbles" in done.stdout
