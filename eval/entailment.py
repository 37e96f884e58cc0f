"""Train the model of entailment: `python -m eval.entailment --arxiv FILE --scifact DIR --grounding DIR --folds DIR`.

citebot's embedding model learns (LoRA) to read a text and a claim together and to say whether the text carries the
claim, says otherwise, or does not tell. What it learns from:

- three quarters of our claims about arXiv abstracts (`eval/claims/`), and carried ones beside another sentence of their
  abstract, which does not tell. Words of our claims alone give their label away, to some degree; that it does not
  learn: the log-probabilities of a classifier that sees the claim only are added to its logits while it is trained, so
  that it learns what they do not explain (Clark, Yatskar & Zettlemoyer 2019, arXiv:1909.03683; He, Zha & Wang 2019,
  arXiv:1908.10763);
- our claims about biomedical abstracts, written as other papers state a finding when they cite it, many of them in
  pairs of a true one and its false twin that differ in a word or two, and many carried ones beside the nearest other
  abstract, which does not tell;
- sentences of other abstracts, edited and changed by rule (`eval.changed_sentences`);
- at last SciFact's claims (Wadden et al. 2020, arXiv:2004.14974). Each has a whole abstract, and which sentence decides
  it our sentences do not show: multiple-instance learning (Dietterich, Lathrop & Lozano-Pérez 1997).

The package gets what has learnt from all of SciFact's claims. Figures on them are of five other models, each of which
has learnt from the claims about four fifths of the abstracts and is asked about the others (cross-validation); their
weights are written to `--folds` for `eval.support`. Prints accuracy and AUROC on those, on the last quarter of our
claims, and on the claims about the last 400 of the biomedical abstracts. Takes about an hour on two cores that know
bfloat16 (jemalloc helps).
"""

from __future__ import annotations

import math
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
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from eval.arxiv import arxiv_papers
from eval.changed_sentences import changed_sentences
from eval.claims import (
    NOT_ENOUGH,
    PARTS,
    SCIFACT,
    SUPPORTED,
    Pair,
    SourcedClaim,
    folds,
    nearest_sentences,
    part_of,
    read_biomedical,
    read_biomedical_twins,
    read_others,
    read_ours,
)
from eval.gzipped import read_gzipped_lines
from eval.packaged import packaged
from eval.support import FOLDS, aurocs, fold_file
from eval.training import batches_of_like_length, fit, train_own_parameters_only, write_weights
from rag.cross_encoder import bert_of
from rag.cross_encoder_weights import CrossEncoderWeights
from rag.embedding import Embedder, load_default_model
from rag.entailment import LABELS, Entailment
from rag.low_rank import PairClassifier
from rag.papers import plain_text, sentences_of, split_sentences
from rag.settings import load_settings

_DIMENSION = 384
_RANK = 32
_LEARNING_RATE = 1e-3
_BATCH = 48
_MAX_PIECES = 144
_LABEL_SMOOTHING = 0.02
_BESIDE_ANOTHER_SENTENCE = 0.6
_BESIDE_ANOTHER_SOURCE = 0.4
_BIOMEDICAL_HELD_OUT = 400  # abstracts, the last of the file
_ABSTRACTS_CHANGED = 5_000
_NEAREST = 3
_BEFORE_SCIFACT = "before-scifact.npz"
_LEARNING_RATE_OF_BAGS = 2e-4
_EPOCHS_OF_BAGS = 3
_BAGS_TOGETHER = 12
_EXAMPLES_AMONG_BAGS = 1000  # of each set, each time
_FLOOR = 1e-3  # probability that a label keeps, however sure the claim alone makes it

_Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """A pair to learn from, and what its claim alone says of the label: log-probabilities, shape (labels,)."""

    pair: Pair
    bias: _Logits


@dataclass(frozen=True, slots=True)
class Bag:
    """A claim, its label, and texts of its source of which some one decides it, or none: which one is not known."""

    texts: tuple[str, ...]
    claim: str
    label: str


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


def bags_of(claims: Sequence[SourcedClaim], embedder: Embedder) -> list[Bag]:
    """Return the claims with the texts of their sources that may decide them."""
    nearest = nearest_sentences(claims, embedder, _NEAREST)
    return [
        Bag(tuple(candidate_texts(claim, [place for place, _ in near])), claim.claim, claim.label)
        for claim, near in zip(claims, nearest, strict=True)
    ]


def candidate_texts(claim: SourcedClaim, nearest: Sequence[int]) -> list[str]:
    """Return what may decide a claim about a whole source: the two nearest sentences, in order, and each alone."""
    together = [claim.text(sorted(nearest[:2]))] if len(nearest) > 1 else []
    return [*together, *(claim.text([place]) for place in nearest)]


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
        split_sentences(entry["text"])
        for entry in read_gzipped_lines(scifact / "corpus.jsonl.gz")
        if entry["_id"] not in known
    ]
    rng.shuffle(abstracts)
    return abstracts


