"""Language models that say what a test lets them say: real LlamaIndex LLM objects, whose words are written down."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import CustomLLM
from numpy.typing import NDArray
from pydantic import Field

from rag import support

WORDS_NEEDED = 0.6
MODEL_NAME = "scripted"

Step = str | BaseException | Callable[[], object]


class Scripted(CustomLLM):
    """Gives one reply a call, word by word: a text, or a list of texts, errors to raise and functions to call.

    A reply may be a function of the prompt. Where there are more calls than replies, the last one is given again.
    """

    replies: list[Any]
    prompts: list[str] = Field(default_factory=list)
    pieces: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=MODEL_NAME)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        self.prompts.append(prompt)
        reply = self.replies[min(len(self.prompts), len(self.replies)) - 1]
        if callable(reply):
            reply = reply(prompt)
        text = ""
        for step in [reply] if isinstance(reply, str | BaseException) else reply:
            if isinstance(step, BaseException):
                raise step
            if callable(step):
                step()
                continue
            for piece in re.findall(r"\s*\S+\s*$|\s*\S+|\s+", step):
                text += piece
                self.pieces.append(piece)
                yield CompletionResponse(text=text, delta=piece)


def number_of(words: str, prompt: str) -> int:
    """Return the number that the sentence with these words has in a prompt."""
    (line,) = [line for line in prompt.splitlines() if re.match(r"\[\d+\] ", line) and words in line]
    return int(line[1 : line.index("]")])


def citing(template: str, *words: str) -> Callable[[str], str]:
    """Return a reply in which "{0}", "{1}", ... become the numbers of the sentences with these words."""
    return lambda prompt: template.format(*(f"[{number_of(each, prompt)}]" for each in words))


def shares_of_words(
    claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str], *_: object
) -> NDArray[np.float64]:
    """Return how much of each claim's words its text has: a score that needs no trained model."""
    return np.array([support.share_of_words(claim, text) for claim, text in zip(claims, evidence, strict=True)])


@pytest.fixture
def support_by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let shares of words stand in for the trained model of support."""
    monkeypatch.setattr(support, "score", shares_of_words)
    monkeypatch.setattr(support, "threshold", lambda: WORDS_NEEDED)
