"""The questions of an evaluation: what one holds, how files of them are read, and how they are split.

The format is described in `eval/questions/README.md`. Files of the exam's format are read as well: its types
are mapped to the kinds used here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rag.answers import Turn
from rag.errors import SourceError
from rag.papers import fold_space

Part = Literal["dev", "test"]

KINDS = (
    "fact", "number", "detail", "paper", "other_words", "list", "count", "compare", "overview", "followup",
    "unanswerable", "not_in_library", "off_topic", "false_premise", "near_miss", "injection", "multilingual",
)  # fmt: skip
DECLINED_KINDS = frozenset(("unanswerable", "not_in_library", "off_topic", "false_premise", "near_miss"))
REASONS = ("off_topic", "not_in_library", "not_in_abstract")
QUESTIONS = Path(__file__).parent / "questions" / "citebot.jsonl"

_EXAM_KINDS = {
    "blind": "other_words",
    "near_miss_name": "near_miss",
    "false_premise": "false_premise",
    "ml_not_in_corpus": "not_in_library",
    "ml_general": "not_in_library",
    "not_ml": "off_topic",
    "gibberish": "off_topic",
    "out_of_scope": "not_in_library",
}
_FAST_PART = 10
_FAST_LEAST = 3


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and what a right answer to it holds.

    `gold_papers` must be cited, `acceptable_papers` may be; titles, compared by their letters and digits.
    `must_include`: groups of strings, of each of which one must be in the text or in a quote.
    `must_not_include`: strings that must not be in the text. `reason`: why it is to be declined, where that is
    known. `part`: "dev" is for tuning, "test" only for measuring.
    """

    id: str
    kind: str
    question: str
    history: tuple[Turn, ...] = ()
    gold_papers: tuple[str, ...] = ()
    acceptable_papers: tuple[str, ...] = ()
    must_include: tuple[tuple[str, ...], ...] = ()
    must_not_include: tuple[str, ...] = ()
    gold_count: int | None = None
    acceptable_counts: tuple[int, ...] = ()
    reason: str | None = None
    note: str = ""
    paraphrases: tuple[str, ...] = ()
    language: str = "en"
    part: Part = "dev"

    @property
    def is_to_be_declined(self) -> bool:
        """Whether no paper of the library answers it."""
        return self.kind in DECLINED_KINDS


def read_questions(*paths: str | Path) -> list[Question]:
    """Return the questions of JSON-lines files, in order; without a path, citebot's own.

    Raises SourceError for a line that is no question, with file and line.
    """
    questions = []
    for path in map(Path, paths or (QUESTIONS,)):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(str(path), f"it cannot be read ({getattr(error, 'strerror', None) or error})") from error
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    questions.append(question_of(json.loads(line)))
                except json.JSONDecodeError as error:
                    raise SourceError(f"{path}:{number}", f"the line is not JSON ({error.msg})") from error
                except ValueError as error:
                    raise SourceError(f"{path}:{number}", str(error)) from error
    return questions


def question_of(fields: object) -> Question:
    """Return the question that an object of a file holds; raises ValueError that says what is wrong with it."""
    if not isinstance(fields, dict):
        raise ValueError("the line is not a JSON object")
    question_id = _text(fields, "id")
    kind = _kind_of(fields)
    part = fields.get("split") or part_of(question_id)
    if part not in ("dev", "test"):
        raise ValueError(f'"split" is "dev" or "test", not {part!r}')
    reason = fields.get("reason")
    if reason is not None and reason not in REASONS:
        raise ValueError(f'"reason" is one of {", ".join(REASONS)}, not {reason!r}')
    return Question(
        id=question_id,
        kind=kind,
        question=_text(fields, "question"),
        history=_history(fields.get("history") or []),
        gold_papers=_texts(fields, "gold_papers"),
        acceptable_papers=_texts(fields, "acceptable_papers"),
        must_include=_groups(fields.get("must_include") or []),
        must_not_include=_texts(fields, "must_not_include"),
        gold_count=_count(fields.get("gold_count")) if kind == "count" else None,
        acceptable_counts=tuple(_count(each) or 0 for each in fields.get("acceptable_counts") or []),
        reason=reason,
        note=str(fields.get("note") or ""),
        paraphrases=_texts(fields, "paraphrases"),
        language=str(fields.get("language") or "en"),
        part=part,
    )


