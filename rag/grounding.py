"""The check: a claim leaves only if the sentences that it names carry it.

Claims of the extractive answer are sentences of abstracts. They are checked like any others: the sentence is looked
up again by its id, and the claim must say what it says, word for word. Claims in other words have no way
through this check yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.answers import Claim, Draft
from rag.library import Library
from rag.papers import Paper, Sentence, fold_space, plain_text


@dataclass(frozen=True, slots=True)
class GroundedClaim:
    """A claim that passed, its paper, and the sentences that carry it, in reading order."""

    claim: Claim
    paper: Paper
    sentences: tuple[Sentence, ...]


def check(draft: Draft, library: Library) -> list[GroundedClaim]:
    """Return the claims of the draft that their sentences carry, in the draft's order."""
    paper_ids = list(dict.fromkeys(_paper_id(each) for claim in draft.claims for each in claim.sentence_ids))
    papers = {paper.id: paper for paper in library.catalogue.papers(paper_ids)}
    known = {sentence.id: sentence for its in library.catalogue.sentences(paper_ids).values() for sentence in its}
    passed = []
    for claim in draft.claims:
        sentences = tuple(known[each] for each in claim.sentence_ids if each in known)
        if sentences and _says_the_same(claim, sentences):
            passed.append(GroundedClaim(claim, papers[sentences[0].paper_id], sentences))
    return passed


def _says_the_same(claim: Claim, sentences: tuple[Sentence, ...]) -> bool:
    return fold_space(claim.text) == fold_space(" ".join(plain_text(sentence.text) for sentence in sentences))


def _paper_id(sentence_id: str) -> str:
    return sentence_id.rpartition(".s")[0]
