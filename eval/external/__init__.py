"""Sets of others, one loader a file; none of them is part of the repository.

They lie in `../shared/data`, or where `citebot-eval --data` says; a set that is not there is skipped, and said to be.
"""

from __future__ import annotations

from eval.external import expertqa, pubmedqa, qasa, scifact_claims, scifact_retrieval, wice
from eval.external.external_set import DEFAULT_DATA, Bench, ExternalSet

__all__ = ["DEFAULT_DATA", "SETS", "Bench", "ExternalSet"]

SETS: dict[str, ExternalSet] = {
    each.SET.name: each.SET for each in (scifact_retrieval, scifact_claims, wice, expertqa, qasa, pubmedqa)
}
