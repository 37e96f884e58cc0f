"""Answers as an evaluation keeps them: plain data, whoever gave them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

_MARK = re.compile(r"\[(\d{1,3})\]")


@dataclass(frozen=True, slots=True)
class GivenCitation:
    """A mark, the title of its paper, and the quoted words."""

    mark: int
    title: str
    quote: str
    sentence_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What an assistant said to a question.

    `status` is "answered", "declined" or "error" (then `reason` is the message). `confidence`: how sure the assistant
    is that its answer answers, 0 to 1; for a decline, how sure it would have been of answering. `stages`: seconds by
    part of the road. `ranking`: titles of the papers that were found, best first. What an assistant does not tell
    is None or empty.
    """

    status: str
    text: str = ""
    kind: str = ""
    reason: str | None = None
    citations: tuple[GivenCitation, ...] = ()
    suggestions: tuple[str, ...] = ()
    note: str = ""
    model: str = ""
    seconds: float = 0.0
    confidence: float | None = None
    stages: dict[str, float] = field(default_factory=dict)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    dropped: int = 0
    ranking: tuple[str, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as plain data, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "", (), {}, [])}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> GivenAnswer:
        """Return the answer that `as_dict` stored."""
        known = {each.name: stored[each.name] for each in fields(cls) if each.name in stored}
        citations = tuple(
            GivenCitation(each["mark"], each["title"], each["quote"], tuple(each.get("sentence_ids", ())))
            for each in known.pop("citations", ())
        )
        for name in ("suggestions", "ranking"):
            if name in known:
                known[name] = tuple(known[name])
        return cls(**known, citations=citations)


def given_of(said: object, seconds: float) -> GivenAnswer:
    """Return what an assistant said as an answer to judge.

    Taken are citebot's Answer, LlamaIndex's Response (its source nodes are its citations, in their order), and a text.
    `seconds` is the time measured outside; the assistant's own wins.
    """
    if isinstance(said, str):
        return GivenAnswer("answered", said, seconds=seconds)
    if hasattr(said, "source_nodes"):
        return _of_response(said, seconds)
    usage = getattr(said, "usage", None)
    answer: Any = said
    return GivenAnswer(
        status=answer.status,
        text=answer.text,
        kind=answer.kind,
        reason=answer.reason,
        citations=tuple(
            GivenCitation(each.mark, each.title, each.quote, tuple(each.sentence_ids)) for each in answer.citations
        ),
        suggestions=tuple(answer.suggestions),
        note=getattr(answer, "note", ""),
        model=getattr(answer, "model", ""),
        seconds=answer.seconds or seconds,
        confidence=getattr(answer, "confidence", None),
        stages=dict(getattr(answer, "stages", None) or {}),
        prompt_tokens=getattr(usage, "prompt_tokens", None),
        completion_tokens=getattr(usage, "completion_tokens", None),
        cost=getattr(usage, "cost", None),
        dropped=len(getattr(answer, "dropped", ())),
    )


def _of_response(response: Any, seconds: float) -> GivenAnswer:
    """Return the answer in a response of LlamaIndex: its marks `[1]` mean the source nodes in their order."""
    citations = []
    for mark, found in enumerate(response.source_nodes, start=1):
        metadata = found.node.metadata
        title = metadata.get("title") or metadata.get("file_name") or found.node.node_id
        citations.append(GivenCitation(mark, str(title), found.node.get_content()))
    text = str(response)
    used = {int(mark) for mark in _MARK.findall(text)}
    kept = tuple(each for each in citations if each.mark in used) if used else tuple(citations)
    metadata = response.metadata or {}
    status = metadata.get("status") or ("answered" if text.strip() and text != "Empty Response" else "declined")
    return GivenAnswer(str(status), text, citations=kept if status == "answered" else (), seconds=seconds)
