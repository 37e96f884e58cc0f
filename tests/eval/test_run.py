"""Asking, keeping and judging: with assistants of all sorts."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from llama_index.core.llms import CompletionResponse

import eval as evaluation
from eval.gate import GateError, changes, falls, read_baseline, write_baseline
from eval.items import Question, read_questions
from eval.judges import model_judge
from eval.results import Results, difference, measures_by_key, shown_range, shown_value
from eval.run import evaluate, settings_of, shuffled_library
from eval.store import Store, key_of
from eval.surroundings import collection_of
from rag.answers import Answer, Citation, Turn
from rag.assistant import Assistant
from rag.library import Library
from tests.eval.cases_by_hand import FORKS, MARBLES, SPOONS, question

PAPERS = [MARBLES, SPOONS, FORKS]
SETTINGS = {"name": "by hand"}


def marble_answer(text: str = "Marbler sorts 41 marbles a minute. [1]", seconds: float = 0.5) -> Answer:
    citation = Citation(1, "m", MARBLES.title, None, "Marbler sorts 41 marbles a minute.", ("m.s1",))
    return Answer(text, "answered", "fact", citations=(citation,), seconds=seconds)


def number_questions(count: int) -> list[Question]:
    return [
        question("number", id=f"n{n}", question=f"Marbles, {n}?", gold_papers=[MARBLES.title], must_include=[["41"]])
        for n in range(count)
    ]


class Scripted:
    """An assistant that says what it is told to, and remembers what it was asked."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []
        self._answer = answer or marble_answer()

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        self.asked.append((question, tuple(history)))
        return self._answer


# --------------------------------------------------------------------------- who is asked


def test_the_package_gives_what_a_notebook_needs() -> None:
    assert evaluation.evaluate is evaluate
    assert evaluation.Results is Results
    assert evaluation.read_questions is read_questions
    with pytest.raises(AttributeError, match="no attribute 'guess'"):
        evaluation.guess  # noqa: B018


def test_an_assistant_gets_question_and_history() -> None:
    talk = question("followup", history=[{"role": "user", "content": "Hi"}], gold_papers=[MARBLES.title])
    assistant = Scripted()
    results = evaluate(assistant, [talk], papers=PAPERS)
    assert assistant.asked == [(talk.question, (Turn("user", "Hi"),))]
    assert results["right"].value == 1
    assert results["p50"].value == 0.5


def test_a_function_that_returns_a_text_will_do() -> None:
    results = evaluate(lambda question, history: "It sorts 41.", number_questions(2), papers=PAPERS, variants=False)
    assert results["strings"].value == 1
    assert results["grounding"].value == 0


def test_citebots_query_engine_is_judged_like_citebot(starter: Library) -> None:
    asked = [each for each in read_questions() if each.kind == "number"][:6]
    plain = evaluate(Assistant(starter), asked, variants=False)
    engine = evaluate(Assistant(starter).as_query_engine(), asked, papers=starter.papers(), variants=False)
    for key in ("right", "quotes", "gold_first", "strings"):
        assert engine[key].value == plain[key].value
    assert plain["recall@3"].cases == 6
    assert "recall@3" not in engine.runs[0].figures


def test_without_papers_nothing_can_be_judged() -> None:
    with pytest.raises(ValueError, match="papers="):
        evaluate(Scripted(), number_questions(1))
    with pytest.raises(TypeError, match="neither ask nor query"):
        evaluate(7, number_questions(1), papers=PAPERS)


def test_an_assistant_that_fails_is_a_finding() -> None:
    def moody(question: str, history: Sequence[Turn]) -> Answer:
        if "1" in question:
            raise KeyError(question)
        return marble_answer()

    results = evaluate(moody, number_questions(2), papers=PAPERS, variants=False)
    assert results["errors"].value == 0.5
    assert results.runs[0].judged[1].why == "error: KeyError: 'Marbles, 1?'"


