"""Model files (GGUF) run in this process: the server that the package xllamacpp embeds, one for each file.

The server listens on the loopback interface at a free port, speaks OpenAI's protocol, and asks for a key that only
this process knows, so that no web page in the user's browser can talk to it.
"""

from __future__ import annotations

import atexit
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ModelError

_QUIET = -1  # not even the notice that no web pages are served
_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class GgufServer:
    """A model file that answers at a URL. It runs for as long as this object lives."""

    url: str
    key: str
    handle: Any


_servers: dict[Path, GgufServer] = {}
_lock = threading.Lock()


def serve(path: Path, *, threads: int, context_tokens: int, parallel: int) -> GgufServer:
    """Return the server of a model file, started if this process has none yet; loading takes seconds.

    `context_tokens` is for one call, and `parallel` calls are answered at the same time. A server that runs already
    is returned as it was started.

    Raises ModelError if the file is not there or is no model, and ModuleNotFoundError without xllamacpp.
    """
    path = path.expanduser().resolve()
    _look_at(path)
    import xllamacpp

    with _lock:
        if path not in _servers:
            parameters = xllamacpp.CommonParams()
            parameters.model.path = str(path)
            parameters.port = 0
            parameters.n_parallel = parallel
            parameters.n_ctx = context_tokens * parallel
            parameters.cpuparams.n_threads = threads
            parameters.api_keys = [secrets.token_urlsafe()]
            parameters.verbosity = _QUIET
            parameters.ui = False
            parameters.offline = True
            try:
                server = xllamacpp.Server(parameters)
            except RuntimeError as error:
                raise ModelError(
                    f"the model file {path} cannot be loaded (is it whole, and is there memory for it?): "
                    "download it again, or name another with --llm gguf:PATH"
                ) from error
            _servers[path] = GgufServer(server.listening_address, parameters.api_keys[0], server)
        return _servers[path]


def _look_at(path: Path) -> None:
    """Raise ModelError if the file is not there, or is of another kind."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise ModelError(
            f"the model file {path} cannot be read ({error.strerror}): name one that is there, --llm gguf:PATH"
        ) from error
    if magic != _MAGIC:
        raise ModelError(f"{path} is not a model file of the GGUF format: name one that is, --llm gguf:PATH")


@atexit.register
def _stop_all() -> None:
    """End the servers while Python is still whole."""
    _servers.clear()
