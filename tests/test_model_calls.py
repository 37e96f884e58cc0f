"""Calling a model with manners, against a real server that misbehaves."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import CustomLLM
from pydantic import Field

from rag import background
from rag.errors import ModelFailedError
from rag.model_calls import ModelCaller
from rag.settings import Settings, load_settings
from tests.model_server import (
    COMPLETION_TOKENS,
    PATIENCE_SECONDS,
    PROMPT_TOKENS,
    Behaviour,
    ModelServer,
    breaks_off,
    ends_early,
    fails,
    hangs,
    model_server,
    says,
    says_raw,
    sends_garbage,
    sends_page,
)

SILENCE_SECONDS = 2.0  # where a server hangs; a machine that is busy must not seem to
QUESTION = [ChatMessage("Which memory does it save?")]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(cache_dir=tmp_path / "cache", llm_cache=False)


def caller(server: ModelServer, settings: Settings, **changes: Any) -> ModelCaller:
    spec = f"openai-like:m@{server.url}/v1"
    return ModelCaller(spec, settings.model_copy(update=changes))


def ask(model: ModelCaller, messages: list[ChatMessage] = QUESTION) -> tuple[list[str], str]:
    """Return the pieces that came, and why the model failed, if it did."""

    async def main() -> tuple[list[str], str]:
        pieces: list[str] = []
        try:
            async with aclosing(model.stream(messages)) as stream:
                async for piece in stream:
                    pieces.append(piece)
        except ModelFailedError as error:
            return pieces, error.why
        return pieces, ""

    return asyncio.run(main())


# --------------------------------------------------------------------------- a good reply


def test_pieces_come_as_the_server_sends_them(server: ModelServer, settings: Settings) -> None:
    assert ask(caller(server, settings)) == (["Hello", " there", "."], "")
    assert server.bodies[0]["stream"] is True
    assert server.bodies[0]["temperature"] == 0
    assert server.bodies[0]["messages"] == [{"role": "user", "content": "Which memory does it save?"}]


def test_a_piece_is_there_before_the_next_is_made(server: ModelServer, settings: Settings) -> None:
    server.plan = [hangs("first")]

    async def main() -> str:
        async with aclosing(caller(server, settings).stream(QUESTION)) as pieces:
            return await anext(pieces)

    assert asyncio.run(main()) == "first"


def test_one_caller_serves_many_loops_and_threads(server: ModelServer, settings: Settings) -> None:
    model = caller(server, settings)
    replies = [background.run(model.complete(QUESTION)), asyncio.run(model.complete(QUESTION))]
    threads = [threading.Thread(target=lambda: replies.append(asyncio.run(model.complete(QUESTION)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert replies == ["Hello there."] * 6
    assert model.usage.calls == 6


def test_no_more_calls_at_once_than_allowed(server: ModelServer, settings: Settings) -> None:
    server.plan = [says("slow", pause=0.05)]
    model = caller(server, settings, llm_concurrency=2)

    async def main() -> list[str]:
        return await asyncio.gather(*(model.complete(QUESTION) for _ in range(6)))

    assert asyncio.run(main()) == ["slow"] * 6
    assert server.most_at_once == 2


# --------------------------------------------------------------------------- what servers and models do


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["<think>", "well", "</think>", "\n\n", "Yes."], "Yes."),
        (["<th", "ink>a", "b</thi", "nk>Yes", "."], "Yes."),
        (["\n<think>\n\n</think>\n\n", "Yes."], "Yes."),
        (["<", "b> is", " smaller"], "<b> is smaller"),
        (["<think"], "<think"),
        (["I <think>so</think>."], "I <think>so</think>."),
        ([" ", "Yes."], " Yes."),
    ],
)
def test_only_what_comes_before_the_answer_is_thinking(
    server: ModelServer, settings: Settings, pieces: list[str], text: str
) -> None:
    server.plan = [says(*pieces)]
    got, why = ask(caller(server, settings))
    assert ("".join(got), why) == (text, "")
    assert all(got)


def test_a_model_that_only_thinks_has_failed(server: ModelServer, settings: Settings) -> None:
    server.plan = [says("<think>", "hm, ", "hm")]
    assert ask(caller(server, settings)) == ([], "the model thought and gave no answer within 400 tokens")


def test_empty_pieces_are_no_pieces(server: ModelServer, settings: Settings) -> None:
    server.plan = [says("", "a", "", "b", "")]
    assert ask(caller(server, settings)) == (["a", "b"], "")


def test_a_reply_without_text_is_a_failure(server: ModelServer, settings: Settings) -> None:
    server.plan = [says()]
    assert ask(caller(server, settings)) == ([], "the model gave no text")


class Scripted(CustomLLM):
    """A model of the kind that blocks: completion only, and its async methods are its plain ones."""

    steps: list[Any]
    threads: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted")

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        text = ""
        for step in self.steps:
            self.threads.append(threading.current_thread().name)
            if callable(step):
                step()
            elif isinstance(step, Exception):
                raise step
            else:
                text += step
                yield CompletionResponse(text=text, delta=step)


class Cumulative(Scripted):
    """Gives the text so far each time, and no deltas."""

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        for response in super().stream_complete(prompt):
            yield CompletionResponse(text=response.text)


class Whole(Scripted):
    """Gives all in one, and calls that no delta."""

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        yield CompletionResponse(text="".join(self.steps), delta="")


@pytest.mark.parametrize(
    ("kind", "pieces"), [(Scripted, ["a", "b", "c"]), (Cumulative, ["a", "b", "c"]), (Whole, ["abc"])]
)
def test_any_llm_object_will_do(kind: type[Scripted], pieces: list[str], settings: Settings) -> None:
    model = ModelCaller(kind(steps=["a", "", "b", "c"]), settings)
    assert ask(model) == (pieces, "")
    assert model.usage.estimated


def test_a_model_that_blocks_does_not_block_the_others(server: ModelServer, settings: Settings) -> None:
    go_on = threading.Event()
    blocking = Scripted(steps=["a", go_on.wait, "b"])

    async def main() -> tuple[str, str]:
        first = asyncio.ensure_future(ModelCaller(blocking, settings).complete(QUESTION))
        try:
            second = await caller(server, settings).complete(QUESTION)
            assert not first.done()
        finally:
            go_on.set()
        return await first, second

    assert asyncio.run(main()) == ("ab", "Hello there.")
    assert set(blocking.threads) == {"citebot-model"}


def test_an_error_in_an_llm_object_is_named(settings: Settings) -> None:
    assert ask(ModelCaller(Scripted(steps=["a", KeyError("x")]), settings)) == (
        ["a"],
        "the call of the model failed (KeyError)",
    )


# --------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("behaviour", "pieces", "why"),
    [
        (fails(400), [], "the model's server refused the request"),
        (fails(401), [], "the model's server refused the key"),
        (fails(404), [], "the model's server does not know the model"),
        (fails(418), [], "the model's server refused the request (HTTP 418)"),
        (hangs("a", "b"), ["a", "b"], "the model was silent for 2 s"),
        (breaks_off("a", "b"), ["a", "b"], "the model's server broke off"),
        (ends_early("a", "b"), ["a", "b"], "the model's reply broke off"),
        (sends_garbage(), [], "the model's server sent something that is no reply"),
        (says_raw(b'data: {"error": {"message": "out of memory"}}\n\n'), [], "the call of the model failed (APIError)"),
    ],
)
def test_what_no_second_try_helps(
    server: ModelServer, settings: Settings, behaviour: Behaviour, pieces: list[str], why: str
) -> None:
    server.plan = [behaviour, says("a second try")]
    assert ask(caller(server, settings, llm_silence_timeout=SILENCE_SECONDS)) == (pieces, why)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    "behaviour",
    [fails(500), fails(503), fails(429), fails(429, Retry_After="0"), breaks_off(), hangs(), ends_early()],
    ids=["500", "503", "429", "429 with Retry-After", "cut", "silent", "half a stream"],
)
def test_a_second_try_helps(server: ModelServer, settings: Settings, behaviour: Behaviour) -> None:
    server.plan = [behaviour, says("well", " again")]
    assert ask(caller(server, settings, llm_silence_timeout=SILENCE_SECONDS)) == (["well", " again"], "")
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (fails(500), "the model's server failed (HTTP 500)"),
        (fails(429), "the model's server asks to wait"),
        (breaks_off(), "the model's server broke off"),
        (hangs(), "the model was silent for 2 s"),
        (ends_early(), "the model gave no text"),
        (ends_early("<think>", "hm"), "the model's reply broke off"),
        (sends_page(), "the model gave no text"),
    ],
)
def test_there_is_no_third_try(server: ModelServer, settings: Settings, behaviour: Behaviour, why: str) -> None:
    server.plan = [behaviour]
    assert ask(caller(server, settings, llm_silence_timeout=SILENCE_SECONDS)) == ([], why)
    assert len(server.bodies) == 2


def test_a_server_that_is_not_there(settings: Settings) -> None:
    with model_server() as server:
        gone = caller(server, settings)
    assert ask(gone) == ([], "the model's server refused the connection")


def test_a_server_that_is_killed_in_the_middle(settings: Settings) -> None:
    async def main() -> tuple[list[str], str]:
        pieces = []
        with pytest.raises(ModelFailedError) as failure, model_server(hangs("a", "b")) as server:
            async with aclosing(caller(server, settings).stream(QUESTION)) as stream:
                async for piece in stream:
                    pieces.append(piece)
                    if len(pieces) == 2:
                        asyncio.get_running_loop().call_later(0, kill, server)
        return pieces, failure.value.why

    def kill(server: ModelServer) -> None:
        server.cut_all()

    assert asyncio.run(main()) == (["a", "b"], "the model's server broke off")


@pytest.mark.parametrize("header", ["30", formatdate(time.time() + 86_400, usegmt=True)], ids=["seconds", "a date"])
def test_a_wait_that_does_not_fit_is_not_waited(server: ModelServer, settings: Settings, header: str) -> None:
    server.plan = [fails(429, Retry_After=header)]
    model = caller(server, settings, llm_timeout=5)
    pieces, why = ask(model)
    assert pieces == []
    assert why.startswith("the model's server asks to wait")
    assert len(server.bodies) == 1
    assert ask(model)[1].startswith("the model's server asks to wait"), "and nobody else goes there until then"
    assert len(server.bodies) == 1


def test_a_wait_that_fits_is_waited(server: ModelServer, settings: Settings) -> None:
    server.plan = [fails(429, Retry_After="1"), says("thanks")]
    started = time.monotonic()
    assert ask(caller(server, settings)) == (["thanks"], "")
    assert time.monotonic() - started >= 1


def test_the_whole_reply_has_a_time_limit(server: ModelServer, settings: Settings) -> None:
    server.plan = [says(*["x"] * 100_000, pause=0.02)]
    pieces, why = ask(caller(server, settings, llm_timeout=3))
    assert 0 < len(pieces) < 100_000
    assert why == "the model did not reply within 3 s"
    assert server.wait_until_left(), "the model is stopped"


def test_waiting_for_a_turn_counts(server: ModelServer, settings: Settings) -> None:
    server.plan = [says(*["x"] * 100_000)]
    model = caller(server, settings, llm_concurrency=1, llm_timeout=3)

    async def main() -> str:
        async with aclosing(model.stream(QUESTION)) as pieces:
            await anext(pieces)  # and no more are taken: the turn is not over
            with pytest.raises(ModelFailedError) as failure:
                await model.complete(QUESTION)
            return failure.value.why

    assert asyncio.run(main()) == "the model was busy for 3 s with other questions"
    assert len(server.bodies) == 1


def test_after_failures_the_next_call_has_its_turn(server: ModelServer, settings: Settings) -> None:
    server.plan = [fails(400), breaks_off("a"), says("well")]
    model = caller(server, settings, llm_concurrency=1)
    assert [ask(model)[0], ask(model)[0], ask(model)[0]] == [[], ["a"], ["well"]]


def test_what_happened_is_logged_without_the_key(
    server: ModelServer, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_LIKE_API_KEY", "sk-very-secret")
    server.plan = [says_raw(b'data: {"error": {"message": "no quota for sk-very-secret"}}\n\n')]
    with caplog.at_level(logging.DEBUG, "citebot"):
        pieces, why = ask(caller(server, settings))
    assert server.headers[0]["authorization"] == "Bearer sk-very-secret"
    assert "no quota for ***" in caplog.text
    assert "sk-very-secret" not in caplog.text + why
    assert not pieces


# --------------------------------------------------------------------------- cancellation


def test_closing_the_stream_stops_the_model(server: ModelServer, settings: Settings) -> None:
    server.plan = [says(*["x"] * 100_000)]

    async def main() -> None:
        async with aclosing(caller(server, settings).stream(QUESTION)) as pieces:
            await anext(pieces)

    asyncio.run(main())
    assert server.wait_until_left()


def test_cancelling_the_task_stops_the_model(server: ModelServer, settings: Settings) -> None:
    server.plan = [hangs("a")]
    model = caller(server, settings)

    async def main() -> None:
        task = asyncio.create_task(model.complete(QUESTION))
        await asyncio.to_thread(server.hanging.wait, PATIENCE_SECONDS)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert server.wait_until_left()
    server.plan = [says("next")]
    assert ask(model) == (["next"], "")


def test_a_loop_that_ends_stops_the_model(server: ModelServer, settings: Settings) -> None:
    server.plan = [hangs("a")]

    async def main() -> str:
        return await anext(caller(server, settings).stream(QUESTION))

    assert asyncio.run(main()) == "a"
    assert server.wait_until_left()


def test_closing_the_stream_of_a_model_that_blocks_stops_it(settings: Settings) -> None:
    model = Scripted(steps=["x"] * 100_000)

    async def main() -> None:
        async with aclosing(ModelCaller(model, settings).stream(QUESTION)) as pieces:
            await anext(pieces)

    asyncio.run(main())
    assert len(model.threads) < 1000


# --------------------------------------------------------------------------- counting


def test_tokens_are_counted_as_the_server_says(server: ModelServer, settings: Settings) -> None:
    model = caller(server, settings)
    ask(model)
    ask(model)
    assert (model.usage.calls, model.usage.estimated) == (2, False)
    assert (model.usage.prompt_tokens, model.usage.completion_tokens) == (2 * PROMPT_TOKENS, 2 * COMPLETION_TOKENS)
    assert model.usage.cost == pytest.approx(0.001)


def test_tokens_that_nobody_counts_are_estimated(server: ModelServer, settings: Settings) -> None:
    server.plan = [breaks_off("four", "four")]
    model = caller(server, settings)
    ask(model)
    assert (model.usage.calls, model.usage.completion_tokens, model.usage.estimated) == (1, 2, True)
    assert model.usage.prompt_tokens == -(-len(QUESTION[0].content or "") // 4)


def test_every_try_counts_as_a_call(server: ModelServer, settings: Settings) -> None:
    server.plan = [fails(500), says("well")]
    model = caller(server, settings)
    ask(model)
    assert model.usage.calls == 2


# --------------------------------------------------------------------------- the cache


def test_the_same_prompt_is_not_asked_twice(server: ModelServer, settings: Settings) -> None:
    first, second = (caller(server, settings, llm_cache=True) for _ in range(2))
    assert ask(first) == (["Hello", " there", "."], "")
    assert ask(second) == (["Hello there."], ""), "another process has it, too"
    assert len(server.bodies) == 1
    assert (second.usage.calls, second.usage.replies_from_cache) == (0, 1)


@pytest.mark.parametrize(
    "change",
    [{"messages": [ChatMessage("Which memory does it save")]}, {"model": "n"}, {"llm_max_tokens": 401}, {"role": "x"}],
    ids=str,
)
def test_another_prompt_or_model_is_asked(server: ModelServer, settings: Settings, change: dict[str, Any]) -> None:
    ask(caller(server, settings, llm_cache=True))
    tokens = change.get("llm_max_tokens", settings.llm_max_tokens)
    changed = settings.model_copy(update={"llm_cache": True, "llm_max_tokens": tokens})
    messages = change.get("messages", QUESTION)
    if "role" in change:
        messages = [ChatMessage(role="system", content=QUESTION[0].content)]
    ask(ModelCaller(f"openai-like:{change.get('model', 'm')}@{server.url}/v1", changed), messages)
    assert len(server.bodies) == 2


@pytest.mark.parametrize("behaviour", [breaks_off("a"), ends_early("a"), fails(400)])
def test_only_whole_replies_are_kept(server: ModelServer, settings: Settings, behaviour: Behaviour) -> None:
    server.plan = [behaviour, says("whole")]
    model = caller(server, settings, llm_cache=True)
    ask(model)
    assert ask(model) == (["whole"], "")


def test_the_cache_can_be_switched_off(server: ModelServer, settings: Settings) -> None:
    model = caller(server, settings, llm_cache=False)
    ask(model)
    ask(model)
    assert len(server.bodies) == 2
    assert not settings.cache_dir.exists()


def test_llm_objects_are_always_asked(settings: Settings) -> None:
    model = Scripted(steps=["a"])
    for _ in range(2):
        ask(ModelCaller(model, settings.model_copy(update={"llm_cache": True})))
    assert len(model.threads) == 2


def test_a_broken_cache_is_no_cache(server: ModelServer, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.cache_dir.mkdir()
    (settings.cache_dir / "replies.sqlite3").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    assert ask(caller(server, settings, llm_cache=True)) == (["Hello", " there", "."], "")
    assert "replies of models are not kept" in caplog.text


def test_the_prompts_are_not_in_the_cache(server: ModelServer, settings: Settings) -> None:
    ask(caller(server, settings, llm_cache=True))
    content = (settings.cache_dir / "replies.sqlite3").read_bytes()
    assert b"Hello there." in content
    assert b"memory" not in content


def test_old_replies_go(server: ModelServer, settings: Settings) -> None:
    ask(caller(server, settings, llm_cache=True))
    with sqlite3.connect(settings.cache_dir / "replies.sqlite3") as connection:
        connection.execute("UPDATE replies SET made = made - ?", (31 * 86_400,))
    connection.close()
    assert ask(caller(server, settings, llm_cache=True)) == (["Hello", " there", "."], "")
    assert len(server.bodies) == 2
