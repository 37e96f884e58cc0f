"""SciFact's claims (train), each with an abstract: supported, contradicted, not enough.

Source: Wadden et al. (2020), arXiv:2004.14974. The model of entailment has learnt from these very claims: the figures
say whether citebot still does what it did. How good it is on claims that it has not seen, `eval.support` tells.
"""

from __future__ import annotations

from collections.abc import Mapping

from eval.external.claim_pairs import measure_claims
from eval.external.external_set import Bench, ExternalSet
from eval.results import Figure

_FILE = "grounding/scifact_train.jsonl.gz"


def _run(bench: Bench) -> Mapping[str, Figure]:
    return measure_claims(bench, _FILE)


SET = ExternalSet(
    "scifact-claims",
    "SciFact's claims (train), each with an abstract: supported, contradicted, not enough",
    (_FILE,),
    _run,
)
