"""Where settings come from, which wins, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.library import Library
from rag.settings import default_library_directory, load_settings


def test_options_win_over_variables_and_variables_over_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().threads == 2
    (home / "citebot.toml").write_text('threads = 3\nlibrary = "from-file"\n')
    assert (load_settings().threads, load_settings().library) == (3, Path("from-file"))
    monkeypatch.setenv("CITEBOT_THREADS", "4")
    assert load_settings().threads == 4
    assert load_settings(threads=5).threads == 5
    assert load_settings(threads=None).threads == 4


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEBOT_LIBRARY", "")
    assert load_settings().library is None
    assert load_settings().library_directory == default_library_directory()


def test_the_home_directory_can_be_written_as_a_tilde(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEBOT_LIBRARY", "~/papers")
    assert load_settings().library == home / "papers"
    with Library.open() as library:
        assert library.directory == home / "papers"
        assert len(library) == 0, "a library that is named is not filled with the starter collection"


@pytest.mark.parametrize(
    ("name", "value"), [("CITEBOT_THREADS", "0"), ("CITEBOT_THREADS", "several"), ("CITEBOT_THREADS", "1e9")]
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert name in str(caught.value)
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_file_is_named(home: Path) -> None:
    (home / "citebot.toml").write_text("threads = = 3\n")
    with pytest.raises(SettingsError, match=r"citebot\.toml cannot be read"):
        load_settings()
