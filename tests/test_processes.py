"""Several processes, and several threads, at one library."""

from __future__ import annotations

import asyncio
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from filelock import FileLock

from rag.answers import Turn
from rag.assistant import Assistant
from rag.library import Library
from tests.made_up import (
    assert_answer_holds,
    assert_chroma_in_step,
    assert_whole,
    gadget,
    gadgets,
    titles,
    write_papers,
)
from tests.running import CITEBOT_IN_SMALL_STEPS, papers_on_disk, start, wait_until


def ask(process: subprocess.Popen[str], question: str) -> dict:
    """Put a question to a running `citebot ask --jsonl`, and return its answer."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"id": question, "question": question}) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    assert answer["id"] == question
    return answer


# --------------------------------------------------------------------------- processes


def test_one_answers_while_another_adds_and_sees_the_new_papers(tmp_path: Path) -> None:
    directory = tmp_path / "library"
    with Library.open(directory) as library:
        library.add_papers(gadgets(3))
    file = write_papers(tmp_path / "more.jsonl", gadgets(60))
    with start("ask", "--jsonl", "--library", directory) as reader:
        before = ask(reader, "How many marbles does Gadget59 sort a minute?")
        assert "1059" not in before["text"]
        with start("add", "--library", directory, file, command=CITEBOT_IN_SMALL_STEPS) as writer:
            assert wait_until(lambda: papers_on_disk(directory) > 3, writer)
            # It is in the catalogue now, and the writer is still at work.
            fresh = ask(reader, "How many marbles does Gadget3 sort a minute?")
            assert "1003 marbles" in fresh["text"]
            statuses = {ask(reader, "How many marbles does Gadget1 sort a minute?")["status"] for _ in range(50)}
            assert statuses == {"answered"}
            output, errors = writer.communicate(timeout=60)
            assert (writer.returncode, errors) == (0, "")
            assert "57 added" in output
        after = ask(reader, "How many marbles does Gadget59 sort a minute?")
        assert "1059 marbles" in after["text"]
        _, errors = reader.communicate(timeout=60)
        assert (reader.returncode, errors) == (0, "")


def test_two_adds_at_once_the_second_waits_and_both_succeed(tmp_path: Path) -> None:
    directory = tmp_path / "library"
    first = write_papers(tmp_path / "first.jsonl", gadgets(24))
    second = write_papers(tmp_path / "second.jsonl", gadgets(20, start=16))
    with start("add", "--library", directory, first, command=CITEBOT_IN_SMALL_STEPS) as one:
        assert wait_until(lambda: papers_on_disk(directory) > 0, one)
        with start("add", "--library", directory, second) as other:
            _, its_errors = one.communicate(timeout=60)
            output, errors = other.communicate(timeout=60)
    assert (one.returncode, its_errors) == (0, "")
    assert other.returncode == 0
    assert "12 added, 0 updated, 8 unchanged" in output
    assert len(errors.splitlines()) <= 1
    with Library.open(directory, create=False) as library:
        assert titles(library) == sorted(paper.title for paper in gadgets(36))
        assert_whole(library)
        assert_chroma_in_step(library)


def test_a_writer_that_waits_says_so(tmp_path: Path) -> None:
    directory = tmp_path / "library"
    directory.mkdir()
    file = write_papers(tmp_path / "papers.jsonl", gadgets(1))
    lock = FileLock(directory / "LOCK")
    with lock, start("add", "--library", directory, file) as process:
        assert process.stderr
        assert process.stderr.readline() == f"Another process is writing to {directory}; waiting for it ...\n"
        assert process.poll() is None
        assert papers_on_disk(directory) == 0
        lock.release()
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    assert papers_on_disk(directory) == 1


# --------------------------------------------------------------------------- threads and tasks


def test_questions_from_many_threads_get_the_answers_of_one(starter: Library) -> None:
    assistant = Assistant(starter)
    questions = [f"What does {paper.plain_title.split(':')[0]} do?" for paper in starter.papers()[:24]]
    alone = [assistant.ask(question).text for question in questions]
    with ThreadPoolExecutor(8) as threads:
        together = [answer.text for answer in threads.map(assistant.ask, questions * 3)]
    assert together == alone * 3


def test_answers_hold_while_another_thread_changes_the_library(library: Library) -> None:
    """What a question reads is one state of the library: never the sentences of one and the vectors of another."""
    short = [gadget(number, abstract=f"Gadget{number} sorts {number} marbles.") for number in range(12)]
    library.add_papers(short)
    assistant = Assistant(library)
    question = "How many marbles does Gadget7 sort a minute?"

    def change() -> None:
        for _ in range(2):
            library.add_papers(gadgets(12))
            library.remove(*[gadget(number).title for number in range(6)])
            library.add_papers(short)

    with ThreadPoolExecutor(4) as threads:
        changing = threads.submit(change)
        asked = 0
        while not changing.done():
            for answer in threads.map(assistant.ask, [question] * 6):
                assert answer.status == "answered"
                assert "Gadget7 sorts" in answer.text
                asked += 1
            assert all(hit.sentence.text in hit.paper.abstract for hit in library.search("marbles", limit=12))
        changing.result()
    assert asked
    assert_whole(library)


def test_a_task_gets_the_answer_that_a_call_gets(starter: Library) -> None:
    assistant = Assistant(starter)
    history = [Turn("user", "What is LongLoRA?"), Turn("assistant", "A way to fine-tune.")]

    async def both():
        return await asyncio.gather(
            assistant.aask("How far does LongLoRA stretch the context?"),
            assistant.aask("Which GPUs does it need?", history),
        )

    first, second = asyncio.run(both())
    for answer, expected in (
        (first, assistant.ask("How far does LongLoRA stretch the context?")),
        (second, assistant.ask("Which GPUs does it need?", history)),
    ):
        assert (answer.text, answer.citations, answer.question) == (
            expected.text,
            expected.citations,
            expected.question,
        )
        assert_answer_holds(answer, starter)
