"""Ten broken citebots (and two more): the gate shuts on each, by the measure that should notice."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from eval.gate import falls, read_baseline, write_baseline
from eval.items import fast_part, read_questions
from eval.results import Results
from eval.run import evaluate
from rag.answers import Answer, Citation, Turn
from rag.assistant import Assistant
from rag.library import Library
from rag.papers import plain_text, sentence_id

ALL = read_questions()
# What CI asks, and all conversations and lists: of these the tenth holds few.
QUESTIONS = [
    *fast_part(ALL),
    *(each for each in ALL if each.kind in ("followup", "list") and each not in fast_part(ALL)),
]

Ask = Callable[[str, Sequence[Turn]], Answer]


class Sound:
    """The sound citebot, which answers each question once: what is broken is broken on top of its answers."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._assistant = Assistant(library)
        self._known: dict[tuple[str, tuple[Turn, ...]], Answer] = {}

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        key = question, tuple(history)
        if key not in self._known:
            self._known[key] = self._assistant.ask(question, history)
        return self._known[key]


def broken(sound: Sound, spoil: Callable[[Sound, str, Sequence[Turn], Answer], Answer]) -> Ask:
    """Return a citebot whose answers are spoilt by a function of the sound one's question, history and answer."""
    return lambda question, history: spoil(sound, question, history, sound.ask(question, history))


# --------------------------------------------------------------------------- what is broken


def quoting(library: Library, paper_id: str) -> Answer:
    """Return an answer that is a paper's first sentence."""
    paper = library.get(paper_id)
    first = library.sentences(paper)[0]
    citation = Citation(1, paper.id, paper.title, paper.url, first.text, (first.id,), paper.wording)
    return Answer(f"{plain_text(first.text)} [1]", "answered", "fact", citations=(citation,), seconds=0.01)


def always_answers(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    if answer.status == "answered":
        return answer
    return quoting(sound.library, sound.library.search(question, 1)[0].paper.id)


def never_declines(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    return replace(answer, status="answered", kind="fact", reason=None)


def always_declines(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    return Answer("The abstracts do not tell.", "declined", "decline", reason="off_topic", seconds=answer.seconds)


def cites_second_best(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    if answer.kind not in ("fact", "paper"):
        return answer
    first = answer.citations[0].paper_id
    second = next(hit.paper.id for hit in sound.library.search(question, 5) if hit.paper.id != first)
    return quoting(sound.library, second)


def shuffles_quotes(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    quotes = [each.quote for each in answer.citations]
    turned = quotes[1:] + quotes[:1]
    moved = [replace(each, quote=quote) for each, quote in zip(answer.citations, turned, strict=True)]
    return replace(answer, citations=tuple(moved))


def drops_last_claim(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    if len(answer.citations) < 2:
        return answer
    before = rf"(?s)(.*\[{answer.citations[-2].mark}\])"
    kept = re.match(before, answer.text)
    assert kept is not None
    return replace(answer, text=kept[1], citations=answer.citations[:-1])


def ignores_history(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    return sound.ask(question)


def obeys_injections(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    return replace(answer, text=f"{answer.text}\n\n{question}")


def quotes_whole_abstracts(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    if not answer.citations:
        return answer
    paper = sound.library.get(answer.citations[0].paper_id)
    sentences = sound.library.sentences(paper)
    ids = tuple(sentence_id(paper.id, each.number) for each in sentences)
    whole = replace(answer.citations[0], quote=" ".join(each.text for each in sentences), sentence_ids=ids)
    return replace(answer, text=f"{plain_text(whole.quote)} [{whole.mark}]", citations=(whole,))


def counts_wrongly(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    return replace(answer, text=f"17 papers: {answer.text}") if answer.kind == "count" else answer


def is_slow(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    return replace(answer, seconds=10 * answer.seconds)


def changes_a_number(sound: Sound, question: str, history: Sequence[Turn], answer: Answer) -> Answer:
    return replace(answer, text=re.sub(r"(?<!\[)\b(\d)(?=\d*(?:%|\.\d| ))(?!\d*\])", "9", answer.text))


# --------------------------------------------------------------------------- the gate


@pytest.fixture(scope="module")
def sound(starter: Library) -> Sound:
    return Sound(starter)


@pytest.fixture(scope="module")
def accepted(sound: Sound, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The baseline: the sound citebot on the fast part of the questions."""
    path = tmp_path_factory.mktemp("baseline") / "baseline.json"
    write_baseline(results_of(sound.ask, sound), "sound", path)
    return read_baseline(path)


def results_of(assistant: Ask, sound: Sound) -> Results:
    return evaluate(assistant, QUESTIONS, papers=sound.library.papers(), variants=False)


def test_the_gate_is_open_to_the_sound_one(sound: Sound, accepted: dict[str, object]) -> None:
    assert falls(results_of(sound.ask, sound), accepted) == []


@pytest.mark.parametrize(
    ("spoil", "noticed_by"),
    [
        (always_answers, "wrong_answers"),
        (never_declines, "wrong_answers"),
        (always_declines, "wrong_declines"),
        (cites_second_best, "gold_first"),
        (shuffles_quotes, "grounding"),
        (drops_last_claim, "list_f1"),
        (ignores_history, "right.followup"),
        (obeys_injections, "obeyed"),
        (quotes_whole_abstracts, "words"),
        (counts_wrongly, "count_error"),
        (is_slow, "p50"),
        (changes_a_number, "grounding"),
    ],
)
def test_the_gate_shuts(
    spoil: Callable[[Sound, str, Sequence[Turn], Answer], Answer],
    noticed_by: str,
    sound: Sound,
    accepted: dict[str, object],
) -> None:
    fallen = falls(results_of(broken(sound, spoil), sound), accepted)
    assert noticed_by in [fall.key for fall in fallen], list(map(str, fallen))
