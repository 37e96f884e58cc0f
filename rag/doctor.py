"""What is set up, what is missing, and what to type."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

import prompts
from rag.errors import CitebotError, EmbeddingMismatchError
from rag.library import Library
from rag.papers import fold_space
from rag.progress import Progress
from rag.settings import Settings

_PACKAGES = ("sentence-transformers", "torch", "onnxruntime", "chromadb", "llama-index-core")
_REPLY_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its name, whether it is well, and what was seen (or what to type)."""

    name: str
    well: bool
    seen: str


def examine(settings: Settings, progress: Progress) -> Iterator[Finding]:
    """Yield what there is to say about this installation and its library, one thing at a time."""
    yield Finding("citebot", True, f"{metadata.version('citebot')} on Python {platform.python_version()}")
    for package in _PACKAGES:
        try:
            yield Finding(package, True, metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding(package, False, f"not installed; type: pip install {package}")
    if settings.llm:
        yield _try_model(settings.llm, settings)
    else:
        yield Finding("language model", True, "none; to use one, give --llm or set CITEBOT_LLM")
    directory = settings.library_directory
    if not (directory / "catalogue.sqlite3").exists():
        how = f"citebot add --library {directory} FILE" if settings.library else "citebot ask QUESTION"
        yield Finding("library", settings.library is None, f"none yet in {directory}; to make it, type: {how}")
        return
    try:
        library = Library.open(settings.library, create=False, settings=settings, progress=progress)
    except EmbeddingMismatchError as error:
        yield Finding("embedding model", False, str(error))
        return
    except CitebotError as error:
        yield Finding("library", False, str(error))
        return
    with library:
        yield Finding("library", len(library) > 0, f"{len(library)} papers in {directory}")
        card = library.embedder.card
        yield Finding("embedding model", True, f"{card.name} ({card.dimension} dimensions, revision {card.revision})")
        if not library.is_complete():
            how = f"the next `citebot add` or `citebot doctor --rebuild --library {directory}` brings them up"
            yield Finding("papers", False, f"some were added by an older citebot and are found less well; {how}")
        in_step, count = library.index_state()
        seen = f"{count} vectors, " + ("in step" if in_step else "behind; the next `citebot add` brings it up")
        yield Finding("vector index", in_step, seen)


def _try_model(spec: str, settings: Settings) -> Finding:
    """Ask the model one short question and say what came back."""
    from llama_index.core.llms import ChatMessage

    from rag import background
    from rag.llms import shown_spec
    from rag.model_calls import ModelCaller

    started = time.perf_counter()
    try:
        messages = [ChatMessage(role=role, content=text) for role, text in prompts.load("probe").render()]
        reply = background.run(ModelCaller(spec, settings.model_copy(update={"llm_cache": False})).complete(messages))
    except CitebotError as error:
        return Finding("language model", False, f"{shown_spec(spec)}: {getattr(error, 'why', error)}")
    said = fold_space(reply)[:_REPLY_SHOWN]
    return Finding(
        "language model", True, f"{shown_spec(spec)} replied “{said}” in {time.perf_counter() - started:.1f} s"
    )