def part_of(question_id: str) -> Part:
    """Return to which part a question belongs that does not say so: half and half, by a hash of its id."""
    return "dev" if id_hash(question_id) % 2 == 0 else "test"


def fast_part(questions: Sequence[Question]) -> list[Question]:
    """Return a fixed tenth of the questions, in their order, and at least three of each kind (or all it has).

    Which ones depends on the ids alone, so that a question more or less changes little. Three, because a fall that
    three questions show, and none contradicts, lies outside what resampling calls noise.
    """
    chosen: set[str] = set()
    for kind in dict.fromkeys(each.kind for each in questions):
        its = sorted((each.id for each in questions if each.kind == kind), key=lambda each: id_hash(f"fast {each}"))
        chosen.update(its[: max(_FAST_LEAST, round(len(its) / _FAST_PART))])
    return [each for each in questions if each.id in chosen]


def id_hash(text: str) -> int:
    """Return a number that depends on the text alone, the same everywhere: for choices that stay as they are."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


# --------------------------------------------------------------------------- fields


def _kind_of(fields: Mapping[str, Any]) -> str:
    kind = str(fields.get("kind") or fields.get("type") or "")
    if kind == "count_or_overview":
        return "overview" if fields.get("gold_count") is None else "count"
    if kind == "out_of_scope":
        kind = _EXAM_KINDS.get(str(fields.get("subtype")), "not_in_library")
    kind = _EXAM_KINDS.get(kind, kind)
    if kind not in KINDS:
        raise ValueError(f'"kind" is one of {", ".join(KINDS)}, not {kind!r}')
    return kind


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'"{name}" is missing, or no text')
    return value


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = fields.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise ValueError(f'"{name}" is not a list of texts')
    return tuple(value)


def _groups(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or not all(isinstance(group, list) and group for group in value):
        raise ValueError('"must_include" is not a list of groups, each a list of texts')
    return tuple(_texts({"must_include": group}, "must_include") for group in value)


def _count(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ValueError(f"a count is a whole number, not {value!r}")
    return value


def _history(turns: object) -> tuple[Turn, ...]:
    if not isinstance(turns, list):
        raise ValueError('"history" is not a list')
    for turn in turns:
        known = isinstance(turn, dict) and turn.get("role") in ("user", "assistant")
        if not known or not isinstance(turn.get("content"), str):
            raise ValueError('"history" has a turn without "role" (user, assistant) and "content" (a text)')
    return tuple(Turn(turn["role"], turn["content"]) for turn in turns)


# --------------------------------------------------------------------------- strings


def fold(text: str) -> str:
    """Return a text as strings are looked for in it: small letters, white space folded."""
    return fold_space(text).lower()


def contains(text: str, string: str) -> bool:
    """Return whether a string stands in a folded text; a number that begins or ends it must stand alone.

    "7" is not in "17", "7.5" or "1,007", but in "7B" and "7%".
    """
    wanted = fold(string)
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if not (_goes_on_before(text, start) or _goes_on_after(text, end)):
            return True
        start = text.find(wanted, start + 1)
    return False


def _goes_on_before(text: str, start: int) -> bool:
    """Return whether the digit at `start` has a number before it of which it is a part."""
    if not text[start].isdigit() or start == 0:
        return False
    before = text[start - 1]
    return before.isdigit() or (before in ".," and start > 1 and text[start - 2].isdigit())


def _goes_on_after(text: str, end: int) -> bool:
    """Return whether the digit before `end` has more of its number after it."""
    if not text[end - 1].isdigit() or end == len(text):
        return False
    after = text[end]
    return after.isdigit() or (after in ".," and end + 1 < len(text) and text[end + 1].isdigit())


def includes_one(text: str, strings: Iterable[str]) -> bool:
    """Return whether one of the strings stands in the folded text."""
    return any(contains(text, each) for each in strings)
