"""Answers by a language model: it is shown numbered sentences, and writes claims that name them.

Nothing that it writes is trusted. Each claim is read off its text as it comes (`reading`), and goes through the check
(`grounding`) before anyone sees it. What is left is completed with the abstracts' own sentences where it does not
answer: the sentence that most likely answers is not among those cited, or a paper that was asked about is missing.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import prompts
from rag.answering.comparing import names_a_point
from rag.answering.reading import NOTHING, DraftReader, WrittenClaim
from rag.answers import Claim, Draft, Evidence
from rag.library import Library
from rag.papers import plain_text
from rag.questions import Question
from rag.retrieval import Retrieval, probabilities
from rag.usage import Effort

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage

    from rag.model_calls import ModelCaller

# A sentence that gives orders is no evidence, and no model needs to see it.
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:above|previous|prior|earlier|instructions?|rules?|told)\b", re.I
)
# Kinds that a model writes. Lists, counts and overviews are decisions about every paper, which no prompt can hold.
WRITTEN_KINDS = frozenset({"fact", "paper", "compare"})
_MAX_CLAIMS = 5
_SENTENCES_OF_ONE = 14
_SENTENCES_OF_EACH = 6
_SENTENCE_WORDS = 80
_COMPLETED = 0.8  # sentences are added until the answer is among those cited with this probability
_WORTH_ADDING = 0.25  # ... each of which answers with this probability, where the model has said something of its paper
_CHOSEN_ODDS = 5.0  # how much likelier a sentence is to answer when a model rests a claim on it


@dataclass(frozen=True, slots=True)
class Material:
    """What a model is given: sentences, numbered from 1 in this order, those of one paper together."""

    evidence: tuple[Evidence, ...]

    def named_by(self, numbers: Sequence[int]) -> list[Evidence]:
        """Return the sentences with these numbers; numbers that there are none of are passed over."""
        return [self.evidence[number - 1] for number in numbers if 1 <= number <= len(self.evidence)]

    def written_out(self) -> str:
        """Return the sentences as the prompt has them, under the titles of their papers."""
        lines: list[str] = []
        title = ""
        for number, each in enumerate(self.evidence, start=1):
            if each.paper.title != title:
                title = each.paper.title
                lines.append(f"Paper: {_inert(each.paper.plain_title)}")
            words = plain_text(each.sentence.text).split()
            cut = " ..." if len(words) > _SENTENCE_WORDS else ""
            lines.append(f"[{number}] {_inert(' '.join(words[:_SENTENCE_WORDS]))}{cut}")
        return "\n".join(lines)


def gather_material(found: Retrieval, draft: Draft, library: Library) -> Material:
    """Return what the model is given: of the papers that the extractive draft cites, the sentences in reading order.

    One paper is given whole, of several each its best sentences.
    """
    cited = {paper_id: None for claim in draft.claims for paper_id in map(_paper_id, claim.sentence_ids)}
    papers = {paper.id: paper for paper in library.catalogue.papers(list(cited))}
    most = _SENTENCES_OF_ONE if len(cited) == 1 else _SENTENCES_OF_EACH
    chosen: list[Evidence] = []
    for paper_id in cited:
        its = found.of(papers[paper_id]) or [
            Evidence(sentence, papers[paper_id], 0.0) for sentence in library.sentences(papers[paper_id])
        ]
        chosen += sorted(its[:most], key=lambda each: each.sentence.number)
    return Material(tuple(each for each in chosen if not _ORDER.search(each.sentence.text)))


async def write_claims(
    question: Question, material: Material, caller: ModelCaller, effort: Effort, *, again_after: str | None = None
) -> AsyncGenerator[WrittenClaim | None, None]:
    """Yield the claims that the model writes, as they come; None where it says that the evidence does not tell.

    `again_after`: ask once more, after this reply of which nothing could be used. Raises ModelFailedError.
    """
    inputs = {"question": _inert(question.text), "nothing": NOTHING}
    said = prompts.load("answer").render(evidence=material.written_out(), **inputs)
    if again_after is not None:
        numbers = ", ".join(f"[{number}]" for number in range(1, len(material.evidence) + 1))
        said += [("assistant", again_after), *prompts.load("again").render(numbers=numbers, **inputs)]
    reader = DraftReader()
    claims = 0
    async with (
        aclosing(caller.stream(_messages(said), effort)) as pieces,
        aclosing(_claims_of(reader, pieces)) as written,
    ):
        async for claim in written:
            claims += 1
            yield claim
            if claims == _MAX_CLAIMS:
                break
    if reader.says_nothing and not claims:
        yield None


def completion(
    question: Question, chosen: Sequence[str], quoted: Sequence[str], draft: Draft, evidence: Sequence[Evidence]
) -> list[Claim]:
    """Return the claims of the extractive draft that a written answer lacks.

    `chosen` are the ids of the sentences on which the model rests claims that passed, `quoted` of those that stand in
    the place of others; `evidence` are all sentences that were found. Of a paper that was asked about, as many are
    added as it takes until its answer is most likely among those cited, the likeliest first and none that hardly can
    be the answer; save where papers are compared on some point, which an abstract often tells over several sentences,
    each of them unlikely. Where the draft shows the nearest papers, the sentence of each that is left out.
    """
    worth_adding = 0.0 if draft.kind == "compare" and names_a_point(question) else _WORTH_ADDING
    by_paper: dict[str, list[Claim]] = {}
    for claim in draft.claims:
        by_paper.setdefault(_paper_id(claim.sentence_ids[0]), []).append(claim)
    if len(by_paper) > 1 and draft.kind != "compare":
        spoken_of = {_paper_id(each) for each in [*chosen, *quoted]}
        return [claim for paper_id, its in by_paper.items() if paper_id not in spoken_of for claim in its]
    return [
        claim
        for paper_id, its in by_paper.items()
        for claim in _lacking(
            its, chosen, quoted, [each for each in evidence if each.paper.id == paper_id], worth_adding
        )
    ]


def _lacking(
    claims: Sequence[Claim],
    chosen: Sequence[str],
    quoted: Sequence[str],
    evidence: list[Evidence],
    worth_adding: float,
) -> list[Claim]:
    """Return the claims about one paper that are to be added, the likeliest first, given its sentences with scores.

    Each sentence's probability of answering (`probabilities`) is weighed anew by whether the model rests a claim on it.
    """
    if not evidence:
        return [] if chosen or quoted else list(claims)
    likely = {
        each.sentence.id: float(share) * (_CHOSEN_ODDS if each.sentence.id in chosen else 1.0)
        for each, share in zip(evidence, probabilities(evidence), strict=True)
    }
    total = sum(likely.values())
    cited = {*chosen, *quoted}
    least = worth_adding * total if cited.intersection(likely) else 0.0
    sure = sum(likely.get(each, 0.0) for each in cited)

    def added_by(claim: Claim) -> float:
        return sum(likely.get(each, 0.0) for each in claim.sentence_ids)

    added: list[Claim] = []
    left_out = [claim for claim in claims if not cited.intersection(claim.sentence_ids)]
    for claim in sorted(left_out, key=added_by, reverse=True):
        if sure >= _COMPLETED * total or added_by(claim) < least:
            break
        added.append(claim)
        sure += added_by(claim)
    return added


async def _claims_of(reader: DraftReader, pieces: AsyncIterator[str]) -> AsyncGenerator[WrittenClaim, None]:
    """Yield the claims until the text ends or goes in circles, as small models do."""
    said: set[str] = set()
    async for piece in pieces:
        for claim in reader.feed(piece):
            if claim.text in said:
                return
            said.add(claim.text)
            yield claim
    for claim in reader.finish():
        if claim.text not in said:
            yield claim


def _messages(said: Sequence[tuple[str, str]]) -> list[ChatMessage]:
    from llama_index.core.llms import ChatMessage

    return [ChatMessage(role=role, content=text) for role, text in said]


def _inert(text: str) -> str:
    """Return a text in which no square brackets look like numbers of sentences."""
    return text.replace("[", "(").replace("]", ")")


def _paper_id(sentence_id: str) -> str:
    return sentence_id.rpartition(".s")[0]
