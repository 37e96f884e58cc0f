"""What travels on the road from question to answer: evidence, claims, drafts, citations, answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rag.papers import Paper, Sentence
from rag.usage import Usage

Kind = Literal["fact", "paper", "list", "count", "compare", "overview", "decline"]
Status = Literal["answered", "declined"]
Reason = Literal["off_topic", "not_in_library", "not_in_abstract"]
Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation: who spoke, and what."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence with its paper and its score for a question (higher is better; a scale of its own)."""

    sentence: Sentence
    paper: Paper
    score: float


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer, before or after the check, and the ids of the sentences on which it rests.

    `heading`: the theme under which it stands in an overview.
    """

    text: str
    sentence_ids: tuple[str, ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before the check: claims in reading order, or the reason for declining.

    `lead` stands before the claims and says how many papers were found; it tells of the library, not of what papers
    say, so nothing in it can need a quote. `confidence`: see `Answer`.
    """

    kind: Kind
    claims: tuple[Claim, ...] = ()
    reason: Reason | None = None
    lead: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A mark in the answer, its paper, and the quoted words.

    `quote` stands verbatim in the paper's abstract: one sentence, or several that follow one another.
    `wording` says whether that abstract is the authors' own or a digest of it.
    """

    mark: int
    paper_id: str
    title: str
    url: str | None
    quote: str
    sentence_ids: tuple[str, ...]
    wording: Literal["abstract", "digest"] = "abstract"


@dataclass(frozen=True, slots=True)
class DroppedClaim:
    """A claim of a language model that was not shown as it was written: its words, its sentences, and why."""

    text: str
    sentence_ids: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What citebot says to a question.

    `text` is Markdown with marks `[1]`; every mark has a citation and every citation a mark. A declined answer
    has no citations, but a `reason` and, where papers come near, their titles as `suggestions`.
    `question` is the question that was answered: as asked, or completed from the history.
    `seconds` is the time from question to answer.
    `model` names the language model that wrote the claims; empty where the abstracts' own sentences are the answer.
    `dropped` has the model's claims that the check did not let through; `note` is a sentence for the reader where
    something went otherwise than asked (the model did not reply, say).
    `confidence`: how likely (0 to 1) the abstracts tell what is asked, by the model that decides on declining; for a
    declined answer too, where it is 0 if a rule decided. None where nothing is estimated (several papers asked for).
    `stages`: seconds by part of the road. `usage`: what the calls of the language model came to, if there were any.
    """

    text: str
    status: Status
    kind: Kind
    reason: Reason | None = None
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    question: str = ""
    seconds: float = 0.0
    model: str = ""
    dropped: tuple[DroppedClaim, ...] = ()
    note: str = ""
    confidence: float | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    usage: Usage | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as plain data that the json module can write."""
        return asdict(self)
