"""Train the map for questions in other words: `python -m eval.question_map --arxiv FILE --library DIR --write`.

The questions in `eval/questions/arxiv-other-words.jsonl` were written for this: two for each of 2,996 arXiv abstracts,
each describing the paper's idea with hardly a word of its abstract. The abstracts themselves are read from a file of
arXiv metadata (JSON lines with id, title, abstract; CC0), with some thousand others beside them to be told apart from.

The map is a matrix M; a question's vector q becomes q + Mq, scaled to length 1. Training minimises the cross-entropy
of the right paper among all, by the nearness that `rag.ranking` uses (mean of abstract and best sentence). Prints how
often the right paper is among the first, without the map and with it: on arXiv questions that were held out, and on
those of `eval/questions/other-words.jsonl` about the papers of a library, none of which took part in training.
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

import rag
from rag.catalogue import StoredVectors
from rag.embedding import Embedder
from rag.library import Library
from rag.papers import Paper, fold_space, plain_text, sentences_of
from rag.question_map import FILE
from rag.settings import load_settings

_QUESTIONS = Path(__file__).parent / "questions"
_OTHERS = 3_000
_HELD_OUT = 0.1
_TEMPERATURE = 0.03
_LEARNING_RATE = 2e-3
_EPOCHS = 5
_BATCH = 64
_DEPTHS = (1, 3, 10)


@dataclass(frozen=True)
class Pool:
    """Vectors of papers: abstracts (one a paper), sentences, and the numbers of the sentences' papers."""

    abstracts: torch.Tensor
    sentences: torch.Tensor
    owners: torch.Tensor

    @classmethod
    def of(cls, stored: StoredVectors) -> Pool:
        """Return the vectors of a library as a pool, papers in its order."""
        is_abstract = stored.numbers == 0
        return cls(
            torch.from_numpy(stored.vectors[is_abstract]),
            torch.from_numpy(stored.vectors[~is_abstract]),
            torch.from_numpy(stored.owners[~is_abstract]),
        )

    def nearness(self, questions: torch.Tensor) -> torch.Tensor:
        """Return the nearness of questions and papers, shape (questions, papers)."""
        to_sentences = questions @ self.sentences.T
        owners = self.owners.expand(len(questions), -1)
        best = torch.full((len(questions), len(self.abstracts)), -1.0).scatter_reduce(1, owners, to_sentences, "amax")
        return (questions @ self.abstracts.T + best) / 2


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


def encode_papers(papers: list[Paper], embedder: Embedder, console: Console) -> Pool:
    """Return the vectors of papers as a library has them."""
    abstracts, sentences, owners = [], [], []
    for start in track(range(0, len(papers), 64), "encoding abstracts", console=console):
        batch = papers[start : start + 64]
        abstracts.append(embedder.encode([f"{paper.plain_title}. {plain_text(paper.abstract)}" for paper in batch]))
        of_batch = [(start + i, plain_text(s.text)) for i, paper in enumerate(batch) for s in sentences_of(paper)]
        owners += [owner for owner, _ in of_batch]
        sentences.append(embedder.encode([text for _, text in of_batch]))
    return Pool(
        torch.from_numpy(np.concatenate(abstracts)),
        torch.from_numpy(np.concatenate(sentences)),
        torch.tensor(owners),
    )


def moved(questions: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Return the questions' vectors, moved."""
    return torch.nn.functional.normalize(questions + questions @ matrix.T, dim=-1)


def train(questions: torch.Tensor, papers: torch.Tensor, pool: Pool, console: Console) -> torch.Tensor:
    """Return the trained matrix for questions and the numbers of their papers."""
    torch.manual_seed(0)
    matrix = torch.zeros(questions.shape[1], questions.shape[1], requires_grad=True)
    optimizer = torch.optim.AdamW([matrix], lr=_LEARNING_RATE, weight_decay=0.01)
    steps = _EPOCHS * (len(questions) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=steps + 1, pct_start=0.1)
    for _ in track(range(_EPOCHS), "training", console=console):
        for batch in torch.randperm(len(questions)).split(_BATCH)[: len(questions) // _BATCH]:
            scores = pool.nearness(moved(questions[batch], matrix)) / _TEMPERATURE
            loss = torch.nn.functional.cross_entropy(scores, papers[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return matrix.detach()


def found_within(questions: torch.Tensor, papers: torch.Tensor, pool: Pool) -> list[float]:
    """Return the share of questions whose paper is among the first 1, 3, 10."""
    ranks = []
    for start in range(0, len(questions), _BATCH):
        scores = pool.nearness(questions[start : start + _BATCH])
        right = scores.gather(1, papers[start : start + _BATCH].unsqueeze(1))
        ranks.append((scores > right).sum(1))
    rank = torch.cat(ranks)
    return [float((rank < depth).float().mean()) for depth in _DEPTHS]


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    library: Annotated[Path | None, typer.Option(help="A library whose papers `other-words.jsonl` asks for.")] = None,
    write: Annotated[bool, typer.Option(help="Put the map into the package.")] = False,
) -> None:
    """Train the map and print what it changes."""
    console = Console()
    embedder = Embedder(load_settings())
    items = _read(_QUESTIONS / "arxiv-other-words.jsonl")
    papers = arxiv_papers(arxiv, {item["id"] for item in items}, _OTHERS)
    place = {paper_id: number for number, paper_id in enumerate(papers)}
    items = [item for item in items if item["id"] in place]
    pool = encode_papers(list(papers.values()), embedder, console)
    questions = torch.from_numpy(embedder.encode([plain_text(item["question"]) for item in items]))
    right = torch.tensor([place[item["id"]] for item in items])
    asked_about = sorted({item["id"] for item in items})
    held_out = set(random.Random(0).sample(asked_about, int(len(asked_about) * _HELD_OUT)))
    is_held_out = torch.tensor([item["id"] in held_out for item in items])
    matrix = train(questions[~is_held_out], right[~is_held_out], pool, console)
    table = Table("paper among the first", *map(str, _DEPTHS))

    def add_rows(what: str, vectors: torch.Tensor, papers: torch.Tensor, pool: Pool) -> None:
        for name, given in ((f"{what}, as they are", vectors), (f"{what}, moved", moved(vectors, matrix))):
            table.add_row(name, *(f"{share:.3f}" for share in found_within(given, papers, pool)))

    add_rows(f"{int(is_held_out.sum())} held-out arXiv questions", questions[is_held_out], right[is_held_out], pool)
    if library:
        with Library.open(library, create=False) as opened:
            stored = opened.catalogue.vectors()
            number = {opened.get(paper_id).title: i for i, paper_id in enumerate(stored.paper_ids)}
        ours = _read(_QUESTIONS / "other-words.jsonl")
        vectors = torch.from_numpy(embedder.encode([plain_text(item["question"]) for item in ours]))
        gold = torch.tensor([number[item["gold_papers"][0]] for item in ours])
        add_rows(f"{len(ours)} questions about the library", vectors, gold, Pool.of(stored))
    console.print(table)
    if write:
        target = Path(rag.__file__).parent / "models" / FILE
        card = embedder.card
        np.savez_compressed(target, model=f"{card.name} {card.revision}", matrix=matrix.numpy().astype(np.float16))
        console.print(f"written to {target} ({target.stat().st_size / 1000:.0f} kB)")


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    typer.run(main)