def test_variants_are_asked_and_compared() -> None:
    asked = question("fact", question="How many marbles does Marbler sort?", gold_papers=[MARBLES.title])
    assistant, other = Scripted(), Scripted(Answer("No.", "declined", "decline", reason="off_topic"))
    results = evaluate(assistant, [asked], papers=PAPERS, shuffled=other)
    texts = [text for text, _ in assistant.asked]
    assert texts[:2] == [asked.question, asked.question.lower()]
    assert sorted(texts[2]) == sorted(asked.question)
    assert results["unchanged_casing"].value == results["unchanged_typos"].value == 1
    assert results["unchanged_shuffled"].value == 0


# --------------------------------------------------------------------------- keeping


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    path, asked = tmp_path / "answers.jsonl", number_questions(3)
    first = evaluate(Scripted(), asked, papers=PAPERS, settings=SETTINGS, store=Store(path))
    again = Scripted()
    second = evaluate(again, asked, papers=PAPERS, settings=SETTINGS, store=Store(path))
    assert again.asked == []
    assert second.runs[0].figures == first.runs[0].figures


@pytest.mark.parametrize("change", ["settings", "papers", "question", "history"])
def test_what_the_answer_hangs_on_makes_it_another(change: str) -> None:
    store, asked = Store(), number_questions(1)[0]
    evaluate(Scripted(), [asked], papers=PAPERS, settings=SETTINGS, store=store, variants=False)
    fields: dict[str, object] = {"id": asked.id, "question": asked.question, "gold_papers": list(asked.gold_papers)}
    if change == "question":
        fields["question"] = "Other marbles?"
    if change == "history":
        fields["history"] = [{"role": "user", "content": "Hi"}]
    settings = {"name": "other"} if change == "settings" else SETTINGS
    papers = PAPERS[:2] if change == "papers" else PAPERS
    again = Scripted()
    evaluate(again, [question("number", **fields)], papers=papers, settings=settings, store=store, variants=False)
    assert len(again.asked) == 1


def test_an_unknown_assistants_answers_are_not_kept() -> None:
    store = Store()
    evaluate(Scripted(), number_questions(2), papers=PAPERS, store=store)
    assert len(store) == 0


def test_what_was_amiss_just_then_is_asked_again() -> None:
    store, asked = Store(), number_questions(1)
    noted = replace(marble_answer(), note="The model did not reply.")
    evaluate(Scripted(noted), asked, papers=PAPERS, settings=SETTINGS, store=store, variants=False)
    again = Scripted()
    results = evaluate(again, asked, papers=PAPERS, settings=SETTINGS, store=store, variants=False)
    assert len(again.asked) == 1
    assert results.runs[0].judged[0].given.note == ""


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    path, asked = tmp_path / "answers.jsonl", number_questions(6)

    stopped = threading.Event()

    class Stops:
        """Progress that brings Ctrl-C as soon as three are answered."""

        def report(self, stage: str, done: int, total: int) -> None:
            if done >= 3:
                stopped.set()
                raise KeyboardInterrupt

        def message(self, text: str) -> None: ...

    def waits_at_the_fourth(question: str, history: Sequence[Turn]) -> Answer:
        if "3" in question:
            assert stopped.wait(timeout=60)
        return marble_answer()

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            waits_at_the_fourth, asked, papers=PAPERS, settings=SETTINGS, store=Store(path), variants=False,
            progress=Stops(),
        )  # fmt: skip
    assert len(Store(path)) == 4  # the one that was under way was waited for
    again = Scripted()
    results = evaluate(again, asked, papers=PAPERS, settings=SETTINGS, store=Store(path), variants=False)
    assert [text for text, _ in again.asked] == [each.question for each in asked[4:]]
    assert results["right"].cases == 6


def test_a_torn_line_is_skipped_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    Store(path).put("a", 1)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"key": "b", "val')
    store = Store(path)
    store.put("c", {"text": "ü\n"})
    assert [Store(path).get(key) for key in "abc"] == [1, None, {"text": "ü\n"}]


def test_several_questions_are_under_way_at_a_time_where_that_is_wanted() -> None:
    together = threading.Barrier(3, timeout=60)

    def waits_for_the_others(question: str, history: Sequence[Turn]) -> Answer:
        together.wait()
        return marble_answer()

    results = evaluate(waits_for_the_others, number_questions(3), papers=PAPERS, variants=False, jobs=3)
    assert results["errors"].value == 0


