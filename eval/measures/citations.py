"""Do the quotes carry the claims? ALCE's citation precision and recall, and the promise of verbatim quotes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eval.cases import Case, ShownClaim
from eval.measures.measure import measure


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    """Return the sum of the parts over the sum of the wholes."""
    return float(part.sum() / whole.sum())


@measure("citation_recall", "Citation recall", "citations")
def citation_recall(case: Case) -> float | None:
    """Of an answer's claims, the share that their quotes, taken together, carry; averaged over the answers.

    Source: ALCE, section 3 (Gao et al. 2023, arXiv:2305.14627), with citebot's check in place of an NLI model.
    """
    return sum(case.carried) / len(case.carried) if case.carried else None


@measure("citation_precision", "Citation precision", "citations")
def citation_precision(case: Case) -> float | None:
    """Of an answer's citations, the share that their claim needs, averaged over the answers; without a citation 0.

    Needed: the claim is carried, and the quote carries it alone, or the others do not carry it without the quote.

    Source: ALCE, section 3 (Gao et al. 2023, arXiv:2305.14627).
    """
    if not case.claims:
        return None
    needed = [
        each for claim, carried in zip(case.claims, case.carried, strict=True) for each in _needed(case, claim, carried)
    ]
    return sum(needed) / len(needed) if needed else 0.0


def _needed(case: Case, claim: ShownClaim, carried: bool) -> list[bool]:
    """Return for each citation of the claim whether the claim needs it."""
    cited = case.citations_of(claim)
    if not carried:
        return [False] * len(cited)
    if len(cited) == 1:
        return [True]
    return [
        case.is_carried(claim, [each]) or not case.is_carried(claim, cited[:index] + cited[index + 1 :])
        for index, each in enumerate(cited)
    ]


@measure("grounding", "Grounded claims", "citations", statistic=_ratio, is_promise=True)
def grounding(case: Case) -> tuple[float, float] | None:
    """Of all claims shown, over all answers, the share that their quotes carry: citebot's promise.

    Source: as "attributable to identified sources" (Rashkin et al. 2023, arXiv:2112.12870).
    """
    return (sum(case.carried), len(case.carried)) if case.carried else None


@measure("quotes", "Verbatim quotes", "citations", statistic=_ratio, is_promise=True)
def quotes(case: Case) -> tuple[float, float] | None:
    """Of all quotes shown, the share that stands word for word in abstract or title of the paper that is named."""
    cited = case.given.citations
    exact = [case.collection.has_quote(each.title, each.quote) for each in cited]
    return (sum(exact), len(exact)) if cited else None


@measure("marks", "Marks and citations in step", "citations", is_promise=True)
def marks(case: Case) -> float:
    """The share of answers in which every mark has a citation, every citation a mark, and no decline has either."""
    shown = {mark for claim in case.claims for mark in claim.marks}
    return shown == {each.mark for each in case.given.citations}
