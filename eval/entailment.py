"""Train the model of entailment: `python -m eval.entailment --arxiv FILE --scifact DIR --grounding DIR --write`.

citebot's embedding model learns (LoRA) to read a text and a claim together and to say whether the text carries the
claim, says otherwise, or does not tell. What it learns from:

- three quarters of our claims about arXiv abstracts (`eval/claims/`), and carried ones beside another sentence of their
  abstract, which does not tell. Words of our claims alone give their label away, to some degree; that it does not
  learn: the log-probabilities of a classifier that sees the claim only are added to its logits while it is trained, so
  that it learns what they do not explain (Clark, Yatskar & Zettlemoyer 2019, arXiv:1909.03683; He, Zha & Wang 2019,
  arXiv:1908.10763);
- our claims about the first 900 biomedical abstracts, written as other papers state a finding when they cite it, and
  many of them beside the nearest other abstract, which does not tell;
- SciFact's claims about one half of its abstracts (Wadden et al. 2020, arXiv:2004.14974), beside the nearest sentences;
- sentences of other abstracts, edited and changed by rule (`eval.changed_sentences`).

Prints accuracy and AUROC on the last quarter of our claims, on those about the other biomedical abstracts, and on
SciFact's other half, which took no part. Takes some 25 minutes on two cores that know bfloat16.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import rag
from eval.arxiv import arxiv_papers
from eval.changed_sentences import changed_sentences
from eval.claims import (
    NOT_ENOUGH,
    PARTS,
    SCIFACT,
    SUPPORTED,
    Pair,
    SourcedClaim,
    halves,
    nearest_sentences,
    part_of,
    read_biomedical,
    read_others,
    read_ours,
)
from eval.scifact import read_lines
from eval.support import aurocs, candidate_texts
from rag.cross_encoder import bert_of
from rag.embedding import Embedder, load_default_model
from rag.entailment import LABELS, Entailment
from rag.low_rank import PairClassifier
from rag.papers import plain_text, sentences_of, split_sentences
from rag.settings import load_settings

_DIMENSION = 384
_RANK = 32
_LEARNING_RATE = 1e-3
_BATCH = 48
_SORTED_TOGETHER = 16 * _BATCH
_MAX_PIECES = 144
_LABEL_SMOOTHING = 0.02
_BESIDE_ANOTHER_SENTENCE = 0.6
_BESIDE_ANOTHER_SOURCE = 0.4
_BIOMEDICAL_TRAINED = 900  # abstracts, the first of the file; claims about the others are held out
_ABSTRACTS_CHANGED = 5_000
_NEAREST = 3
_FLOOR = 1e-3  # probability that a label keeps, however sure the claim alone makes it

_Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """A pair to learn from, and what its claim alone says of the label: log-probabilities, shape (labels,)."""

    pair: Pair
    bias: _Logits


def claim_only_bias(claims: Sequence[SourcedClaim], parts: Sequence[int]) -> _Logits:
    """Return log-probabilities of the labels by words of the claims alone, shape (claims, labels).

    The classifier of each part is trained on the claims of the others.
    """
    texts = np.array([claim.claim for claim in claims])
    labels = np.array([LABELS.index(claim.label) for claim in claims])
    part = np.array(parts)
    bias = np.zeros((len(claims), len(LABELS)), dtype=np.float32)
    for each in sorted(set(parts)):
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        classifier = make_pipeline(words, LogisticRegression(C=3, max_iter=500))
        classifier.fit(texts[part != each], labels[part != each])
        bias[part == each] = np.log(classifier.predict_proba(texts[part == each]) + _FLOOR)
    return bias


def examples_of_ours(claims: Sequence[SourcedClaim], parts: Sequence[int], rng: random.Random) -> Iterator[Example]:
    """Yield our claims beside the sentences that they name, and many carried ones beside another of their abstract."""
    for claim, bias in zip(claims, claim_only_bias(claims, parts), strict=True):
        yield Example(Pair(_shown(claim, claim.cited, rng), claim.claim, claim.label), bias)
        others = [place for place in range(len(claim.sentences)) if place not in claim.cited]
        if claim.label == SUPPORTED and others and rng.random() < _BESIDE_ANOTHER_SENTENCE:
            yield _unbiased(Pair(_shown(claim, [rng.choice(others)], rng), claim.claim, NOT_ENOUGH))


def examples_of_biomedical(claims: Sequence[SourcedClaim], embedder: Embedder, rng: random.Random) -> Iterator[Example]:
    """Yield claims beside their sentences or the nearest two, and others beside the nearest two of another abstract."""
    biases = claim_only_bias(claims, part_of(claims))
    nearest = nearest_sentences(claims, embedder, 2)
    others = beside_another_source(claims, embedder)
    elsewhere = nearest_sentences(others, embedder, 2)
    for claim, bias, near, other, far in zip(claims, biases, nearest, others, elsewhere, strict=True):
        places = sorted(place for place, _ in near)
        texts = [claim.cited, places] if claim.label == NOT_ENOUGH or set(claim.cited) <= set(places) else [claim.cited]
        yield Example(Pair(claim.text(rng.choice(texts)), claim.claim, claim.label), bias)
        if claim.label != NOT_ENOUGH and rng.random() < _BESIDE_ANOTHER_SOURCE:
            yield _unbiased(Pair(other.text(sorted(place for place, _ in far)), claim.claim, NOT_ENOUGH))


def beside_another_source(claims: Sequence[SourcedClaim], embedder: Embedder) -> list[SourcedClaim]:
    """Return the claims, each put to the source of another that is nearest to it in meaning: it does not tell."""
    sources = list({claim.source: claim for claim in claims}.values())
    row = {claim.source: number for number, claim in enumerate(sources)}
    stored = embedder.encode([" ".join(claim.sentences) for claim in sources])
    found = []
    for claim, vector in zip(claims, embedder.encode([claim.claim for claim in claims]), strict=True):
        cosines = stored @ vector
        cosines[row[claim.source]] = -1.0
        other = sources[int(cosines.argmax())]
        found.append(SourcedClaim(claim.claim, NOT_ENOUGH, other.source, other.sentences))
    return found


def examples_of_scifact(claims: Sequence[SourcedClaim], embedder: Embedder) -> Iterator[Example]:
    """Yield SciFact's claims beside the two sentences that are nearest to them, and beside the nearest alone."""
    for claim, nearest in zip(claims, nearest_sentences(claims, embedder, 2), strict=True):
        for text in candidate_texts(claim, [place for place, _ in nearest])[:2]:
            yield _unbiased(Pair(text, claim.claim, claim.label))