# --------------------------------------------------------------------------- judges


def test_a_language_model_judges_once_and_is_held_to_its_first_word(tmp_path: Path) -> None:
    class Counting:
        """A language model that counts how often it is asked."""

        calls = 0

        def complete(self, prompt: str) -> CompletionResponse:
            self.calls += 1
            assert "- It sorts." in prompt
            return CompletionResponse(text="Yes, it does." if "Claim: It sorts" in prompt else "No.")

    model, store = Counting(), Store(tmp_path / "judgements.jsonl")
    for _ in range(2):
        supports = model_judge(model, "mock", store)
        assert supports("It sorts", ["It sorts."])
        assert not supports("It sings", ["It sorts."])
    assert model.calls == 2


# --------------------------------------------------------------------------- surroundings


def test_the_collections_hash_hangs_on_content_not_on_order() -> None:
    assert collection_of(PAPERS) == collection_of(PAPERS[::-1])
    assert collection_of(PAPERS)["hash"] != collection_of(PAPERS[:2])["hash"]
    assert collection_of(PAPERS)["papers"] == 3


def test_a_shuffled_library_has_the_same_papers(starter: Library, tmp_path: Path) -> None:
    with Library.open(tmp_path / "few") as few:
        few.add_papers(starter.papers()[:4])
        with shuffled_library(few, tmp_path / "shuffled") as other:
            assert collection_of(other.papers()) == collection_of(few.papers())
        again = shuffled_library(few, tmp_path / "shuffled")
        assert len(again) == 4
        again.close()


def test_settings_name_what_answers_hang_on(starter: Library) -> None:
    known = settings_of(Assistant(starter))
    assert known is not None
    assert known["llm"] is None
    assert "MiniLM" in known["embedding"]
    assert key_of(known) == key_of(dict(reversed(known.items())))
    assert settings_of(Scripted()) is None


# --------------------------------------------------------------------------- results


def by_hand(*rights: bool, seconds: float = 0.5) -> Results:
    """Return results of a number question for each of `rights`, answered rightly or not."""
    wrong = marble_answer("Marbler sorts 41 marbles a minute. [1]", seconds)
    answers = {f"Marbles, {n}?": right for n, right in enumerate(rights)}

    def ask(question: str, history: Sequence[Turn]) -> Answer:
        declined = Answer("No.", "declined", "decline", reason="off_topic", seconds=seconds)
        return wrong if answers[question] else declined

    return evaluate(ask, number_questions(len(rights)), papers=PAPERS, variants=False)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = by_hand(True, False).beside(by_hand(True, True))
    data, page = results.write(tmp_path / "out")
    read = Results.read(data)
    assert [run.figures for run in read.runs] == [run.figures for run in results.runs]
    assert read.runs[0].judged == results.runs[0].judged
    assert json.loads(data.read_text(encoding="utf-8"))["collection"]["papers"] == 3
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_notebook_shows_a_table_that_is_safe() -> None:
    results = evaluate(Scripted(), number_questions(2), papers=PAPERS, name="<b>me</b>", variants=False)
    assert "&lt;b&gt;me" in results._repr_html_()
    assert "Right answers" in results._repr_html_()
    assert repr(results) == "Results(<b>me</b>: 2 questions, right 1.000)"
    assert next(each.key for each in results) == "right"


@pytest.mark.parametrize(
    ("one", "other", "change"),
    [
        ([True] * 9, [True] * 9, "same"),
        ([True] * 9, [False] * 3 + [True] * 6, "inside the noise"),
        ([True] * 9, [False] * 5 + [True] * 4, "better"),
        ([False] * 5 + [True] * 4, [True] * 9, "worse"),
    ],
)
def test_a_difference_inside_the_noise_is_called_that(one: list[bool], other: list[bool], change: str) -> None:
    first, second = by_hand(*one), by_hand(*other)
    assert first.compare(first.runs[0], second.runs[0])["right"].change == change


