"""Asks the questions, keeps the answers, judges them."""

from __future__ import annotations

import datetime
import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from eval.cases import Case, Collection, Support
from eval.given import GivenAnswer, given_of
from eval.items import Question
from eval.judges import CitebotCheck
from eval.measures import MEASURES
from eval.measures.correctness import verdict
from eval.results import Judged, Results, Run
from eval.store import Store, key_of
from eval.surroundings import code_hash, collection_of, machine_seconds, versions
from eval.variants import variants_of, varied_part
from rag.answers import Turn
from rag.assistant import Assistant
from rag.library import Library
from rag.llms import shown_spec
from rag.papers import Paper
from rag.progress import LoggedProgress, Progress
from rag.questions import understand
from rag.retrieval import retrieve

Ask = Callable[[str, Sequence[Turn]], object]
_Finished = SimpleQueue[tuple[int, Future[GivenAnswer]]]

_AS_ASKED = "as asked"
_SHUFFLED = "shuffled"
_WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Task:
    """A question in one wording; `variant` names the wording, `ask` is who is asked."""

    question: Question
    variant: str
    text: str
    ask: Ask
    library: Library | None


def evaluate(
    assistant: object,
    questions: Sequence[Question],
    *,
    papers: Iterable[Paper] | None = None,
    name: str | None = None,
    settings: dict[str, Any] | None = None,
    supports: Support | None = None,
    variants: bool = True,
    shuffled: object | None = None,
    jobs: int = 1,
    store: Store | None = None,
    progress: Progress | None = None,
) -> Results:
    """Return how the assistant does on the questions.

    `assistant`: a `rag.Assistant`, a LlamaIndex query engine (anything with `query`), anything with `ask`, or a
    function of question and history. `papers`: what quotes are held against; by default those of `assistant.library`.
    `settings`: what the answers depend on; with them answers are kept in `store` and not asked for again.
    `supports`: the judge of claims (by default citebot's own check). `variants`: ask with typos and so on too;
    `shuffled`: an assistant on the same papers in another order. `jobs`: how many questions are under way at a time.
    Raises ValueError where there are no papers to hold quotes against. Ctrl-C waits for what is under way, then raises
    KeyboardInterrupt: the store has what was answered.
    """
    library = getattr(assistant, "library", None)
    held = list(papers if papers is not None else library.papers() if library is not None else ())
    if not held:
        raise ValueError("there are no papers to hold quotes against: give papers=[rag.Paper(...), ...]")
    known = settings if settings is not None else settings_of(assistant)
    collection = collection_of(held)
    tasks = _tasks(assistant, questions, library, shuffled, variants)
    kept = Store() if store is None else store
    answers = _answers(tasks, key_of(known, collection) if known else None, kept, jobs, progress)
    texts, judge = Collection(held), supports or CitebotCheck()
    judged = tuple(_judge(each, answers, texts, judge) for each in questions)
    run = Run(name or (known or {}).get("name") or type(assistant).__name__, dict(known or {}), judged)
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Results((run,), collection, {**versions(), "machine": f"{machine_seconds():.5f}"}, created)


def settings_of(assistant: object, llm: str | None = None) -> dict[str, Any] | None:
    """Return what a `rag.Assistant`'s answers depend on; `llm` is the spec of its language model, if it has one.

    None where that is not known (another sort of assistant, a model that is not named): such answers are not kept.
    """
    if not isinstance(assistant, Assistant) or (assistant._writer is not None and llm is None):
        return None
    card = assistant.library.embedder.card
    of_machine = {"library", "cache_dir", "threads", "chroma_url", "llm"}
    return {
        "name": shown_spec(llm) if llm else "extractive",
        "llm": shown_spec(llm) if llm else None,
        "embedding": f"{card.name} {card.revision}",
        "settings": assistant.library.settings.model_dump(mode="json", exclude=of_machine),
        "code": code_hash(),
    }


def shuffled_library(library: Library, directory: Path, progress: Progress | None = None) -> Library:
    """Return a library in `directory` with the same papers, added in another order; made there if it is not."""
    other = Library.open(directory, settings=library.settings, progress=progress)
    if len(other) != len(library) or not other.is_complete():
        papers = sorted(library.papers(), key=lambda paper: paper.title)
        random.Random(len(papers)).shuffle(papers)
        other.add_papers([replace(paper, id="") for paper in papers])
    return other


# --------------------------------------------------------------------------- asking


def _tasks(
    assistant: object, questions: Sequence[Question], library: Library | None, shuffled: object | None, variants: bool
) -> list[_Task]:
    ask = asker_of(assistant)
    tasks = [_Task(question, _AS_ASKED, question.question, ask, library) for question in questions]
    for question in varied_part(questions) if variants else ():
        for variant, texts in variants_of(question).items():
            tasks += [_Task(question, variant, text, ask, None) for text in texts]
        if shuffled is not None:
            tasks.append(_Task(question, _SHUFFLED, question.question, asker_of(shuffled), None))
    return tasks


