"""Manners in calling a language model: every call goes through a `ModelCaller`.

A call has a time limit, waits its turn, is tried once more where that may help, stops the model when nobody listens
any more, and is counted. Whatever goes wrong becomes a ModelFailedError with the reason in a few words.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from inspect import unwrap
from typing import TYPE_CHECKING

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from rag import background
from rag.errors import ModelFailedError
from rag.llms import identity, load_llm, redacted, shown_spec
from rag.model_failures import failure_of
from rag.model_replies import Reply, tokens_in
from rag.reply_cache import ReplyCache, reply_key
from rag.settings import Settings
from rag.usage import Effort, Usage

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms import LLM

_log = logging.getLogger("citebot")

_TRIES = 2
_STOPPING_SECONDS = 30.0  # on a machine that is busy; otherwise it takes milliseconds
_BACKOFF = wait_random_exponential(multiplier=0.5, max=2)


class ModelCaller:
    """Calls a language model. Safe for threads and for any number of event loops.

    >>> caller = ModelCaller("ollama:qwen3:4b", Settings())  # doctest: +SKIP
    >>> background.run(caller.complete([ChatMessage("Say hello.")]))  # doctest: +SKIP
    'Hello!'
    """

    def __init__(self, llm: str | LLM, settings: Settings) -> None:
        """Call the model that a spec names, or an LLM object.

        Raises ModelError where `load_llm` does.
        """
        self.llm = load_llm(llm, settings)
        self.name = shown_spec(llm) if isinstance(llm, str) else _name(llm)
        self.usage = Usage()
        self._settings = settings
        # What an LLM object answers is its own business; a spec at temperature 0 has one reply to a prompt.
        cached = settings.llm_cache and isinstance(llm, str) and getattr(self.llm, "temperature", None) == 0
        self._identity = identity(llm) if isinstance(llm, str) and cached else ""
        self._replies = ReplyCache(settings.cache_dir / "replies.sqlite3") if cached else None
        self._turns = asyncio.Semaphore(settings.llm_concurrency)
        self._not_before = 0.0  # on the background loop's clock: when the server wants to be asked again

    def stream(self, messages: Sequence[ChatMessage], effort: Effort | None = None) -> AsyncGenerator[str, None]:
        """Yield the reply's text, piece by piece as it comes; closing the generator stops the model.

        What the call came to is added to `effort` (and to the caller's `usage` in any case).
        Raises ModelFailedError if the model gives no text, or breaks off: what came before is all there is.
        """
        return background.iterate(self._stream(tuple(messages), effort or Effort()))

    async def complete(self, messages: Sequence[ChatMessage], effort: Effort | None = None) -> str:
        """Return the whole reply. Raises ModelFailedError if there is none, or only a part."""
        async with aclosing(self.stream(messages, effort)) as pieces:
            return "".join([piece async for piece in pieces])

    # ------------------------------------------------------------------ all below runs on the background loop

    async def _stream(self, messages: tuple[ChatMessage, ...], effort: Effort) -> AsyncGenerator[str, None]:
        key = reply_key(self._identity, self._settings.llm_max_tokens, messages)
        if reply := self._replies and self._replies.get(key):
            self._count(Usage(replies_from_cache=1), effort)
            yield reply
            return
        text = ""
        async with aclosing(self._called(messages, effort)) as pieces:
            async for piece in pieces:
                text += piece
                yield piece
        if self._replies:
            self._replies.put(key, text)

    async def _called(self, messages: Sequence[ChatMessage], effort: Effort) -> AsyncGenerator[str, None]:
        """Yield the reply of the model itself, its turn waited for and its time limited."""
        deadline = _Deadline(self._settings.llm_timeout)
        async with self._turn(deadline):
            pieces, first = await self._opened(messages, deadline, effort)
            async with aclosing(pieces):
                yield first
                async for piece in pieces:
                    yield piece

    @asynccontextmanager
    async def _turn(self, deadline: _Deadline) -> AsyncIterator[None]:
        """Wait until one more call may run, and until the server wants to be asked."""
        async with deadline.limit(f"the model was busy for {deadline.seconds:g} s with other questions"):
            await self._turns.acquire()
        try:
            pause = self._not_before - asyncio.get_running_loop().time()
            if pause >= deadline.left():
                raise ModelFailedError(f"the model's server asks to wait {pause:.0f} s")
            await asyncio.sleep(max(0.0, pause))
            yield
        finally:
            self._turns.release()

    async def _opened(
        self, messages: Sequence[ChatMessage], deadline: _Deadline, effort: Effort
    ) -> tuple[AsyncGenerator[str, None], str]:
        """Return the pieces of a reply and the first of them; tried a second time where that may help."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, ModelFailedError) and error.transient),
            wait=self._pause,
            stop=stop_after_attempt(_TRIES) | stop_before_delay(deadline.left()),
            reraise=True,
        )
        return await retrying(self._open, messages, deadline, effort)

    def _pause(self, state: RetryCallState) -> float:
        """Return how many seconds to wait before the next try: as many as the server says, if it does."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ModelFailedError) and error.retry_after is not None:
            self._not_before = asyncio.get_running_loop().time() + error.retry_after
            return error.retry_after
        return _BACKOFF(state)

    async def _open(
        self, messages: Sequence[ChatMessage], deadline: _Deadline, effort: Effort
    ) -> tuple[AsyncGenerator[str, None], str]:
        pieces = self._pieces(messages, deadline, effort)
        return pieces, await anext(pieces)  # there is a first piece, or a ModelFailedError

    async def _pieces(
        self, messages: Sequence[ChatMessage], deadline: _Deadline, effort: Effort
    ) -> AsyncGenerator[str, None]:
        """Yield the text of one reply, none of it empty. Every error is a ModelFailedError, its cause logged."""
        reply = Reply()
        try:
            async with aclosing(self._responses(messages)) as responses:
                while response := await self._next(responses, deadline):
                    if text := reply.take(response):
                        yield text
            if text := reply.finish():
                yield text
            if failure := self._shortcoming(reply):
                raise failure
        except ModelFailedError as error:
            _log_failure(self.name, error)
            raise
        finally:
            self._count(_usage_of(messages, reply), effort)

    def _shortcoming(self, reply: Reply) -> ModelFailedError | None:
        """Return what is wrong with a reply that came to its end without an error."""
        if reply.broke_off:
            return ModelFailedError("the model's reply broke off", transient=True)
        if reply.only_thought:
            tokens = self._settings.llm_max_tokens
            return ModelFailedError(f"the model thought and gave no answer within {tokens} tokens")
        if not reply.text:
            return ModelFailedError("the model gave no text", transient=not reply.ended)
        return None

    async def _next(self, responses: AsyncGenerator[ChatResponse, None], deadline: _Deadline) -> ChatResponse | None:
        """Return the next part of the reply, None at its end."""
        silence = self._settings.llm_silence_timeout
        try:
            async with (
                deadline.limit(f"the model did not reply within {deadline.seconds:g} s"),
                _Deadline(silence).limit(f"the model was silent for {silence:g} s", transient=True),
            ):
                return await anext(responses, None)
        except Exception as error:
            failure = failure_of(error)
            raise failure from (error if failure is not error else error.__cause__)

    async def _responses(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[ChatResponse, None]:
        """Yield the parts of the reply as the integration gives them; closing it closes the connection."""
        if _blocks(self.llm):
            responses = background.iterate_in_thread(lambda: iter(self.llm.stream_chat(messages)))
        else:
            responses = await self.llm.astream_chat(messages)
        try:
            async for response in responses:
                yield response
        finally:
            await _stop(responses)

    def _count(self, usage: Usage, effort: Effort) -> None:
        self.usage += usage
        effort.usage += usage


def _usage_of(messages: Sequence[ChatMessage], reply: Reply) -> Usage:
    """Return what one call came to."""
    return Usage(
        calls=1,
        prompt_tokens=reply.prompt_tokens or tokens_in(messages),
        completion_tokens=reply.completion_tokens or reply.received_tokens,
        cost=reply.cost or 0.0,
        estimated=reply.prompt_tokens is None or reply.completion_tokens is None,
    )


class _Deadline:
    """A moment by which something is to be done, so many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._at = self._loop.time() + seconds

    def left(self) -> float:
        """Return the seconds that are left, 0 if none are."""
        return max(0.0, self._at - self._loop.time())

    @asynccontextmanager
    async def limit(self, why: str, *, transient: bool = False) -> AsyncIterator[None]:
        """Stop what is inside at the moment. Raises ModelFailedError then, with the reason given."""
        try:
            async with asyncio.timeout_at(self._at) as timeout:
                yield
        except TimeoutError as error:
            if timeout.expired():
                raise ModelFailedError(why, transient=transient) from error
            raise


