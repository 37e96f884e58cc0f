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


class ModelError(CitebotError):
    """The language model that was asked for cannot be used as things are; the message says what to type."""

    exit_status = 2


class ModelFailedError(CitebotError):
    """A language model gave no answer, or only a part of one; nothing is wrong with the question.

    `why` is the reason in a few words that fit into a sentence: "the model did not reply within 60 s". `transient`
    tells whether the same call may do well a little later, `retry_after` after how many seconds if the server said so.
    """

    def __init__(self, why: str, *, transient: bool = False, retry_after: float | None = None) -> None:
        super().__init__(f"{why}; `citebot doctor` tries the model")
        self.why = why
        self.transient = transient
        self.retry_after = retry_after
