"""What every test is held to: no network, nothing of the developer's own touched."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import platformdirs
import pytest

from tests.running import CITEBOT

if TYPE_CHECKING:
    from rag.library import Library

REPOSITORY = Path(__file__).resolve().parent.parent
SESSION_HOME = pytest.StashKey[Path]()


# --------------------------------------------------------------------------- home


def pytest_configure(config: pytest.Config) -> None:
    """Before any module of citebot is imported: another home, none of the developer's settings, offline libraries."""
    # Exporting the embedding model takes seconds, so the export is shared with the developer's own runs.
    cache = os.environ.get("CITEBOT_CACHE_DIR") or platformdirs.user_cache_dir("citebot")
    for name in [name for name in os.environ if name.startswith("CITEBOT_")]:
        del os.environ[name]
    home = Path(tempfile.mkdtemp(prefix="citebot-tests-"))
    config.stash[SESSION_HOME] = home
    os.environ.update(
        home_variables(home),
        CITEBOT_CACHE_DIR=cache,
        PYTHONPATH=os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),  # for subprocesses
        HF_HUB_OFFLINE="1",
        ANONYMIZED_TELEMETRY="False",
        TOKENIZERS_PARALLELISM="false",  # silences a warning about forks, which tests of several processes cause
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the session's home."""
    if home := config.stash.get(SESSION_HOME, None):
        shutil.rmtree(home, ignore_errors=True)


def home_variables(home: Path) -> dict[str, str]:
    """Return the environment variables that make `home` the place for everything that programs keep of a user."""
    return {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_RUNTIME_DIR": str(home / ".runtime"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
    }


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test, empty at first, and the working directory there too.

    So no test sees the default library of another, nor a citebot.toml that lies in the checkout.
    """
    home = tmp_path_factory.mktemp("home")
    for name, value in home_variables(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)
    return home


# --------------------------------------------------------------------------- network


class NetworkError(ConnectionError):
    """A test tried to reach another machine."""


def is_this_machine(host: str | bytes | None) -> bool:
    """Tell whether the host, a name or an address, is the machine that the test runs on."""
    name = host.decode() if isinstance(host, bytes) else (host or "")
    if name in ("", "localhost", "0.0.0.0", "::"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback


@pytest.fixture(scope="session", autouse=True)
def refused_connections() -> Iterator[list[str]]:
    """Refuse what would leave this machine, and list it: code may swallow the error, `no_network` does not."""
    refused: list[str] = []

    def check(host: object, what: str) -> None:
        if (host is None or isinstance(host, str | bytes)) and not is_this_machine(host):
            refused.append(f"{what} {host!r}")
            raise NetworkError(f"tests reach no other machine: {what} {host!r}")

    def guarded(name: str, address_at: int):
        original = getattr(socket.socket, name)

        def call(self: socket.socket, *arguments: object):
            address = arguments[address_at]
            if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
                check(address[0], name)
            return original(self, *arguments)

        return call

    original_getaddrinfo = socket.getaddrinfo

    def getaddrinfo(host: str | bytes | None, *arguments, **options):
        check(host, "getaddrinfo")
        return original_getaddrinfo(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded("connect", 0))
        patch.setattr(socket.socket, "connect_ex", guarded("connect_ex", 0))
        patch.setattr(socket.socket, "sendto", guarded("sendto", -1))
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield refused


@pytest.fixture(autouse=True)
def no_network(refused_connections: list[str]) -> Iterator[None]:
    """Fail the test, or the fixture before it, that tried to reach another machine."""
    yield
    attempts = refused_connections.copy()
    refused_connections.clear()
    if attempts:
        pytest.fail("tried to reach another machine: " + ", ".join(attempts))


# --------------------------------------------------------------------------- data


class FirstQuestion(NamedTuple):
    """A home that was empty, and the question that was asked there."""

    home: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def first_question(tmp_path_factory: pytest.TempPathFactory) -> FirstQuestion:
    """What somebody sees who asks without having made a library: one is made, of the starter collection."""
    home = tmp_path_factory.mktemp("newcomer")
    command = [*CITEBOT, "ask", "How far does LongLoRA stretch the context?"]
    environment = {**os.environ, **home_variables(home)}
    done = subprocess.run(
        command, cwd=home, env=environment, input="", capture_output=True, text=True, timeout=300, check=False
    )
    return FirstQuestion(home, done)


@pytest.fixture(scope="session")
def starter_directory(first_question: FirstQuestion) -> Path:
    """The directory of a library with the starter collection; tests that write take a copy."""
    (catalogue,) = first_question.home.rglob("catalogue.sqlite3")
    return catalogue.parent


@pytest.fixture(scope="session")
def starter(starter_directory: Path) -> Iterator[Library]:
    """The library with the starter collection, for reading."""
    from rag.library import Library

    with Library.open(starter_directory) as library:
        yield library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A new, empty library."""
    from rag.library import Library

    with Library.open(tmp_path / "library") as library:
        yield library


# --------------------------------------------------------------------------- the command line


class Citebot(Protocol):
    """Runs the command line in a process of its own; gives back exit status and output."""

    def __call__(self, *arguments: object, input: str | None = None) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def citebot() -> Citebot:
    """Run `citebot`, its input and output piped; whatever it is asked, it keeps its manners on standard error."""

    def run(*arguments: object, input: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [*CITEBOT, *map(str, arguments)]
        done = subprocess.run(command, input=input or "", capture_output=True, text=True, timeout=120, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        for output in (done.stdout, done.stderr):
            assert "\x1b" not in output  # colours
            assert "\r" not in output  # progress bars
        return done

    return run


# --------------------------------------------------------------------------- larger collections


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` beside the checkout, with collections too large for the repository."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the larger collections in {folder}, and they are not there")
    return folder
