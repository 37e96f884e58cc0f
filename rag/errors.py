"""The errors that citebot raises on purpose.

Each message is a sentence for the person who asked, and says what to do. `exit_status` is what the
command line ends with (DESIGN: 2 is wrong usage or input, 1 anything else).
"""

from __future__ import annotations


class CitebotError(Exception):
    """The root of the family; catch this to catch all that citebot raises on purpose."""

    exit_status = 1


class SettingsError(CitebotError):
    """A setting has a value that cannot be used."""

    exit_status = 2


class SourceError(CitebotError):
    """A file of papers, or one entry in it, cannot be read.

    `where` is the place (file, or file:line), `why` the reason in a few words.
    """

    exit_status = 2

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class PaperNotFoundError(CitebotError):
    """No paper of the library has the id or the title that was given."""

    exit_status = 2


class LibraryError(CitebotError):
    """The library on disk cannot be opened or used as it is."""

    exit_status = 2


class EmbeddingMismatchError(LibraryError):
    """The library's vectors were made by another embedding model than the one configured."""


class EmbeddingError(CitebotError):
    """The embedding model cannot be loaded."""