def asker_of(assistant: Any) -> Ask:
    """Return the function that asks the assistant, whatever sort it is. Raises TypeError where there is none."""
    if hasattr(assistant, "ask"):
        return lambda question, history: assistant.ask(question, history)
    if hasattr(assistant, "query"):
        return lambda question, _: assistant.query(question)
    if callable(assistant):
        return lambda question, history: assistant(question, history)
    raise TypeError(f"{type(assistant).__name__} has neither ask nor query and is no function")


def _answers(
    tasks: list[_Task], fingerprint: str | None, store: Store, jobs: int, progress: Progress | None
) -> dict[tuple[str, str], list[GivenAnswer]]:
    """Return the answers by question id and variant, those that the store has not after asking for them."""
    progress = progress or LoggedProgress()
    kept = [store.get(_key(task, fingerprint)) if fingerprint else None for task in tasks]
    given = [GivenAnswer.from_dict(each) if each is not None else None for each in kept]
    open_tasks = [index for index, each in enumerate(given) if each is None]
    if open_tasks:
        _warm_up(tasks[open_tasks[0]])
    finished: _Finished = SimpleQueue()
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="evaluation") as pool:
        try:
            for index in open_tasks:
                future = pool.submit(_answer, tasks[index], fingerprint, store)
                future.add_done_callback(partial(_hand_over, finished, index))
            _collect(finished, given, progress)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    found: dict[tuple[str, str], list[GivenAnswer]] = {}
    for task, answer in zip(tasks, given, strict=True):
        if answer is not None:
            found.setdefault((task.question.id, task.variant), []).append(answer)
    return found


def _hand_over(finished: _Finished, index: int, future: Future[GivenAnswer]) -> None:
    finished.put((index, future))


def _collect(finished: _Finished, given: list[GivenAnswer | None], progress: Progress) -> None:
    """Put the answers in their places as they come, until each place has one; short waits let Ctrl-C through.

    Not with `concurrent.futures.wait`: it holds the locks of all futures for a moment, and where Ctrl-C comes in that
    moment it never gives them back, so that the thread that answers waits for ever.
    """
    rest = given.count(None)
    while rest:
        with suppress(Empty):
            index, future = finished.get(timeout=_WAIT_SECONDS)
            given[index] = future.result()
            rest -= 1
        progress.report("asking", len(given) - rest, len(given))


def _answer(task: _Task, fingerprint: str | None, store: Store) -> GivenAnswer:
    """Return the answer to one question in one wording, and keep it; a failure is an answer with status "error"."""
    started = time.perf_counter()
    try:
        said = task.ask(task.text, task.question.history)
        given = given_of(said, time.perf_counter() - started)
    except Exception as error:  # whatever somebody's assistant raises is a finding, and no end of the evaluation
        message = f"{type(error).__name__}: {error}"
        return GivenAnswer("error", reason=message[:300], seconds=time.perf_counter() - started)
    if task.library is not None:
        given = replace(given, ranking=_ranking(task))
    if fingerprint and not given.note:  # a note says that something was amiss just then: ask again next time
        store.put(_key(task, fingerprint), given.as_dict())
    return given


def _ranking(task: _Task) -> tuple[str, ...]:
    """Return the titles of the papers that citebot finds for the question, best first."""
    assert task.library is not None
    with task.library.catalogue.snapshot():
        found = retrieve(task.library, understand(task.text, task.question.history, task.library))
    return tuple(hit.paper.title for hit in found.papers)


def _warm_up(task: _Task) -> None:
    """Load what is loaded at the first question, so that its time is not counted as that question's."""
    if task.library is not None:
        _ranking(task)


def _key(task: _Task, fingerprint: str | None) -> str:
    history = [[turn.role, turn.content] for turn in task.question.history]
    return key_of(fingerprint, task.text, history, task.variant == _SHUFFLED)


# --------------------------------------------------------------------------- judging


def _judge(
    question: Question,
    answers: dict[tuple[str, str], list[GivenAnswer]],
    collection: Collection,
    supports: Support,
) -> Judged:
    others = {
        variant: each for (asked, variant), each in answers.items() if asked == question.id and variant != _AS_ASKED
    }
    return judge(Case(question, answers[question.id, _AS_ASKED][0], collection, supports, others))


def judge(case: Case) -> Judged:
    """Return what is judged of a case, by all measures that apply to it."""
    rows = {measure.key: measure.row_of(case) for measure in MEASURES}
    claims = tuple((claim.text, claim.marks, carried) for claim, carried in zip(case.claims, case.carried, strict=True))
    applying = {key: row for key, row in rows.items() if row is not None}
    return Judged(case.question, case.given, verdict(case), applying, claims)