class PairReader:
    """The classifier that is trained, with the tokenizer of the model."""

    def __init__(self, classifier: PairClassifier, tokenizer: Any) -> None:
        """Train nothing of the classifier but what is its own: the encoder's weights stay."""
        train_own_parameters_only(classifier)
        self.classifier = classifier.eval()  # no dropout: so few weights cannot learn the examples by heart
        self._tokenizer = tokenizer

    @classmethod
    def new(cls, weights: CrossEncoderWeights | None = None) -> PairReader:
        """Return citebot's embedding model with these weights, or with changes that change nothing yet and a head."""
        model = load_default_model()
        encoder = bert_of(model)
        if weights:
            return cls(PairClassifier.with_weights(encoder, weights), model.tokenizer)
        return cls(PairClassifier(encoder, _DIMENSION, _RANK, len(LABELS)), model.tokenizer)

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
        order = sorted(range(len(pairs)), key=lambda index: _length(pairs[index]))
        found = torch.zeros(len(pairs), len(LABELS))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            found[batch] = self.logits([pairs[index] for index in batch]).softmax(dim=1)
        return found.numpy()


def _length(pair: Pair) -> int:
    return len(pair.text) + len(pair.claim)


def train(reader: PairReader, examples: Sequence[Example], epochs: int, rng: random.Random, console: Console) -> None:
    """Train the reader on the examples."""
    batches = [batch for _ in range(epochs) for batch in _batches_of(examples, rng)]
    fit(
        reader.classifier.trained_parameters(),
        batches,
        lambda batch: loss_of_examples(reader, batch),
        _LEARNING_RATE,
        console,
    )


def fine_tune(
    reader: PairReader,
    bags: Sequence[Bag],
    sets: Sequence[Sequence[Example]],
    epochs: int,
    rng: random.Random,
    console: Console,
) -> None:
    """Train the reader on bags, and on some examples of each set among them, lest it forget what it has learnt."""
    batches: list[list[Bag] | list[Example]] = []
    for _ in range(epochs):
        shuffled = rng.sample(bags, len(bags))
        of_bags = [shuffled[start : start + _BAGS_TOGETHER] for start in range(0, len(bags), _BAGS_TOGETHER)]
        examples = [each for its in sets for each in rng.sample(its, min(_EXAMPLES_AMONG_BAGS, len(its)))]
        among_them = _batches_of(examples, rng)
        batches += rng.sample([*of_bags, *among_them], len(of_bags) + len(among_them))

    def loss_of(batch: list[Bag] | list[Example]) -> torch.Tensor:
        if isinstance(batch[0], Bag):
            return loss_of_bags(reader, batch)
        return loss_of_examples(reader, batch)

    fit(reader.classifier.trained_parameters(), batches, loss_of, _LEARNING_RATE_OF_BAGS, console)


def loss_of_examples(reader: PairReader, examples: Sequence[Example]) -> torch.Tensor:
    """Return the cross-entropy of the examples' labels, given what the claims alone say of them."""
    bias = torch.from_numpy(np.stack([example.bias for example in examples]))
    wanted = torch.tensor([LABELS.index(example.pair.label) for example in examples])
    logits = reader.logits([example.pair for example in examples]) + bias
    return torch.nn.functional.cross_entropy(logits, wanted, label_smoothing=_LABEL_SMOOTHING)


def loss_of_bags(reader: PairReader, bags: Sequence[Bag]) -> torch.Tensor:
    """Return the mean loss of bags: where the source decides, some text does (the mean probability); else none."""
    scores = reader.logits([Pair(text, bag.claim, bag.label) for bag in bags for text in bag.texts]).log_softmax(dim=1)
    losses = []
    for bag, its in zip(bags, scores.split([len(bag.texts) for bag in bags]), strict=True):
        wanted = its[:, LABELS.index(bag.label)]
        decided = bag.label != NOT_ENOUGH
        losses.append(math.log(len(wanted)) - wanted.logsumexp(dim=0) if decided else -wanted.mean())
    return torch.stack(losses).mean()


def _batches_of(examples: Sequence[Example], rng: random.Random) -> list[list[Example]]:
    return batches_of_like_length(examples, lambda example: _length(example.pair), _BATCH, rng)


def best_probabilities(reader: PairReader, bags: Sequence[Bag]) -> _Logits:
    """Return for each bag the probabilities of the labels by that of its texts that carries its claim best."""
    pairs = [Pair(text, bag.claim, bag.label) for bag in bags for text in bag.texts]
    found = np.split(reader.probabilities(pairs), np.cumsum([len(bag.texts) for bag in bags])[:-1])
    return np.array([its[its[:, 0].argmax()] for its in found])


