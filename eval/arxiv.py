"""Papers from a file of arXiv metadata: JSON lines with id, title, abstract and categories (CC0), perhaps gzipped."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

from rag.papers import Paper, fold_space


def arxiv_papers(file: Path, wanted: set[str], others: int) -> dict[str, Paper]:
    """Return the wanted papers of a metadata file by id, and so many others, chosen at random but always the same."""
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    entries = [json.loads(line) for line in text.splitlines()]
    rest = [entry for entry in entries if entry["id"] not in wanted and str(entry["categories"]).find("cs.") >= 0]
    chosen = [entry for entry in entries if entry["id"] in wanted] + random.Random(5).sample(
        rest, min(others, len(rest))
    )
    return {
        entry["id"]: Paper(title=fold_space(entry["title"]), abstract=fold_space(entry["abstract"])) for entry in chosen
    }
