"""The road from evidence to an answer that a language model writes: ask, check each claim, complete, compose.

The answer grows claim by claim, each shown after its check and never taken back. Where the model fails or nothing of
what it writes can be kept, the extractive answer is given, and says so.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag import support
from rag.answering.generative import Material, completion, gather_material, write_claims
from rag.answers import Answer, Claim, Draft, DroppedClaim
from rag.composing import Composition, decline
from rag.errors import ModelFailedError
from rag.grounding import ClaimCheck, GroundedClaim, check
from rag.library import Library
from rag.questions import Question
from rag.retrieval import Retrieval
from rag.usage import Effort

if TYPE_CHECKING:
    from rag.model_calls import ModelCaller

_log = logging.getLogger("citebot")

_ROUNDS = 2  # a draft that names no sentence there is gets asked for once more
_INSTEAD = "These are the abstracts' own sentences."
# Where a model says that the abstract does not tell, it is believed below this confidence.
_UNCERTAIN = 0.3
_LONG_ENOUGH = "the answer was long enough"
_BROKEN_OFF = "What was written until then has passed the check."


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is known of a question before a model is asked, and the answer that needs none."""

    question: Question
    found: Retrieval
    draft: Draft
    quotes: tuple[GroundedClaim, ...]
    material: Material
    extractive: Answer
    declined: Answer

    @property
    def may_be_unanswered(self) -> bool:
        """Whether it is so uncertain that the one paper meant tells what is asked that a model's word may decide."""
        return self.found.named == 1 and self.draft.confidence is not None and self.draft.confidence < _UNCERTAIN


def prepare(question: Question, found: Retrieval, draft: Draft, extractive: Answer, library: Library) -> Prepared:
    """Gather what a model is given and what may stand in for its words."""
    return Prepared(
        question,
        found,
        draft,
        tuple(check(draft, library)),
        gather_material(found, draft, library),
        extractive,
        decline(question, found, "not_in_abstract", library),
    )


class Writer:
    """Writes answers with a language model and checks what it says."""

    def __init__(self, caller: ModelCaller, scorer: support.Scorer) -> None:
        """Write with the model behind `caller`; `scorer` says how well sentences carry a claim."""
        self.caller = caller
        self._scorer = scorer

    async def write(self, prepared: Prepared, effort: Effort) -> AsyncGenerator[Answer, None]:
        """Yield the answer as it grows; the last one is whole. What it costs is added to `effort`."""
        claim_check = ClaimCheck(prepared.material.evidence, self._scorer, support.threshold())
        answer = Composition(prepared.question, prepared.draft.kind, self.caller.name)
        dropped: list[DroppedClaim] = []
        unusable: str | None = None
        says_nothing = False
        note = ""
        try:
            for _ in range(_ROUNDS):
                uncited: list[str] = []
                names_some = False
                async with aclosing(
                    write_claims(prepared.question, prepared.material, self.caller, effort, again_after=unusable)
                ) as claims:
                    async for claim in effort.waiting("model", claims):
                        if claim is None:
                            says_nothing = True
                            break
                        named = prepared.material.named_by(claim.numbers)
                        names_some = names_some or bool(named)
                        with effort.stage("check"):
                            verdict = claim_check.verdict(claim.text, named)
                        if verdict.dropped:
                            dropped.append(verdict.dropped)
                            uncited.append(claim.text)
                        if verdict.shown and not answer.has_room_for(verdict.shown):
                            dropped.append(DroppedClaim(claim.text, verdict.shown.claim.sentence_ids, _LONG_ENOUGH))
                        elif verdict.shown:
                            answer.add(verdict.shown)
                            yield replace(answer.answer(), dropped=tuple(dropped))
                if answer.claims or says_nothing or names_some or not uncited:
                    break
                unusable = " ".join(uncited)
        except ModelFailedError as error:
            note = f"{error.why[:1].upper()}{error.why[1:]}. {_BROKEN_OFF if answer.claims else _INSTEAD}"
        if not answer.claims:
            yield replace(self._without(prepared, note, says_nothing=says_nothing), dropped=tuple(dropped))
            return
        completed: set[str] = set()
        for added in self._missing(prepared, answer.claims):
            # However much a model has said, the sentence that most likely answers is shown.
            if added.paper.id not in completed or answer.has_room_for(added):
                answer.add_quote(added)
                completed.add(added.paper.id)
        yield replace(answer.answer(), dropped=tuple(dropped), note=note)

    def _without(self, prepared: Prepared, note: str, *, says_nothing: bool) -> Answer:
        """Return the answer where nothing that the model wrote is shown."""
        if says_nothing and prepared.may_be_unanswered:
            return replace(prepared.declined, model=self.caller.name)
        if not note and not says_nothing:
            note = f"Nothing that the model wrote could be checked. {_INSTEAD}"
        return replace(prepared.extractive, note=note)

    def _missing(self, prepared: Prepared, claims: Sequence[GroundedClaim]) -> list[GroundedClaim]:
        """Return the quotes that a written answer needs beside its claims, each paper's most needed first."""
        quotes = [claim for claim in claims if claim.is_quote]
        chosen, quoted = (
            [sentence.id for claim in some for _, its in claim.grounds for sentence in its]
            for some in ([claim for claim in claims if not claim.is_quote], quotes)
        )
        wanted: list[Claim] = completion(prepared.question, chosen, quoted, prepared.draft, prepared.found.evidence)
        by_claim = {quote.claim: quote for quote in prepared.quotes}
        return [by_claim[claim] for claim in wanted if claim in by_claim]
