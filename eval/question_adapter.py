"""Train the adapter for questions in other words: `python -m eval.question_adapter --arxiv FILE --library DIR --write`.

The questions are the first 18,592 of `eval/questions/arxiv-other-words.jsonl`, about 7,196 arXiv abstracts, each
describing the paper's idea with hardly a word of its abstract (with the others, that were written later, this adapter
was no better; `eval.dual_encoder` uses them all). The abstracts themselves are read from a file of
arXiv metadata (JSON lines with id, title, abstract; CC0), with a thousand others beside them to be told apart from.
Those of the first 2,996 are any in computer science; the others are near to the starter collection's subjects (none is
in it), because it is among neighbours that papers are hard to tell apart.

Low-rank changes to the question's side of the encoder (LoRA) and a linear map of the vector that comes out are trained
together to minimise the cross-entropy of the right paper among all, by the nearness that `rag.ranking` uses (mean of
abstract and best sentence); the papers' vectors stay. Prints how often the right paper is among the first, without the
adapter and with it: on arXiv questions that were held out, and on those of `eval/questions/other-words.jsonl` about
the papers of a library, none of which took part in training. Takes some twenty minutes on two cores.
"""

from __future__ import annotations

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

from eval.arxiv import arxiv_papers
from eval.trainable_encoder import TrainableEncoder
from eval.training import fit
from rag.adapters import QUESTION
from rag.catalogue import StoredVectors
from rag.embedding import Embedder
from rag.library import Library
from rag.papers import Paper, plain_text, sentences_of, whole_text
from rag.settings import load_settings

HELD_OUT_QUESTIONS = "other-words.jsonl"
DEPTHS = (1, 3, 10)

_QUESTIONS = Path(__file__).parent / "questions"
_TRAINED_ON = 18_592  # questions, the first of the file
_OTHERS = 1_000
_HELD_OUT = 0.1
_TEMPERATURE = 0.03
_LEARNING_RATE = 1e-3
_EPOCHS = 3
_BATCH = 32
_MAX_PIECES = 128


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


def encode_papers(papers: list[Paper], embedder: Embedder, console: Console) -> Pool:
    """Return the vectors of papers as a library has them."""
    abstracts, sentences, owners = [], [], []
    for start in track(range(0, len(papers), 64), "encoding abstracts", console=console):
        batch = papers[start : start + 64]
        abstracts.append(embedder.encode([whole_text(paper) for paper in batch]))
        of_batch = [(start + i, plain_text(s.text)) for i, paper in enumerate(batch) for s in sentences_of(paper)]
        owners += [owner for owner, _ in of_batch]
        sentences.append(embedder.encode([text for _, text in of_batch]))
    return Pool(
        torch.from_numpy(np.concatenate(abstracts)),
        torch.from_numpy(np.concatenate(sentences)),
        torch.tensor(owners),
    )


def train(encoder: TrainableEncoder, questions: list[str], papers: torch.Tensor, pool: Pool, console: Console) -> None:
    """Train the encoder's adapter on questions and the numbers of their papers."""
    per_epoch = len(questions) // _BATCH
    batches = [batch for _ in range(_EPOCHS) for batch in torch.randperm(len(questions)).split(_BATCH)[:per_epoch]]

    def loss_of(batch: torch.Tensor) -> torch.Tensor:
        vectors = encoder.encode([questions[number] for number in batch.tolist()])
        return torch.nn.functional.cross_entropy(pool.nearness(vectors) / _TEMPERATURE, papers[batch])

    encoder.encoder.train()
    fit(encoder.encoder.adapted_parameters(), batches, loss_of, _LEARNING_RATE, console)


def ranks_of(papers: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """Return the ranks (from 0) of the right papers, shape (questions,), by scores of shape (questions, papers)."""
    return (scores > scores.gather(1, papers.unsqueeze(1))).sum(1)


def found_within(questions: torch.Tensor, papers: torch.Tensor, pool: Pool) -> list[float]:
    """Return the share of questions whose paper is among the first 1, 3, 10."""
    ranks = [
        ranks_of(papers[start : start + _BATCH], pool.nearness(questions[start : start + _BATCH]))
        for start in range(0, len(questions), _BATCH)
    ]
    rank = torch.cat(ranks)
    return [float((rank < depth).float().mean()) for depth in DEPTHS]


def held_out_papers() -> set[str]:
    """Return the ids of the arXiv papers that are asked about and take no part in training."""
    asked_about = sorted({item["id"] for item in read_questions("arxiv-other-words.jsonl")[:_TRAINED_ON]})
    return set(random.Random(0).sample(asked_about, int(len(asked_about) * _HELD_OUT)))


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    library: Annotated[Path | None, typer.Option(help="A library whose papers `other-words.jsonl` asks for.")] = None,
    write: Annotated[bool, typer.Option(help="Put the adapter into the package.")] = False,
) -> None:
    """Train the adapter and print what it changes."""
    console = Console()
    torch.manual_seed(0)
    embedder = Embedder(load_settings())
    items = read_questions("arxiv-other-words.jsonl")[:_TRAINED_ON]
    papers = arxiv_papers(arxiv, {item["id"] for item in items}, _OTHERS)
    place = {paper_id: number for number, paper_id in enumerate(papers)}
    items = [item for item in items if item["id"] in place]
    pool = encode_papers(list(papers.values()), embedder, console)
    held_out = held_out_papers()
    table = Table("paper among the first", *map(str, DEPTHS))
    encoder = TrainableEncoder.new(_MAX_PIECES)

    def ask_about(items: list[dict[str, Any]]) -> tuple[list[str], torch.Tensor]:
        questions = [plain_text(item["question"]) for item in items]
        return questions, torch.tensor([place[item["id"]] for item in items])

    def add_rows(what: str, questions: list[str], papers: torch.Tensor, pool: Pool) -> None:
        for how, share in (("as they are", 0.0), ("with the adapter", 1.0)):
            found = found_within(encoder.encode_all(questions, share), papers, pool)
            table.add_row(f"{len(questions)} {what}, {how}", *(f"{part:.3f}" for part in found))

    train(encoder, *ask_about([item for item in items if item["id"] not in held_out]), pool, console)
    add_rows("held-out arXiv questions", *ask_about([item for item in items if item["id"] in held_out]), pool)
    if library:
        with Library.open(library, create=False) as opened:
            stored = opened.catalogue.vectors()
            number = {opened.get(paper_id).title: i for i, paper_id in enumerate(stored.paper_ids)}
        ours = read_questions(HELD_OUT_QUESTIONS)
        gold = torch.tensor([number[item["gold_papers"][0]] for item in ours])
        questions = [plain_text(item["question"]) for item in ours]
        add_rows("questions about the library", questions, gold, Pool.of(stored))
    console.print(table)
    if write:
        encoder.write(QUESTION, f"{embedder.card.name} {embedder.card.revision}", console)


def read_questions(name: str) -> list[dict[str, Any]]:
    """Return the questions of a file in `eval/questions/`."""
    return [json.loads(line) for line in (_QUESTIONS / name).read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    typer.run(main)
