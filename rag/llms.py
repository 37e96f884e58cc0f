"""Getting hold of a language model: "ollama:qwen3:4b" -> a LlamaIndex LLM.

A spec is PROVIDER:MODEL, for some providers PROVIDER:MODEL@URL. The table `PROVIDERS` says what each provider needs;
its package, an extra of citebot, is imported when it is first used. Retries and time limits are the business of
`rag.model_calls`, so the clients' own retries are off.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rag.errors import ModelError
from rag.settings import Settings

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

# What a model that reasons may write for itself before it answers; the providers count it as part of the answer.
_REASONING_TOKENS = 4_000
_LOCAL_CONTEXT_TOKENS = 8_192  # a prompt of citebot is well below; more costs memory on the user's machine
_GEMINI_CONTEXT_TOKENS = 1_048_576
_NEWER_OPENAI_CONTEXT_TOKENS = 128_000
_REASONING_OPENAI = re.compile(r"o\d|gpt-(?:[5-9]|\d\d)")
_REASONING_GEMINI = re.compile(r"(?:models/)?gemini-(?:2\.5|[3-9]|\d\d)")
_MODEL_AND_URL = re.compile(r"(?P<model>.*?)@(?P<url>https?://\S+)", re.DOTALL)
_NO_KEY = "none"  # the clients insist on one; a server that wants none does not look
# The clients have no life to end that citebot could see, so no connection outlives its call. Opening one takes
# milliseconds, a reply seconds; and none can have gone stale since the last question.
_ONE_CONNECTION_A_CALL = {"Connection": "close"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a spec asks for, and with what: `key` is secret and stays out of every message."""

    model: str
    url: str | None
    key: str | None
    settings: Settings


@dataclass(frozen=True, slots=True)
class Provider:
    """Where models come from. `extra` is to be installed, one of `key_variables` to be set if there are any."""

    extra: str
    build: Callable[[Wanted], LLM]
    example: str
    key_variables: tuple[str, ...] = ()
    key_is_needed: bool = True
    url: Literal["no", "may", "must"] = "no"  # whether one follows the model
    model_is_file: bool = False


def load_llm(spec: str | LLM, settings: Settings) -> LLM:
    """Return the language model that a spec names; an LLM object is returned as it is.

    >>> load_llm("ollama:qwen3:4b", Settings()).metadata.model_name  # doctest: +SKIP
    'qwen3:4b'

    Raises ModelError, with what to type, for a spec that names none and where a package, a key or a file is missing.
    """
    if not isinstance(spec, str):
        return spec
    name, _, rest = spec.strip().partition(":")
    provider = _provider(name.lower())
    wanted = _wanted(provider, rest.strip(), settings)
    try:
        return provider.build(wanted)
    except ModuleNotFoundError as error:
        raise ModelError(
            f"{provider.example.partition(':')[0]} models need the package {error.name}, which is not installed; "
            f"type: pip install 'citebot[{provider.extra}]'"
        ) from error
    except ModelError:
        raise
    except ValueError as error:  # what the integrations raise for a model or a URL that cannot be
        raise ModelError(f"{shown_spec(spec)} cannot be used: {redacted(_one_line(error))}") from error


def identity(spec: str) -> str:
    """Return what tells the spec's model from all others: for a file also its size and time of change.

    The spec is one that `load_llm` accepted.
    """
    name, _, rest = spec.strip().partition(":")
    if not PROVIDERS[name.lower()].model_is_file:
        return spec.strip()
    path = Path(rest.strip()).expanduser().resolve()
    return f"{name}:{path}:{path.stat().st_size}:{path.stat().st_mtime_ns}"


def shown_spec(spec: str) -> str:
    """Return the spec as it may be shown: without a password in its URL, of a file the name only."""
    name, _, rest = spec.strip().partition(":")
    if name.lower() in PROVIDERS and PROVIDERS[name.lower()].model_is_file:
        return f"{name}:{Path(rest.strip()).name}"
    return re.sub(r"(https?://)[^/@\s]*@", r"\1", spec.strip())


def redacted(text: str) -> str:
    """Return the text without the keys of providers, should it hold any."""
    variables = [variable for provider in PROVIDERS.values() for variable in provider.key_variables]
    for key in filter(None, (os.environ.get(variable, "").strip() for variable in variables)):
        text = text.replace(key, "***")
    return text


def _provider(name: str) -> Provider:
    if name in PROVIDERS:
        return PROVIDERS[name]
    from rapidfuzz import process

    near = process.extractOne(name, list(PROVIDERS), score_cutoff=60)
    if near:
        raise ModelError(f'there is no provider "{name}"; did you mean --llm {PROVIDERS[near[0]].example}?')
    examples = ", ".join(provider.example for provider in PROVIDERS.values())
    raise ModelError(f'there is no provider "{name}"; a model is named like one of these: {examples}')


def _wanted(provider: Provider, rest: str, settings: Settings) -> Wanted:
    """Return what the part of a spec after the provider asks for."""
    example = f"write for example --llm {provider.example}"
    parts = _MODEL_AND_URL.fullmatch(rest) if provider.url != "no" else None
    model, url = (parts["model"].strip(), parts["url"]) if parts else (rest, None)
    if not model:
        raise ModelError(f"the name of the model is missing; {example}")
    if provider.url == "must" and url is None:
        raise ModelError(f"the address of the model's server is missing; {example}")
    return Wanted(model, url, _key(provider), settings)


