"""Train the choice of the sentence that answers: `python -m eval.sentence_choice --arxiv FILE --write`.

The questions in `eval/questions/arxiv-sentences.jsonl` were written for this: for each of 2,350 arXiv abstracts three
that some sentence answers, with its number. A log-linear model over the sentences of an abstract (softmax) learns how
much each sign of `rag.sentence_choice` counts, together with a matrix that says which sentences answer which questions
beyond likeness ("where was it tried?" and "experiments on ..."). How much its scores count beside what the reader says
of the first sentences (`rag.reader`) is learned from the abstracts that the reader has not seen (`eval.reader`).
Figures are from five-fold cross-validation by abstract: the share of questions whose answering sentences are all among
the first 1, 2, 3, 4.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from eval.arxiv import arxiv_papers
from eval.packaged import packaged
from eval.reader import held_out_abstracts
from rag.catalogue import Standing
from rag.cross_encoder_weights import MOST_READ
from rag.embedding import Embedder
from rag.names import names_of
from rag.papers import Paper, plain_text, sentences_of, title_key
from rag.ranking import idf
from rag.reader import Reader
from rag.sentence_choice import FILE, LEAST, SIGNS, Asked, signs_of
from rag.settings import load_settings
from rag.words import content_words, stem, stems

_QUESTIONS = Path(__file__).parent / "questions" / "arxiv-sentences.jsonl"
_FOLDS = 5
_DEPTHS = (1, 2, 3, 4)
_EPOCHS = 8
_BATCH = 64
_MATRIX_SCALE = 10.0
_START = {"cosine": 3.0, "cosine_without_names": 3.0, "words": 4.0, "figure": 2.0}


class Reads(Protocol):
    """What reads sentences with a question, as `rag.reader.Reader` does."""

    def logits(self, question: str, sentences: list[str]) -> NDArray[np.float32]:
        """Return logits that no sentence answers the question, and that each does."""
        ...


@dataclass
class Data:
    """Questions and the sentences of their abstracts, padded to the longest; Q questions, L sentences, D dimensions."""

    signs: torch.Tensor  # (Q, L, len(SIGNS))
    padding: torch.Tensor  # (Q, L): 0 for a sentence, a very low number where there is none
    wanted: torch.Tensor  # (Q, L): 1 spread over the sentences that answer
    questions: torch.Tensor  # (Q, D), names left out
    sentences: torch.Tensor  # (Q, L, D)
    folds: torch.Tensor  # (Q,)
    texts: list[tuple[str, list[str]]]  # Q questions with their sentences
    held_out: torch.Tensor  # (Q,): the reader has not seen the abstract


def read_questions_with_signs(arxiv: Path, embedder: Embedder) -> Data:
    """Return the questions that a sentence answers, with the signs and vectors of the sentences."""
    items = [json.loads(line) for line in _QUESTIONS.read_text(encoding="utf-8").splitlines()]
    items = [item for item in items if item["sentences"]]
    papers = arxiv_papers(arxiv, {item["id"] for item in items}, 0)
    items = [item for item in items if item["id"] in papers]
    frequency: dict[str, int] = {}
    for paper in papers.values():
        for each in stems(plain_text(f"{paper.title}. {paper.abstract}")):
            frequency[each] = frequency.get(each, 0) + 1
    sentences = {key: sentences_of(paper) for key, paper in papers.items()}
    vectors = {key: embedder.encode([plain_text(sentence.text) for sentence in its]) for key, its in sentences.items()}
    longest = max(map(len, sentences.values()))
    dimension = next(iter(vectors.values())).shape[1]
    data = Data(
        torch.zeros(len(items), longest, len(SIGNS)),
        torch.full((len(items), longest), -1e9),
        torch.zeros(len(items), longest),
        torch.zeros(len(items), dimension),
        torch.zeros(len(items), longest, dimension),
        torch.zeros(len(items), dtype=torch.int64),
        [],
        torch.zeros(len(items), dtype=torch.bool),
    )
    unread = held_out_abstracts()
    fold_of = {key: number % _FOLDS for number, key in enumerate(sorted(papers))}
    for row, item in enumerate(items):
        its = sentences[item["id"]]
        asked = _asked(item, papers[item["id"]], frequency, len(papers), embedder)
        stored = vectors[item["id"]]
        data.signs[row, : len(its)] = torch.from_numpy(signs_of(its, stored @ asked.vector, stored @ asked.rest, asked))
        data.padding[row, : len(its)] = 0.0
        for number in item["sentences"]:
            data.wanted[row, number - 1] = 1 / len(item["sentences"])
        data.questions[row] = torch.from_numpy(asked.rest)
        data.sentences[row, : len(its)] = torch.from_numpy(stored)
        data.folds[row] = fold_of[item["id"]]
        data.texts.append((plain_text(item["question"]), [plain_text(sentence.text) for sentence in its]))
        data.held_out[row] = item["id"] in unread
    return data


def _asked(item: dict[str, Any], paper: Paper, frequency: dict[str, int], papers: int, embedder: Embedder) -> Asked:
    """Return the question as `rag.retrieval` would see it, the paper's own names taken out."""
    names = {name.key for name in names_of(paper) if name.standing >= Standing.BROUGHT_IN}
    question = plain_text(item["question"])
    rest = " ".join(token for token in question.split() if title_key(token.strip("?.,!'\"()")) not in names) or question
    weights = {stem(word): idf(frequency.get(stem(word), 0), papers) for word in content_words(rest)}
    total = sum(weights.values()) or 1.0
    return Asked(
        question,
        embedder.encode_question(question),
        embedder.encode_question(rest),
        {word: weight / total for word, weight in weights.items()},
    )


