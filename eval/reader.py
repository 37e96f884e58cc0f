"""Train the reader: `python -m eval.reader --arxiv FILE --write`.

The questions are those of `eval/questions/arxiv-sentences.jsonl`: of each arXiv abstract some that a sentence answers,
with its number, and some that are close to what it tells and that none answers. citebot's embedding model, with the
low-rank changes of the model of entailment to start from, learns (LoRA) to read a question together with the abstract's
sentences that come nearest to it, and to say which of them answers or that none does (cross-entropy over the sentences
and "none", as in Rajpurkar et al. 2018, arXiv:1806.03822). The words of a question alone give away, to some degree,
whether it was written to be answered; that it does not learn: the log-odds of a classifier that sees the question only
are added while it is trained (Clark, Yatskar & Zettlemoyer 2019, arXiv:1909.03683).

The first 600 abstracts of the file are held out: `eval.sentence_choice` and `eval.answerability` learn from them how
much the reader counts. Prints on those how often the sentence is the right one and how well answered questions are told
from the others (AUROC).
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
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from eval.arxiv import arxiv_papers
from eval.packaged import packaged
from eval.question_adapter import read_questions
from eval.training import batches_of_like_length, fit, train_own_parameters_only, write_weights
from rag.cross_encoder import bert_of
from rag.cross_encoder_weights import MOST_READ
from rag.embedding import Embedder, load_default_model
from rag.entailment import Entailment
from rag.low_rank import SentenceReader
from rag.papers import plain_text, sentences_of
from rag.reader import Reader, joined, parts_of
from rag.settings import load_settings

QUESTIONS = "arxiv-sentences.jsonl"
HELD_OUT = 600  # abstracts, the first of the file

_DIMENSION = 384
_RANK = 32
_LEARNING_RATE = 1e-3
_BATCH = 32
_LABEL_SMOOTHING = 0.02
_FOLDS = 5
_FLOOR = 0.02  # probability of being answered that the words of a question leave, however sure they are


@dataclass(frozen=True, slots=True)
class Example:
    """A question, sentences in the abstract's order, which of them answer (0 is "none"), and the bias of "none"."""

    question: str
    sentences: tuple[str, ...]
    wanted: tuple[int, ...]
    bias: float = 0.0


def held_out_abstracts() -> set[str]:
    """Return the ids of the abstracts that take no part in the training of the reader."""
    return set(list(dict.fromkeys(item["id"] for item in read_questions(QUESTIONS)))[:HELD_OUT])


def examples_of(items: Sequence[dict[str, Any]], arxiv: Path, embedder: Embedder) -> list[Example]:
    """Return the questions with the sentences nearest to them; those that answer are always among these."""
    papers = arxiv_papers(arxiv, {item["id"] for item in items}, 0)
    sentences = {key: [plain_text(each.text) for each in sentences_of(paper)] for key, paper in papers.items()}
    vectors = {key: embedder.encode(its) for key, its in sentences.items()}
    items = [item for item in items if item["id"] in papers]
    asked = embedder.encode([plain_text(item["question"]) for item in items])
    found = []
    for item, vector in zip(items, asked, strict=True):
        its, answering = sentences[item["id"]], {number - 1 for number in item["sentences"]}
        order = np.argsort(-(vectors[item["id"]] @ vector), kind="stable").tolist()
        read = sorted([*answering, *(place for place in order if place not in answering)][:MOST_READ])
        wanted = tuple(1 + number for number, place in enumerate(read) if place in answering)
        found.append(Example(plain_text(item["question"]), tuple(its[place] for place in read), wanted or (0,)))
    return found


def question_only_bias(items: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    """Return for each question the log-odds that it is not answered, by its words alone, cross-validated by paper."""
    texts = [item["question"] for item in items]
    answered = [bool(item["sentences"]) for item in items]
    classifier = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=3, max_iter=500)
    )
    groups = [item["id"] for item in items]
    guessed = cross_val_predict(
        classifier, texts, answered, groups=groups, cv=GroupKFold(_FOLDS), method="predict_proba"
    )[:, 1]
    kept = np.clip(guessed, _FLOOR, 1.0 - _FLOOR)
    return np.asarray(np.log(1.0 - kept) - np.log(kept))


