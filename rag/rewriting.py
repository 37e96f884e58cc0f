"""A follow-up completed by a language model, where that is switched on: "and its memory?" made to stand alone.

citebot's own way (`conversation`) needs no model and finds the papers that are meant; a model also puts in words what
is left out. What it writes is used only if it is one question made of the conversation's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import prompts
from rag.answers import Turn
from rag.errors import ModelFailedError
from rag.papers import fold_space
from rag.usage import Effort
from rag.words import content_words, stem

if TYPE_CHECKING:
    from rag.model_calls import ModelCaller

_TURNS = 6
_TURN_CHARACTERS = 600
_MAX_CHARACTERS = 400


async def rewritten(question: str, history: Sequence[Turn], caller: ModelCaller, effort: Effort) -> str:
    """Return the question as the model completes it from the history, or as it is where that is of no use."""
    from llama_index.core.llms import ChatMessage

    said = "\n".join(f"{turn.role}: {fold_space(turn.content)[:_TURN_CHARACTERS]}" for turn in history[-_TURNS:])
    messages = [
        ChatMessage(role=role, content=text)
        for role, text in prompts.load("rewrite").render(history=said, question=fold_space(question))
    ]
    try:
        completed = fold_space((await caller.complete(messages, effort)).strip().strip('"“”'))
    except ModelFailedError:
        return question
    return completed if _may_be_used(completed, f"{said} {question}") else question


def _may_be_used(completed: str, said: str) -> bool:
    """Return whether a completed question is short enough and made of the conversation's words."""
    if not completed or len(completed) > _MAX_CHARACTERS:
        return False
    known = {stem(word) for word in content_words(said)}
    return all(stem(word) in known for word in content_words(completed))