def figures_of(found: _Logits, labels: Sequence[str]) -> list[float]:
    """Return accuracy, and AUROC of carried claims against the rest, contradicted and not-enough ones."""
    accuracy = (np.array(LABELS)[found.argmax(axis=1)] == np.array(labels)).mean()
    return [float(accuracy), *aurocs(found[:, 0], np.array(labels))]


def main(
    arxiv: Annotated[Path, typer.Option(help="arXiv metadata: JSON lines, perhaps gzipped.")],
    scifact: Annotated[Path, typer.Option(help="Directory with SciFact's corpus as BEIR has it.")],
    grounding: Annotated[Path, typer.Option(help="Directory with SciFact's claims.")],
    weights: Annotated[Path, typer.Option("--folds", help="Directory for the weights that have not seen all claims.")],
    start: Annotated[
        Path | None, typer.Option(help=f"Leave out the first part; start from {_BEFORE_SCIFACT} of an earlier run.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="How often each example is seen in the first part.")] = 3,
    changed: Annotated[int, typer.Option(help="Pairs made by rule.")] = 4000,
    write: Annotated[bool, typer.Option(help="Put the weights into the package.")] = False,
) -> None:
    """Train the model and print how good it is on what it has not seen."""
    console = Console()
    torch.manual_seed(0)
    rng = random.Random(0)
    embedder = Embedder(load_settings())
    claims = read_ours(arxiv)
    parts = part_of(claims)
    trained = [claim for claim, part in zip(claims, parts, strict=True) if part != PARTS - 1]
    held_out = [claim for claim, part in zip(claims, parts, strict=True) if part == PARTS - 1]
    biomedical = read_biomedical(scifact)
    unseen_sources = set(list(dict.fromkeys(claim.source for claim in biomedical))[-_BIOMEDICAL_HELD_OUT:])
    seen = [claim for claim in biomedical if claim.source not in unseen_sources]
    unseen = [claim for claim in biomedical if claim.source in unseen_sources]
    twins = read_biomedical_twins(scifact)
    of_ours = list(examples_of_ours(trained, [part for part in parts if part != PARTS - 1], rng))
    of_biomedical = [each for its in (seen, twins) for each in examples_of_biomedical(its, embedder, rng)]
    of_scifact = read_others(grounding, SCIFACT)
    known = {claim.source for claim in [*claims, *biomedical, *twins, *of_scifact]}
    abstracts = other_abstracts(arxiv, scifact, known, rng)
    pairs_by_rule = [_unbiased(pair) for pair in islice(changed_sentences(abstracts, rng), changed)]
    if start:
        with start.open("rb") as file:
            reader = PairReader.new(CrossEncoderWeights.read(file))
    else:
        reader = PairReader.new()
        examples = [*of_ours, *of_biomedical, *pairs_by_rule]
        console.print(f"{len(examples)} examples, {epochs} times")
        train(reader, examples, epochs, rng, console)
        write_weights(reader.classifier, embedder, weights / _BEFORE_SCIFACT, console)
    before = reader.classifier.weights("")
    table = Table("held out", "claims", "accuracy", "AUROC", "contradicted", "not enough")

    def add_row(name: str, found: _Logits, labels: Sequence[str]) -> None:
        table.add_row(name, str(len(labels)), *(f"{figure:.3f}" for figure in figures_of(found, labels)))

    found, labels = [], []
    for number, (learnt, others) in enumerate(folds(of_scifact, FOLDS)):
        of_fold = PairReader.new(before)
        fine_tune(of_fold, bags_of(learnt, embedder), [of_ours, of_biomedical], _EPOCHS_OF_BAGS, rng, console)
        found.append(best_probabilities(of_fold, bags_of(others, embedder)))
        labels += [claim.label for claim in others]
        write_weights(of_fold.classifier, embedder, fold_file(weights, number), console)
    add_row("SciFact, by models that have not seen them", np.concatenate(found), labels)
    fine_tune(reader, bags_of(of_scifact, embedder), [of_ours, of_biomedical], _EPOCHS_OF_BAGS, rng, console)
    for name, its in (("ours", held_out), ("ours, biomedical", unseen)):
        pairs = [Pair(claim.text(claim.cited), claim.claim, claim.label) for claim in its]
        add_row(name, reader.probabilities(pairs), [claim.label for claim in its])
    console.print(table)
    if write:
        write_weights(reader.classifier, embedder, packaged(f"{Entailment.name}.npz"), console)


if __name__ == "__main__":
    typer.run(main)