def test_runs_without_shared_questions_are_not_compared() -> None:
    assert difference("right", {"a": (1.0,)}, {"b": (1.0,)}).change == "not comparable"


def test_numbers_are_shown_with_their_units() -> None:
    measures = measures_by_key()
    assert shown_value(0.9312, measures["right"]) == "93.1 %"
    assert shown_range(0.5, 0.75, measures["right"]) == "50.0 to 75.0 %"
    assert shown_value(0.042, measures["p50"]) == "42 ms"
    assert shown_range(0.5, 2, measures["p50"]) == "500 ms to 2.0 s"
    assert shown_value(0.8731, measures["ndcg@10"]) == "0.873"
    assert shown_value(0.00042, measures["cost"]) == "$0.00042"


# --------------------------------------------------------------------------- the gate


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.json"
    write_baseline(by_hand(*[True] * 9), "because", path)
    return path


def test_a_baseline_has_its_reason_and_a_line_a_question(baseline: Path) -> None:
    kept = read_baseline(baseline)
    assert kept["reason"] == "because"
    assert kept["measures"]["right"] == [1.0, 1.0, 1.0]
    assert (
        sum(
            line.startswith('  "n') and line.count(":") > 5
            for line in baseline.read_text(encoding="utf-8").splitlines()
        )
        == 9
    )


def test_the_gate_lets_noise_through_and_no_more(baseline: Path) -> None:
    kept = read_baseline(baseline)
    assert falls(by_hand(*[True] * 9), kept) == []
    assert falls(by_hand(*[True] * 6, *[False] * 3), kept) == []
    fallen = falls(by_hand(*[True] * 4, *[False] * 5), kept)
    assert {"right", "right.number", "wrong_declines"} <= {fall.key for fall in fallen}
    assert str(fallen[0]) == "Right answers: 44.4 %, 100.0 % in the baseline, on 9 questions (more than its noise)"


def test_a_promise_has_no_noise(baseline: Path) -> None:
    one_bad = evaluate(
        lambda question, _: marble_answer("Marbler sings. [1]" if "0" in question else "It. [1]"),
        number_questions(9), papers=PAPERS, variants=False, supports=lambda claim, _: claim == "It",
    )  # fmt: skip
    assert [fall.key for fall in falls(one_bad, read_baseline(baseline))] == ["grounding"]


@pytest.mark.parametrize(("seconds", "fallen"), [(0.9, []), (5.0, ["p50", "p95"])])
def test_times_may_grow_threefold(seconds: float, fallen: list[str], baseline: Path) -> None:
    kept = read_baseline(baseline)
    results = by_hand(*[True] * 9, seconds=seconds)
    results.versions["machine"] = kept["versions"]["machine"]
    assert [fall.key for fall in falls(results, kept)] == fallen
    results.versions["machine"] = str(10 * float(kept["versions"]["machine"]))
    assert falls(results, kept) == []


def test_what_is_not_measured_any_more_is_a_fall(baseline: Path) -> None:
    kept = read_baseline(baseline)
    kept["rows"]["n0"]["recall@3"] = [1.0]
    (fall,) = falls(by_hand(*[True] * 9), kept)
    assert str(fall) == "Retrieval recall@3: not measured any more, 1.000 in the baseline"


def test_changes_are_taken_on_the_questions_of_both(baseline: Path) -> None:
    more = by_hand(*[True] * 9, False, False)
    assert changes(more.runs[0], read_baseline(baseline))["right"].change == "same"
    assert more["right"].cases == 11


def test_a_baseline_of_other_papers_or_questions_is_refused(baseline: Path, tmp_path: Path) -> None:
    kept = read_baseline(baseline)
    with pytest.raises(GateError, match="another collection"):
        falls(evaluate(Scripted(), number_questions(9), papers=PAPERS[:1], variants=False), kept)
    with pytest.raises(GateError, match="knows 9 of 20 questions"):
        falls(by_hand(*[True] * 20), kept)
    with pytest.raises(GateError, match="--accept"):
        read_baseline(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("[]", encoding="utf-8")
    with pytest.raises(GateError, match="holds no baseline"):
        read_baseline(tmp_path / "bad.json")
