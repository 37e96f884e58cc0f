"""What comes back from a language model, made even: the text piece by piece, and what it cost.

Integrations differ: pieces may be None or empty, the text may come as a whole each time, models that reason may think
aloud first, and token counts hide in different places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse

_CHARACTERS_A_TOKEN = 4  # of English; for estimates only
_PROMPT_COUNTS = ("prompt_tokens", "input_tokens", "prompt_token_count")
_COMPLETION_COUNTS = ("completion_tokens", "output_tokens", "candidates_token_count")


class ThinkingFilter:
    """Lets text through, but for what a model thinks aloud before it answers: <think>...</think>."""

    _OPENINGS = ("<think>", "<thinking>", "<reasoning>")
    _CLOSING = re.compile(r"</(?:think|thinking|reasoning)>\s*")

    def __init__(self) -> None:
        self._held = ""
        self._state = "before"  # then "thinking", if the reply begins with it; then "answer"

    def take(self, piece: str) -> str:
        """Return what of the text so far can be let through."""
        if self._state == "answer":
            return piece
        self._held += piece
        if self._state == "before":
            start = self._held.lstrip()
            if not start or any(opening.startswith(start) for opening in self._OPENINGS):
                return ""  # more is needed to tell
            self._state = "thinking" if start.startswith(self._OPENINGS) else "answer"
        if self._state == "thinking":
            closing = self._CLOSING.search(self._held)
            if not closing or closing.end() == len(self._held):
                return ""  # still thinking, or white space may follow
            self._state, self._held = "answer", self._held[closing.end() :]
        held, self._held = self._held, ""
        return held

    def end(self) -> str:
        """Return what is left after the last piece: a beginning that was no thinking after all."""
        return self._held if self._state == "before" else ""


class Reply:
    """A model's reply as it grows."""

    def __init__(self) -> None:
        self.text = ""
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.cost: float | None = None
        self._received = 0  # characters, with the thinking
        self._whole = ""
        self._filter = ThinkingFilter()
        self._tells_end = False
        self.ended = False  # with the sign that servers give at the end

    def take(self, response: ChatResponse) -> str:
        """Return the text that a part of the reply adds; it may be empty."""
        self._whole = response.message.content or ""
        self._note_counts(response)
        self._note_end(response)
        return self._add(self._whole[self._received :] if response.delta is None else response.delta)

    def finish(self) -> str:
        """Return the text that is left after the last part."""
        rest = self._add(self._whole) if not self._received else ""  # it came in one piece that was called no delta
        last = self._filter.end()
        self.text += last
        return rest + last

    @property
    def broke_off(self) -> bool:
        """Whether the reply ended without the sign that this kind of server gives at the end."""
        return self._tells_end and not self.ended

    @property
    def only_thought(self) -> bool:
        """Whether something came, but nothing that was meant for the reader."""
        return self._received > 0 and not self.text.strip()

    @property
    def received_tokens(self) -> int:
        """An estimate of how many tokens came, with the thinking."""
        return -(-self._received // _CHARACTERS_A_TOKEN)

    def _add(self, piece: str) -> str:
        self._received += len(piece)
        shown = self._filter.take(piece)
        self.text += shown
        return shown

    def _note_counts(self, response: ChatResponse) -> None:
        for place in (_field(response.raw, "usage"), _field(response.raw, "usage_metadata"),
                      response.message.additional_kwargs.get("usage")):  # fmt: skip
            self.prompt_tokens = _count(place, _PROMPT_COUNTS, self.prompt_tokens)
            self.completion_tokens = _count(place, _COMPLETION_COUNTS, self.completion_tokens)
            cost = _field(place, "cost")  # gateways give it, in US dollars
            self.cost = float(cost) if isinstance(cost, int | float) else self.cost

    def _note_end(self, response: ChatResponse) -> None:
        """Look for the last part's sign, in the places where the providers have it."""
        choices = _field(response.raw, "choices")
        signs = [_field(choice, "finish_reason") for choice in choices or []]
        told = bool(signs)
        if isinstance(response.raw, dict):
            signs += [response.raw.get(name) for name in ("done", "finish_reason")]
            told = told or "done" in response.raw or "finish_reason" in response.raw
        extra = response.message.additional_kwargs
        signs.append(extra.get("stop_reason"))
        self._tells_end = self._tells_end or told or "stop_reason" in extra
        self.ended = self.ended or any(signs)


def tokens_in(messages: Sequence[ChatMessage]) -> int:
    """Return an estimate of how many tokens the messages have."""
    return -(-sum(len(message.content or "") for message in messages) // _CHARACTERS_A_TOKEN)


def _field(thing: Any, name: str) -> Any:
    """Return a field of a dictionary or an object; None if it has none."""
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)


def _count(place: Any, names: Sequence[str], before: int | None) -> int | None:
    """Return the last count given: servers that count along send sums, not differences."""
    for name in names:
        if isinstance(value := _field(place, name), int):
            return value
    return before