class ReaderInTraining:
    """The reader with its tokenizer."""

    def __init__(self, model: SentenceReader, tokenizer: Any) -> None:
        """Train nothing but what is the reader's own: the encoder's weights stay."""
        train_own_parameters_only(model)
        self.model = model.eval()  # no dropout: so few weights cannot learn the examples by heart
        self._tokenizer = tokenizer
        tokenizer.enable_truncation(Reader.max_pieces, strategy=Reader.cut)
        tokenizer.enable_padding()

    @classmethod
    def new(cls) -> ReaderInTraining:
        """Return citebot's embedding model with the low-rank changes of the model of entailment, and a new head."""
        model = load_default_model()
        reader = SentenceReader(bert_of(model), _DIMENSION, _RANK, 2)
        reader.start_from(Entailment.weights())
        return cls(reader, model.tokenizer.backend_tokenizer)

    def logits(self, examples: Sequence[Example]) -> torch.Tensor:
        """Return the logits of "none" and the sentences, shape (examples, 1 + MOST_READ)."""
        texts = [joined(each.sentences) for each in examples]
        encodings = self._tokenizer.encode_batch(
            [(each.question, text) for each, (text, _) in zip(examples, texts, strict=True)]
        )
        parts = np.stack([parts_of(its, ends) for its, (_, ends) in zip(encodings, texts, strict=True)])
        given = [
            torch.tensor([getattr(its, name) for its in encodings]) for name in ("ids", "attention_mask", "type_ids")
        ]
        # The pieces' states in bfloat16, weights and sums in full: on many processors twice as fast.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found: torch.Tensor = self.model(*given, torch.from_numpy(parts))
        return found.float()

    @torch.no_grad()
    def probabilities(self, examples: Sequence[Example]) -> NDArray[np.float32]:
        """Return the probabilities of "none" and the sentences for any number of questions."""
        found = np.zeros((len(examples), 1 + MOST_READ), dtype=np.float32)
        order = sorted(range(len(examples)), key=lambda index: _length(examples[index]))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            found[batch] = self.logits([examples[index] for index in batch]).softmax(dim=1).numpy()
        return found


def _length(example: Example) -> int:
    return sum(map(len, example.sentences))


def train(reader: ReaderInTraining, examples: Sequence[Example], epochs: int, console: Console) -> None:
    """Train the reader on the examples."""
    rng = random.Random(0)
    batches = [batch for _ in range(epochs) for batch in batches_of_like_length(examples, _length, _BATCH, rng)]
    fit(
        reader.model.trained_parameters(),
        batches,
        lambda batch: loss_of(reader.logits(batch), batch),
        _LEARNING_RATE,
        console,
    )


def loss_of(logits: torch.Tensor, batch: Sequence[Example]) -> torch.Tensor:
    """Return the cross-entropy of logits, as `ReaderInTraining.logits` gives them, with what is wanted."""
    there = logits.detach() > -1e3
    bias = torch.zeros_like(logits)
    bias[:, 0] = torch.tensor([example.bias for example in batch])
    wanted = torch.zeros_like(logits)
    for row, example in enumerate(batch):
        wanted[row, list(example.wanted)] = 1 / len(example.wanted)
    wanted = (1 - _LABEL_SMOOTHING) * wanted + _LABEL_SMOOTHING * there / there.sum(1, keepdim=True)
    return -(wanted * (logits + bias).log_softmax(dim=1).clamp(min=-100)).sum(1).mean()


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    epochs: Annotated[int, typer.Option(help="How often each question is seen.")] = 2,
    out: Annotated[Path | None, typer.Option(help="File for the weights, instead of the package.")] = None,
    write: Annotated[bool, typer.Option(help="Put the weights into the package.")] = False,
) -> None:
    """Train the reader and print how good it is on what it has not seen."""
    console = Console()
    torch.manual_seed(0)
    embedder = Embedder(load_settings())
    items = read_questions(QUESTIONS)
    held_out = held_out_abstracts()
    learnt = [item for item in items if item["id"] not in held_out]
    examples = [
        Example(each.question, each.sentences, each.wanted, float(bias))
        for each, bias in zip(examples_of(learnt, arxiv, embedder), question_only_bias(learnt), strict=True)
    ]
    others = examples_of([item for item in items if item["id"] in held_out], arxiv, embedder)
    reader = ReaderInTraining.new()
    console.print(f"{len(examples)} questions, {epochs} times")
    train(reader, examples, epochs, console)
    found = reader.probabilities(others)
    answered = np.array([each.wanted != (0,) for each in others])
    right = np.array([int(its[1:].argmax()) + 1 in each.wanted for its, each in zip(found, others, strict=True)])
    table = Table("held out", "questions", "right sentence first", "answered or not, AUROC")
    auroc = roc_auc_score(answered, 1 - found[:, 0])
    table.add_row("", str(len(others)), f"{right[answered].mean():.3f}", f"{auroc:.3f}")
    console.print(table)
    if write or out:
        write_weights(reader.model, embedder, out or packaged(f"{Reader.name}.npz"), console)


if __name__ == "__main__":
    typer.run(main)
