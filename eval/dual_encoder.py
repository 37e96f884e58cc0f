"""Train the dual encoder for questions in other words: `python -m eval.dual_encoder --arxiv FILE --library DIR`.

The questions are those of `eval/questions/arxiv-other-words.jsonl`: 26,992 about 9,996 arXiv abstracts, none of which
is in the starter collection. The adapters `query` and `document` (`rag.adapters`) are trained together to minimise the
cross-entropy of the right paper among those of a batch (in-batch negatives, Karpukhin et al. 2020, arXiv:2004.04906).
A batch is made of neighbours: a paper taken at random and those that are nearest to it of the ones that are left,
because it is among neighbours that papers are hard to tell apart, and because in a library all papers are neighbours.
One epoch sees each paper once, with two of its questions.

Prints how often the right paper is among the first on the questions of `eval/questions/other-words.jsonl` about the
papers of a library, none of which took part in training: by the plain vectors with the question adapter, by the dual
encoder, and by the mean of both, which `rag.ranking` uses. Takes some 25 minutes on two cores that know bfloat16.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from eval.arxiv import arxiv_papers
from eval.question_adapter import (
    DEPTHS,
    HELD_OUT_QUESTIONS,
    Pool,
    held_out_papers,
    ranks_of,
    read_questions,
)
from eval.trainable_encoder import TrainableEncoder
from eval.training import fit
from rag.adapters import DOCUMENT, QUERY
from rag.embedding import Embedder
from rag.library import Library
from rag.papers import plain_text, whole_text
from rag.settings import load_settings

_EPOCHS = 2
_BATCH = 32
_QUESTIONS_A_PAPER = 2
_LEARNING_RATE = 1.5e-3
_TEMPERATURE = 0.03
_MAX_PIECES_OF_PAPER = 192
_MAX_PIECES_OF_QUESTION = 96


def batches_of_neighbours(vectors: torch.Tensor, size: int, rng: random.Random) -> list[list[int]]:
    """Return the numbers of all papers in batches of neighbours, in random order; a few left over are left out."""
    order = rng.sample(range(len(vectors)), len(vectors))
    left = torch.ones(len(vectors), dtype=torch.bool)
    batches = []
    for first in order:
        if left[first] and int(left.sum()) >= size:
            near = (vectors @ vectors[first]).masked_fill(~left, -torch.inf).topk(size).indices
            left[near] = False
            batches.append(near.tolist())
    rng.shuffle(batches)
    return batches


def train(
    queries: TrainableEncoder,
    documents: TrainableEncoder,
    questions: list[list[str]],
    papers: list[str],
    near: torch.Tensor,
    console: Console,
) -> None:
    """Train both sides on papers, their questions, and plain vectors that say which papers are neighbours."""
    rng = random.Random(0)
    batches = [batch for _ in range(_EPOCHS) for batch in batches_of_neighbours(near, _BATCH, rng)]

    def loss_of(batch: list[int]) -> torch.Tensor:
        asked = [
            (question, place)
            for place, number in enumerate(batch)
            for question in rng.sample(questions[number], min(_QUESTIONS_A_PAPER, len(questions[number])))
        ]
        vectors = documents.encode([papers[number] for number in batch])
        scores = queries.encode([question for question, _ in asked]) @ vectors.T / _TEMPERATURE
        return torch.nn.functional.cross_entropy(scores, torch.tensor([place for _, place in asked]))

    parameters = [*queries.encoder.adapted_parameters(), *documents.encoder.adapted_parameters()]
    fit(parameters, batches, loss_of, _LEARNING_RATE, console)


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    library: Annotated[Path, typer.Option(help="A library whose papers `other-words.jsonl` asks for.")],
    write: Annotated[bool, typer.Option(help="Put the adapters into the package.")] = False,
) -> None:
    """Train the dual encoder and print what it finds."""
    console = Console()
    torch.manual_seed(0)
    embedder = Embedder(load_settings())
    questions: dict[str, list[str]] = {}
    for item in read_questions("arxiv-other-words.jsonl"):
        questions.setdefault(item["id"], []).append(plain_text(item["question"]))
    held_out = held_out_papers()
    papers = arxiv_papers(arxiv, set(questions), 0)
    used = [paper_id for paper_id in questions if paper_id in papers and paper_id not in held_out]
    texts = [whole_text(papers[paper_id]) for paper_id in used]
    near = torch.from_numpy(np.asarray(embedder.encode(texts)))
    queries = TrainableEncoder.new(_MAX_PIECES_OF_QUESTION, reduced=True)
    documents = TrainableEncoder.new(_MAX_PIECES_OF_PAPER, reduced=True)
    console.print(f"{sum(len(questions[each]) for each in used)} questions about {len(used)} papers")
    train(queries, documents, [questions[each] for each in used], texts, near, console)

    with Library.open(library, create=False) as opened:
        stored = opened.catalogue.vectors()
        its_papers = [opened.get(paper_id) for paper_id in stored.paper_ids]
    number = {paper.title: place for place, paper in enumerate(its_papers)}
    ours = read_questions(HELD_OUT_QUESTIONS)
    gold = torch.tensor([number[item["gold_papers"][0]] for item in ours])
    asked = [plain_text(item["question"]) for item in ours]
    described = torch.from_numpy(np.stack([embedder.encode_description(text) for text in asked]))
    plain = Pool.of(stored).nearness(described)
    dual = queries.encode_all(asked) @ documents.encode_all([whole_text(paper) for paper in its_papers]).T
    table = Table(f"{len(ours)} questions about the library: paper among the first", *map(str, DEPTHS))
    for name, scores in (("question adapter", plain), ("dual encoder", dual), ("both", (plain + dual) / 2)):
        ranks = ranks_of(gold, scores)
        table.add_row(name, *(f"{float((ranks < depth).float().mean()):.3f}" for depth in DEPTHS))
    console.print(table)
    if write:
        for name, side in ((QUERY, queries), (DOCUMENT, documents)):
            side.write(name, f"{embedder.card.name} {embedder.card.revision}", console)


if __name__ == "__main__":
    typer.run(main)
