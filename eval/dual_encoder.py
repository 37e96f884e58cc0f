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
from collections.abc import Sequence
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
from eval.question_adapter import (
    DEPTHS,
    HELD_OUT_QUESTIONS,
    Pool,
    arxiv_papers,
    held_out_papers,
    ranks_of,
    read_questions,
)
from rag.adapters import DOCUMENT, QUERY, file_of
from rag.embedding import Embedder, load_default_model
from rag.library import Library
from rag.low_rank import AdaptedEncoder
from rag.papers import Paper, plain_text
from rag.settings import load_settings

_RANK = 16
_EPOCHS = 2
_BATCH = 32
_QUESTIONS_A_PAPER = 2
_LEARNING_RATE = 1.5e-3
_TEMPERATURE = 0.03
_MAX_PIECES_OF_PAPER = 192
_MAX_PIECES_OF_QUESTION = 96
_ENCODED_TOGETHER = 64


@dataclass(frozen=True)
class Side:
    """One side of the dual encoder while it is trained, with the tokenizer of the model."""

    encoder: AdaptedEncoder
    tokenizer: Any
    max_pieces: int

    @classmethod
    def new(cls, max_pieces: int) -> Side:
        """Return citebot's embedding model with an adapter that changes nothing yet."""
        model = load_default_model()
        encoder = AdaptedEncoder(model, int(model.get_embedding_dimension() or 0), _RANK)
        encoder.requires_grad_(False)
        for parameter in encoder.adapted_parameters():
            parameter.requires_grad_(True)
        return cls(encoder.eval(), model.tokenizer, max_pieces)  # no dropout

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """Return the vectors of the texts, shape (texts, dimension)."""
        pieces = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_pieces, return_tensors="pt"
        )
        # The pieces' states in bfloat16, weights and sums in full: on many processors twice as fast.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            vectors = self.encoder(pieces["input_ids"], pieces["attention_mask"], torch.ones(len(texts), 1))
        return torch.nn.functional.normalize(vectors.float(), dim=1)

    @torch.no_grad()
    def encode_all(self, texts: Sequence[str]) -> torch.Tensor:
        """Return the vectors of any number of texts, without what training needs."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        found = torch.zeros(len(texts), self.encoder.matrices.shape[1])
        for start in range(0, len(order), _ENCODED_TOGETHER):
            batch = order[start : start + _ENCODED_TOGETHER]
            found[batch] = self.encode([texts[index] for index in batch])
        return found


def text_of(paper: Paper) -> str:
    """Return what a library makes the vector of a paper of."""
    return f"{paper.plain_title}. {plain_text(paper.abstract)}"


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
    queries: Side, documents: Side, questions: list[list[str]], papers: list[str], near: torch.Tensor, console: Console
) -> None:
    """Train both sides on papers, their questions, and plain vectors that say which papers are neighbours."""
    rng = random.Random(0)
    batches = [batch for _ in range(_EPOCHS) for batch in batches_of_neighbours(near, _BATCH, rng)]
    parameters = [*queries.encoder.adapted_parameters(), *documents.encoder.adapted_parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _LEARNING_RATE, total_steps=len(batches) + 1, pct_start=0.1
    )
    for batch in track(batches, "training", console=console):
        asked = [
            (question, place)
            for place, number in enumerate(batch)
            for question in rng.sample(questions[number], min(_QUESTIONS_A_PAPER, len(questions[number])))
        ]
        vectors = documents.encode([papers[number] for number in batch])
        scores = queries.encode([question for question, _ in asked]) @ vectors.T / _TEMPERATURE
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor([place for _, place in asked]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


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
    texts = [text_of(papers[paper_id]) for paper_id in used]
    near = torch.from_numpy(np.asarray(embedder.encode(texts)))
    queries, documents = Side.new(_MAX_PIECES_OF_QUESTION), Side.new(_MAX_PIECES_OF_PAPER)
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
    dual = queries.encode_all(asked) @ documents.encode_all([text_of(paper) for paper in its_papers]).T
    table = Table(f"{len(ours)} questions about the library: paper among the first", *map(str, DEPTHS))
    for name, scores in (("question adapter", plain), ("dual encoder", dual), ("both", (plain + dual) / 2)):
        ranks = ranks_of(gold, scores)
        table.add_row(name, *(f"{float((ranks < depth).float().mean()):.3f}" for depth in DEPTHS))
    console.print(table)
    if write:
        for name, side in ((QUERY, queries), (DOCUMENT, documents)):
            target = Path(rag.__file__).parent / "models" / file_of(name)
            side.encoder.adapter(f"{embedder.card.name} {embedder.card.revision}").write(target)
            console.print(f"written to {target} ({target.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    typer.run(main)
