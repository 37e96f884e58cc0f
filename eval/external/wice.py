"""WiCE's claims of Wikipedia (dev), each with the page that it cites.

Source: Kamoi et al. (2023), arXiv:2303.01432.
"""

from __future__ import annotations

from collections.abc import Mapping

from eval.external.claim_pairs import measure_claims
from eval.external.external_set import Bench, ExternalSet
from eval.results import Figure

_FILE = "grounding/wice_claim_dev.jsonl.gz"


def _run(bench: Bench) -> Mapping[str, Figure]:
    return measure_claims(bench, _FILE)


SET = ExternalSet("wice", "WiCE's claims of Wikipedia (dev), each with the page that it cites", (_FILE,), _run)
