"""Who judges whether sentences carry a claim: words alone, citebot's own check, or a language model."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

from eval.cases import Support, verbatim_support
from eval.store import Store, key_of
from rag import support
from rag.comparisons import swaps_sides
from rag.excerpts import is_excerpt
from rag.papers import plain_text
from rag.quantities import missing_quantities
from rag.settings import Settings, load_settings


class CitebotCheck:
    """citebot's own check, `rag.support`; claims that are the sentences themselves need no other look."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Check with the model of entailment that the settings know; it is loaded when it is first needed."""
        from rag.entailment import Entailment

        self._entailment = Entailment(settings or load_settings())

    def __call__(self, claim: str, evidence: Sequence[str]) -> bool:
        """Return whether the evidence carries the claim: word for word, or with its amounts and names, none swapped.

        As in `rag.grounding`: by the score, or because the claim is an excerpt of one sentence.
        """
        if verbatim_support(claim, evidence):
            return True
        text = _joined(evidence)
        if missing_quantities(claim, text) or support.missing_names(claim, text) or swaps_sides(claim, text):
            return False
        score = support.score([claim], [text], [text], self._entailment)[0]
        return bool(score >= support.threshold()) or _is_excerpt(claim, evidence)


def _is_excerpt(claim: str, evidence: Sequence[str]) -> bool:
    """Return whether the claim is an excerpt of a sentence; what stands before the sentences is the title."""
    title, *sentences = map(plain_text, evidence)
    return any(
        is_excerpt(claim, each, [title.partition(":")[0]], strictly=True) and not support.is_turned(claim, each)
        for each in sentences
    )


def _joined(evidence: Sequence[str]) -> str:
    return " ".join(plain_text(each) for each in evidence)


def model_judge(model: Any, name: str, store: Store | None = None) -> Support:
    """Return a judge that asks a LlamaIndex language model for yes or no; its judgements are kept in the store.

    Source: as the language model judges of RAGAS (Es et al. 2023, arXiv:2309.15217), one claim a question.
    """
    template = resources.files("eval").joinpath("prompts", "support.md").read_text(encoding="utf-8")
    prompt = template.split("---", 1)[1].strip()
    kept = Store() if store is None else store

    def supports(claim: str, evidence: Sequence[str]) -> bool:
        key = key_of("judge", name, prompt, claim, list(evidence))
        known = kept.get(key)
        if known is None:
            filled = prompt.replace("{sentences}", "\n".join(f"- {each}" for each in evidence)).replace(
                "{claim}", claim
            )
            known = str(model.complete(filled)).strip().lower().startswith("yes")
            kept.put(key, known)
        return bool(known)

    return supports
