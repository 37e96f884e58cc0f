"""ExpertQA: claims of language models, each with the evidence that they gave, judged by experts.

Source: Malaviya et al. (2023), arXiv:2309.07852.
"""

from __future__ import annotations

from collections.abc import Mapping

from eval.external.claim_pairs import measure_claims
from eval.external.external_set import Bench, ExternalSet
from eval.results import Figure

_FILE = "grounding/expertqa_claims.jsonl.gz"


def _run(bench: Bench) -> Mapping[str, Figure]:
    return measure_claims(bench, _FILE)


SET = ExternalSet(
    "expertqa",
    "ExpertQA: claims of language models, each with the evidence that they gave, judged by experts",
    (_FILE,),
    _run,
)
