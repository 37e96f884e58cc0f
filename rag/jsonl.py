"""Questions in, answers out, a JSON object a line: how other programs talk to citebot."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any

from rag.answers import Turn
from rag.assistant import Assistant
from rag.errors import CitebotError

_log = logging.getLogger("citebot")
_FIELDS = ("status", "reason", "kind", "text", "citations", "suggestions", "seconds")
_CITATION_FIELDS = ("mark", "paper_id", "title", "url", "quote", "sentence_ids")


def answer_lines(assistant: Assistant, lines: Iterable[str]) -> Iterator[str]:
    """Yield one answer line (DESIGN's contract) for each question line, in order; blank lines are passed over.

    A line that is no question, or whose answer fails, gives a line with status "error", and the run goes on.
    """
    for line in lines:
        if line.strip():
            yield json.dumps(_answer_line(assistant, line), ensure_ascii=False)


def _answer_line(assistant: Assistant, line: str) -> dict[str, Any]:
    started = time.perf_counter()
    question_id: object = None
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict):
            raise ValueError("the line is not a JSON object")
        question_id = fields.get("id")
        question, history = _question_of(fields)
        answer = assistant.ask(question, history).as_dict()
    except json.JSONDecodeError as error:
        return _error_line(question_id, f"the line is not JSON ({error.msg} at column {error.colno})", started)
    except (ValueError, CitebotError) as error:
        return _error_line(question_id, str(error), started)
    except Exception:  # the contract: one bad question never ends the run; the cause is in the log
        _log.exception("question %r failed", question_id)
        return _error_line(question_id, "internal error; the log has the cause", started)
    answer["citations"] = [{name: each[name] for name in _CITATION_FIELDS} for each in answer["citations"]]
    return {"id": question_id, **{name: answer[name] for name in _FIELDS}}


def _question_of(fields: dict[str, Any]) -> tuple[str, list[Turn]]:
    question = fields.get("question")
    if not isinstance(question, str):
        raise ValueError('the line has no "question" that is a text')
    turns = fields.get("history") or []
    if not isinstance(turns, list):
        raise ValueError('"history" is not a list')
    history = []
    for turn in turns:
        known = isinstance(turn, dict) and turn.get("role") in ("user", "assistant")
        if not known or not isinstance(turn.get("content"), str):
            raise ValueError('"history" has a turn without "role" (user, assistant) and "content" (a text)')
        history.append(Turn(turn["role"], turn["content"]))
    return question, history


def _error_line(question_id: object, message: str, started: float) -> dict[str, Any]:
    return {
        "id": question_id, "status": "error", "reason": message, "kind": "decline", "text": "",
        "citations": [], "suggestions": [], "seconds": time.perf_counter() - started,
    }  # fmt: skip
