"""Measure the check of a claim as answers use it, one text a claim: `python -m eval.claim_check --grounding DIR`.

Claims that name no sentence (SciFact's, WiCE's) are held against the sentence of their source that is nearest in
meaning, as a careful writer would cite it; whether another sentence decides them, this check cannot see. The model in
the package has learnt from these sets (`eval.entailment`, `eval.support`): for claims that it has not seen, see
`eval.support`, which needs the weights of a training in folds. Prints AUROC of carried claims against all others,
contradicted ones and not-enough ones, beside the share of words and the cosine alone, and the time that a claim takes.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from eval.claims import SCIFACT, WICE, nearest_sentences, read_others
from eval.support import aurocs
from rag.embedding import Embedder
from rag.entailment import Entailment
from rag.settings import load_settings
from rag.support import score, share_of_words


def main(
    grounding: Annotated[Path, typer.Option(help="Directory with the claims of SciFact and WiCE.")],
) -> None:
    """Print how well and how fast the check tells carried claims from the others."""
    console = Console()
    settings = load_settings()
    entailment, embedder = Entailment(settings), Embedder(settings)
    table = Table("one text a claim", "claims", "AUROC", "contradicted", "not enough", "words", "cosine", "ms a claim")
    for name in (SCIFACT, WICE):
        claims = read_others(grounding, name)
        nearest = nearest_sentences(claims, embedder, 1)
        scores, taken = [], []
        for claim, ((place, _),) in track(
            list(zip(claims, nearest, strict=True)), name, console=console, disable=not console.is_terminal
        ):
            start = perf_counter()
            scores.append(score([claim.claim], [claim.sentences[place]], [claim.whole_source], entailment)[0])
            taken.append(perf_counter() - start)
        labels = np.array([claim.label for claim in claims])
        words = np.array([share_of_words(claim.claim, claim.whole_source) for claim in claims])
        cosines = np.array([cosine for ((_, cosine),) in nearest])
        figures = [*aurocs(np.array(scores), labels), aurocs(words, labels)[0], aurocs(cosines, labels)[0]]
        table.add_row(name, str(len(claims)), *(f"{each:.3f}" for each in figures), f"{1000 * median(taken):.1f}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
