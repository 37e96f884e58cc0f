"""Kill `citebot add` at random moments and look at what is left: `python -m eval.crash FILE`.

After every kill the library must open with whole papers only, none lost that was there before and none doubled; the
add that is left alone must complete it, vector index included.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rag.library import Library
from rag.papers import sentences_of, title_key


def faults(library: Library, before: set[str]) -> list[str]:
    """Return what is wrong with a library that had the papers `before` (ids); nothing, if all is well."""
    papers = library.papers()
    ids = {paper.id for paper in papers}
    found = [f"lost: {paper_id}" for paper_id in before - ids]
    keys = [(title_key(paper.title), paper.external_id) for paper in papers]
    found += [f"doubled: {key}" for key in set(keys) if keys.count(key) > 1] if len(set(keys)) < len(keys) else []
    stored = library.catalogue.sentences(list(ids))
    vectors = library.catalogue.vectors(list(ids))
    counts: dict[str, int] = dict.fromkeys(ids, 0)
    for owner in vectors.owners:
        counts[vectors.paper_ids[owner]] += 1
    for paper in papers:
        sentences = sentences_of(paper)
        if stored.get(paper.id, []) != sentences or counts[paper.id] != len(sentences) + 1:
            found.append(f"not whole: {paper.id}")
    return found


def main(
    file: Annotated[Path, typer.Argument(help="A file of papers, large enough to take a while.")],
    kills: Annotated[int, typer.Option(help="How many times to kill.")] = 10,
    longest: Annotated[float, typer.Option(help="Kill within so many seconds of the start.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Makes the moments repeatable.")] = 1,
) -> None:
    """Print what every kill left."""
    console = Console()
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "library"
        add = [sys.executable, "-m", "rag.cli", "add", "--library", str(directory), str(file.resolve())]
        before: set[str] = set()
        bad = 0
        for number in range(1, kills + 1):
            seconds = moments.uniform(0.5, longest)
            with subprocess.Popen(add, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                time.sleep(seconds)
                process.kill()
            with Library.open(directory) as library:
                wrong = faults(library, before)
                before = {paper.id for paper in library.papers()}
            bad += len(wrong)
            console.print(f"kill {number} after {seconds:.1f} s: {len(before)} papers, {wrong or 'all whole'}")
        done = subprocess.run(add, capture_output=True, text=True, check=False)
        console.print(f"left alone: exit {done.returncode}; {done.stdout.strip()} {done.stderr.strip()}")
        with Library.open(directory) as library:
            wrong = faults(library, before)
            in_step, vectors = library.index_state()
            indexed = library.vector_store()._collection.count()
        console.print(f"then: {wrong or 'all whole'}; {vectors} vectors, {indexed} in the index, in step: {in_step}")
    if bad or wrong or done.returncode or not in_step or indexed != vectors:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