def _shown(claim: SourcedClaim, places: Sequence[int], rng: random.Random) -> str:
    """Return sentences with the title of their paper before them or not: both are to be understood."""
    return f"{claim.title}. {claim.text(places)}" if claim.title and rng.random() < 0.5 else claim.text(places)


def _unbiased(pair: Pair) -> Example:
    return Example(pair, np.zeros(len(LABELS), dtype=np.float32))


def other_abstracts(arxiv: Path, scifact: Path, known: set[str], rng: random.Random) -> list[list[str]]:
    """Return the sentences of abstracts of arXiv and of SciFact's corpus that no claim is about, in random order."""
    of_arxiv = arxiv_papers(arxiv, set(), _ABSTRACTS_CHANGED)
    abstracts = [
        [plain_text(each.text) for each in sentences_of(paper)] for key, paper in of_arxiv.items() if key not in known
    ]
    abstracts += [
        split_sentences(entry["text"]) for entry in read_lines(scifact / "corpus.jsonl.gz") if entry["_id"] not in known
    ]
    rng.shuffle(abstracts)
    return abstracts


class PairReader:
    """The classifier that is trained, with the tokenizer of the model."""

    def __init__(self, classifier: PairClassifier, tokenizer: Any) -> None:
        """Train nothing of the classifier but what is its own: the encoder's weights stay."""
        classifier.requires_grad_(False)
        for parameter in classifier.trained_parameters():
            parameter.requires_grad_(True)
        self.classifier = classifier
        self._tokenizer = tokenizer

    @classmethod
    def new(cls) -> PairReader:
        """Return citebot's embedding model with low-rank changes that change nothing yet, and a head."""
        model = load_default_model()
        return cls(PairClassifier(bert_of(model), _DIMENSION, _RANK, len(LABELS)), model.tokenizer)

    def logits(self, pairs: Sequence[Pair]) -> torch.Tensor:
        """Return the logits of the labels, shape (pairs, labels)."""
        pieces = self._tokenizer(
            [pair.text for pair in pairs],
            [pair.claim for pair in pairs],
            padding=True,
            truncation="only_first",
            max_length=_MAX_PIECES,
            return_tensors="pt",
        )
        # The pieces' states in bfloat16, weights and sums in full: on many processors twice as fast.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = self.classifier(pieces["input_ids"], pieces["attention_mask"], pieces["token_type_ids"])
        return found.float()

    @torch.no_grad()
    def probabilities(self, pairs: Sequence[Pair]) -> _Logits:
        """Return the probabilities of the labels for any number of pairs, shape (pairs, labels)."""
        self.classifier.eval()
        order = sorted(range(len(pairs)), key=lambda index: _length(pairs[index]))
        found = torch.zeros(len(pairs), len(LABELS))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            found[batch] = self.logits([pairs[index] for index in batch]).softmax(dim=1)
        return found.numpy()


def batches_of(examples: Sequence[Example], rng: random.Random) -> list[list[Example]]:
    """Return the examples in random batches of like length, a few left over left out."""
    shuffled = rng.sample(examples, len(examples))
    batches = []
    for start in range(0, len(shuffled), _SORTED_TOGETHER):
        together = sorted(shuffled[start : start + _SORTED_TOGETHER], key=lambda each: _length(each.pair))
        batches += [together[i : i + _BATCH] for i in range(0, len(together) - _BATCH + 1, _BATCH)]
    rng.shuffle(batches)
    return batches