async def _stop(responses: AsyncGenerator[ChatResponse, None]) -> None:
    """End what an integration streams, wherever it stands, and with it the connection and the model's work.

    `aclose()` does not reach the HTTP response inside: the clients' streams hold themselves alive in a cycle. What
    reaches it is a read that is cancelled.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOPPING_SECONDS):
            while True:
                reading = asyncio.ensure_future(anext(responses, None))
                await asyncio.sleep(0)  # it comes as far as the network, or back with what had already arrived
                reading.cancel()
                await asyncio.wait({reading})
                if reading.cancelled() or reading.exception() or reading.result() is None:
                    return


def _blocks(llm: LLM) -> bool:
    """Tell whether the model's async methods are its plain ones in disguise, and so would block the event loop."""
    from llama_index.core.llms import CustomLLM

    # Unwrapped: LlamaIndex wraps the methods of every class anew, also those that it inherits.
    return unwrap(type(llm).astream_chat) is unwrap(CustomLLM.astream_chat)


def _name(llm: LLM) -> str:
    """Return how an LLM object is called in messages."""
    return str(getattr(llm, "model", "") or getattr(llm, "model_name", "") or type(llm).__name__)


def _log_failure(name: str, error: ModelFailedError) -> None:
    cause = error.__cause__
    said = f" [{type(cause).__name__}: {redacted(' '.join(str(cause).split())[:300])}]" if cause else ""
    _log.warning("%s: %s%s", name, error.why, said)