def _key(provider: Provider) -> str | None:
    """Return the provider's key from the variables that are the provider's own."""
    for variable in provider.key_variables:
        if key := os.environ.get(variable, "").strip():
            return key
    if provider.key_variables and provider.key_is_needed:
        kind = provider.example.partition(":")[0]
        raise ModelError(f"{kind} models need a key; type: export {provider.key_variables[0]}=YOUR-KEY")
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


# --------------------------------------------------------------------------- builders, one for each provider


def _openai(wanted: Wanted) -> LLM:
    from llama_index.llms.openai import OpenAI
    from llama_index.llms.openai_like import OpenAILike

    reasons = bool(_REASONING_OPENAI.match(wanted.model))
    tokens = wanted.settings.llm_max_tokens + (_REASONING_TOKENS if reasons else 0)
    options: dict[str, Any] = {
        "model": wanted.model,
        "api_key": wanted.key,
        "temperature": 1.0 if reasons else 0.0,  # models that reason accept no other
        "max_retries": 0,
        "default_headers": _ONE_CONNECTION_A_CALL,
        "timeout": wanted.settings.llm_timeout,
        "additional_kwargs": {"max_completion_tokens": tokens, "stream_options": {"include_usage": True}},
    }
    llm = OpenAI(**options)
    try:
        assert llm.metadata.is_chat_model
    except (ValueError, AssertionError):  # newer than the integration's own list of models
        return OpenAILike(
            **options, api_base=llm.api_base, is_chat_model=True, context_window=_NEWER_OPENAI_CONTEXT_TOKENS
        )
    return llm


def _anthropic(wanted: Wanted) -> LLM:
    from llama_index.llms.anthropic import Anthropic

    return Anthropic(
        model=wanted.model,
        api_key=wanted.key,
        temperature=0.0,
        max_tokens=wanted.settings.llm_max_tokens,
        max_retries=0,
        default_headers=_ONE_CONNECTION_A_CALL,
        timeout=wanted.settings.llm_timeout,
    )


def _gemini(wanted: Wanted) -> LLM:
    import httpx
    from llama_index.llms.google_genai import GoogleGenAI

    reasons = bool(_REASONING_GEMINI.match(wanted.model))
    http_options = {
        "headers": _ONE_CONNECTION_A_CALL,
        "timeout": int(wanted.settings.llm_timeout * 1000),
        # Otherwise aiohttp would be taken, as it is installed, and with a fast server it did not end the connection
        # of a stream that was closed in the middle.
        "httpx_async_client": httpx.AsyncClient(timeout=wanted.settings.llm_timeout),
    }
    return GoogleGenAI(
        model=wanted.model,
        api_key=wanted.key,
        temperature=None if re.match(r"(?:models/)?gemini-(?:[3-9]|\d\d)", wanted.model) else 0.0,
        max_tokens=wanted.settings.llm_max_tokens + (_REASONING_TOKENS if reasons else 0),
        context_window=_GEMINI_CONTEXT_TOKENS,  # otherwise the provider would be asked, here and now
        max_retries=0,
        file_mode="inline",
        http_options=http_options,  # type: ignore[arg-type] # an object would be serialized, and lose the client
    )


def _ollama(wanted: Wanted) -> LLM:
    from llama_index.llms.ollama import Ollama

    return Ollama(
        model=wanted.model,
        base_url=wanted.url or os.environ.get("OLLAMA_HOST") or "http://localhost:11434",
        temperature=0.0,
        context_window=_LOCAL_CONTEXT_TOKENS,
        request_timeout=wanted.settings.llm_timeout,
        headers=_ONE_CONNECTION_A_CALL,
        thinking="low" if wanted.model.startswith("gpt-oss") else False,
        additional_kwargs={"num_predict": wanted.settings.llm_max_tokens},
    )


def _openai_like(wanted: Wanted) -> LLM:
    from llama_index.llms.openai_like import OpenAILike

    return OpenAILike(
        model=wanted.model,
        api_base=wanted.url,
        api_key=wanted.key or _NO_KEY,
        temperature=0.0,
        max_tokens=wanted.settings.llm_max_tokens,
        context_window=_LOCAL_CONTEXT_TOKENS,
        is_chat_model=True,
        max_retries=0,
        default_headers=_ONE_CONNECTION_A_CALL,
        timeout=wanted.settings.llm_timeout,
        additional_kwargs={"stream_options": {"include_usage": True}},
    )


def _gguf(wanted: Wanted) -> LLM:
    from rag.gguf_server import serve

    server = serve(
        Path(wanted.model),
        threads=wanted.settings.threads,
        context_tokens=_LOCAL_CONTEXT_TOKENS,
        parallel=wanted.settings.llm_concurrency,
    )
    model = Path(wanted.model).stem
    return _openai_like(Wanted(model, f"{server.url}/v1", server.key, wanted.settings))


PROVIDERS = {
    "openai": Provider("openai", _openai, "openai:gpt-4.1-mini", ("OPENAI_API_KEY",)),
    "anthropic": Provider("anthropic", _anthropic, "anthropic:claude-haiku-4-5", ("ANTHROPIC_API_KEY",)),
    "gemini": Provider("gemini", _gemini, "gemini:gemini-2.5-flash", ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    "ollama": Provider("ollama", _ollama, "ollama:qwen3:4b", url="may"),
    "openai-like": Provider(
        "openai-like",
        _openai_like,
        "openai-like:MODEL@http://127.0.0.1:8000/v1",
        ("OPENAI_LIKE_API_KEY",),
        key_is_needed=False,
        url="must",
    ),
    "gguf": Provider("gguf", _gguf, "gguf:models/model.gguf", model_is_file=True),
}