def _length(pair: Pair) -> int:
    return len(pair.text) + len(pair.claim)


def train(reader: PairReader, examples: Sequence[Example], epochs: int, rng: random.Random, console: Console) -> None:
    """Train the reader on the examples."""
    batches = [batch for _ in range(epochs) for batch in batches_of(examples, rng)]
    parameters = reader.classifier.trained_parameters()
    optimizer = torch.optim.AdamW(parameters, lr=_LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _LEARNING_RATE, total_steps=len(batches) + 1, pct_start=0.1
    )
    reader.classifier.eval()  # no dropout: so few weights cannot learn the examples by heart
    for batch in track(batches, "training", console=console, disable=not console.is_terminal):
        bias = torch.from_numpy(np.stack([example.bias for example in batch]))
        wanted = torch.tensor([LABELS.index(example.pair.label) for example in batch])
        logits = reader.logits([example.pair for example in batch]) + bias
        loss = torch.nn.functional.cross_entropy(logits, wanted, label_smoothing=_LABEL_SMOOTHING)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def best_probabilities(reader: PairReader, claims: Sequence[SourcedClaim], texts: Sequence[Sequence[str]]) -> _Logits:
    """Return for each claim the probabilities of the labels by that of its texts that carries it best."""
    pairs = [Pair(text, claim.claim, claim.label) for claim, its in zip(claims, texts, strict=True) for text in its]
    found = np.split(reader.probabilities(pairs), np.cumsum([len(its) for its in texts])[:-1])
    return np.array([its[its[:, 0].argmax()] for its in found])


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    scifact: Annotated[Path, typer.Option(help="Directory with SciFact's corpus as BEIR has it.")],
    grounding: Annotated[Path, typer.Option(help="Directory with SciFact's claims.")],
    epochs: Annotated[int, typer.Option(help="How often each example is seen.")] = 2,
    changed: Annotated[int, typer.Option(help="Pairs made by rule.")] = 4000,
    second_half: Annotated[bool, typer.Option(help="Train on SciFact's other half; the first is held out.")] = False,
    out: Annotated[Path | None, typer.Option(help="File for the weights, instead of the package.")] = None,
    write: Annotated[bool, typer.Option(help="Put the weights into the package.")] = False,
) -> None:
    """Train the model and print how good it is on what it has not seen."""
    console = Console()
    torch.manual_seed(0)
    rng = random.Random(0)
    embedder = Embedder(load_settings())
    claims = read_ours(arxiv)
    parts = part_of(claims)
    of_scifact = read_others(grounding, SCIFACT)
    first_half, other_half = halves(of_scifact, swapped=second_half)
    trained = [claim for claim, part in zip(claims, parts, strict=True) if part != PARTS - 1]
    held_out = [claim for claim, part in zip(claims, parts, strict=True) if part == PARTS - 1]
    examples = list(examples_of_ours(trained, [part for part in parts if part != PARTS - 1], rng))
    biomedical = read_biomedical(scifact)
    trained_sources = set(list(dict.fromkeys(claim.source for claim in biomedical))[:_BIOMEDICAL_TRAINED])
    seen = [claim for claim in biomedical if claim.source in trained_sources]
    unseen = [claim for claim in biomedical if claim.source not in trained_sources]
    examples += examples_of_biomedical(seen, embedder, rng)
    examples += examples_of_scifact(first_half, embedder)
    known = {claim.source for claim in [*claims, *biomedical, *of_scifact]}
    abstracts = other_abstracts(arxiv, scifact, known, rng)
    examples += [_unbiased(pair) for pair in islice(changed_sentences(abstracts, rng), changed)]
    reader = PairReader.new()
    console.print(f"{len(examples)} examples, {epochs} times")
    train(reader, examples, epochs, rng, console)
    table = Table("held out", "claims", "accuracy", "AUROC", "contradicted", "not enough")
    nearest = nearest_sentences(other_half, embedder, _NEAREST)
    for name, its, texts in (
        ("ours", held_out, [[claim.text(claim.cited)] for claim in held_out]),
        ("ours, biomedical", unseen, [[claim.text(claim.cited)] for claim in unseen]),
        (
            "SciFact",
            other_half,
            [
                candidate_texts(claim, [place for place, _ in near])
                for claim, near in zip(other_half, nearest, strict=True)
            ],
        ),
    ):
        found = best_probabilities(reader, its, texts)
        labels = np.array([claim.label for claim in its])
        accuracy = (np.array(LABELS)[found.argmax(axis=1)] == labels).mean()
        figures = [accuracy, *aurocs(found[:, 0], labels)]
        table.add_row(name, str(len(its)), *(f"{figure:.3f}" for figure in figures))
    console.print(table)
    if write or out:
        target = out or Path(rag.__file__).parent / "models" / f"{Entailment.name}.npz"
        reader.classifier.weights(f"{embedder.card.name} {embedder.card.revision}").write(target)
        console.print(f"written to {target} ({target.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    typer.run(main)