def scores(data: Data, rows: torch.Tensor, weights: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Return the scores (logits) of the sentences for some questions, shape (rows, L)."""
    if not matrix.requires_grad and not matrix.any():
        return data.signs[rows] @ weights + data.padding[rows]
    likeness = torch.einsum("qd,qld->ql", data.questions[rows] @ matrix, data.sentences[rows])
    return data.signs[rows] @ weights + _MATRIX_SCALE * likeness + data.padding[rows]


def train(data: Data, rows: torch.Tensor, with_matrix: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weights and matrix trained on some of the questions."""
    torch.manual_seed(0)
    weights = torch.tensor([_START.get(sign, 0.0) for sign in SIGNS], requires_grad=True)
    matrix = torch.zeros(data.questions.shape[1], data.questions.shape[1], requires_grad=with_matrix)
    groups = [{"params": [weights], "lr": 0.02, "weight_decay": 0.0}]
    if with_matrix:
        groups.append({"params": [matrix], "lr": 5e-4, "weight_decay": 0.1})
    optimizer = torch.optim.AdamW(groups)
    for _ in range(_EPOCHS):
        for batch in rows[torch.randperm(len(rows))].split(_BATCH):
            chosen = scores(data, batch, weights, matrix).log_softmax(1)
            loss = -(data.wanted[batch] * chosen).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return weights.detach(), matrix.detach() * _MATRIX_SCALE


def cross_validated(data: Data, without: str | None = None, with_matrix: bool = True) -> torch.Tensor:
    """Return the scores of all sentences by models that have not seen their abstract, shape (Q, L)."""
    kept = data.signs
    if without is not None:
        data.signs = data.signs.clone()
        data.signs[:, :, SIGNS.index(without)] = 0.0
    found = torch.zeros_like(data.wanted)
    for fold in range(_FOLDS):
        weights, matrix = train(data, (data.folds != fold).nonzero().squeeze(1), with_matrix)
        rows = (data.folds == fold).nonzero().squeeze(1)
        found[rows] = scores(data, rows, weights, matrix / _MATRIX_SCALE)
    data.signs = kept
    return found


def found_within(found: torch.Tensor, wanted: torch.Tensor) -> list[float]:
    """Return the share of questions answered by the first 1, 2, 3, 4 sentences; scores, and what is wanted, (Q, L)."""
    order = found.argsort(dim=1, descending=True)
    shares = []
    for depth in _DEPTHS:
        first = torch.zeros_like(wanted, dtype=torch.bool).scatter(1, order[:, :depth], True)
        shares.append(float(((wanted > 0) & ~first).any(1).logical_not().float().mean()))
    return shares


def log_shares(data: Data, rows: torch.Tensor, found: torch.Tensor, reader: Reads) -> torch.Tensor:
    """Return what `rag.sentence_choice.with_reading` makes of the reader's logits for some questions, (rows, L)."""
    read = torch.full((len(rows), found.shape[1]), LEAST)
    for place, row in enumerate(rows.tolist()):
        question, sentences = data.texts[row]
        first = sorted(found[row].argsort(descending=True)[: min(MOST_READ, len(sentences))].tolist())
        logits = torch.from_numpy(reader.logits(question, [sentences[each] for each in first]))[1:]
        read[place, first] = logits.log_softmax(0).clamp(min=LEAST)
    return read


def fit_reading(found: torch.Tensor, read: torch.Tensor, data: Data, rows: torch.Tensor) -> torch.Tensor:
    """Return how much the scores count and how much the reader, fitted on some questions, shape (2,)."""
    counts = torch.tensor([0.5, 0.5], requires_grad=True)
    optimizer = torch.optim.LBFGS([counts], max_iter=100)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        chosen = (counts[0] * found[rows] + counts[1] * read + data.padding[rows]).log_softmax(1)
        loss = -(data.wanted[rows] * chosen.clamp(min=-100)).sum(1).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    return counts.detach()


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    ablate: Annotated[bool, typer.Option(help="Print also what each sign adds.")] = False,
    write: Annotated[bool, typer.Option(help="Put the model into the package.")] = False,
) -> None:
    """Train the choice and print how good it is."""
    console = Console()
    settings = load_settings()
    embedder = Embedder(settings)
    data = read_questions_with_signs(arxiv, embedder)
    table = Table(f"{len(data.questions)} questions, answered by the first", *map(str, _DEPTHS))

    def add_row(name: str, figures: list[float]) -> None:
        table.add_row(name, *(f"{figure:.3f}" for figure in figures))

    found = cross_validated(data)
    add_row("all signs and the matrix", found_within(found, data.wanted))
    add_row("without the matrix", found_within(cross_validated(data, with_matrix=False), data.wanted))
    for sign in SIGNS if ablate else ():
        add_row(f"without {sign}", found_within(cross_validated(data, without=sign), data.wanted))
    rows = data.held_out.nonzero().squeeze(1)
    read = log_shares(data, rows, found, Reader(settings))
    reading = fit_reading(found, read, data, rows)
    add_row(f"{len(rows)} that the reader has not seen", found_within(found[rows], data.wanted[rows]))
    add_row("the same, by the reader", found_within(read + data.padding[rows], data.wanted[rows]))
    add_row("the same, by both", found_within(reading[0] * found[rows] + reading[1] * read, data.wanted[rows]))
    console.print(table)
    console.print(f"scores count {reading[0]:.2f}, the reader {reading[1]:.2f}")
    weights, matrix = train(data, torch.arange(len(data.questions)))
    console.print({sign: round(float(weight), 2) for sign, weight in zip(SIGNS, weights, strict=True)})
    if write:
        target = packaged(FILE)
        model = f"{embedder.card.name} {embedder.card.revision}"
        arrays: dict[str, Any] = {
            "weights": weights.numpy(),
            "matrix": matrix.numpy().astype(np.float16),
            "reading": reading.numpy(),
        }
        np.savez_compressed(target, model=model, **arrays)
        console.print(f"written to {target} ({target.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    typer.run(main)
