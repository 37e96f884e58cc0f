"""Claims of which it is known whether a text carries them: three sets of ours, and three sets of others.

Ours are in `eval/claims/` (see the README there): about arXiv abstracts, which come from a file of arXiv metadata, and
about abstracts of SciFact's corpus. The others are read from a directory with `scifact_train.jsonl.gz` (Wadden et al.
2020), `wice_claim_dev.jsonl.gz` (Kamoi et al. 2023) and `expertqa_claims.jsonl.gz` (Malaviya et al. 2023); they are no
part of the repository.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eval.arxiv import arxiv_papers
from eval.gzipped import read_gzipped_lines
from rag.embedding import Embedder
from rag.entailment import LABELS
from rag.papers import plain_text, sentences_of, split_sentences
from rag.support import share_of_words

SUPPORTED, CONTRADICTED, NOT_ENOUGH = LABELS
SCIFACT, WICE, EXPERTQA = "scifact_train.jsonl.gz", "wice_claim_dev.jsonl.gz", "expertqa_claims.jsonl.gz"
PARTS = 4  # of our claims: a quarter of the abstracts each, in the file's order; the last one is held out

_OURS = Path(__file__).parent / "claims" / "arxiv.jsonl"
_BIOMEDICAL = Path(__file__).parent / "claims" / "biomedical.jsonl"
_BIOMEDICAL_TWINS = Path(__file__).parent / "claims" / "biomedical-twins.jsonl"
_MOST_ENCODED = 40  # sentences of a long page whose meaning is compared: those that share most words with the claim


class Pair(NamedTuple):
    """A text, a claim, and whether the one carries the other (of LABELS)."""

    text: str
    claim: str
    label: str


@dataclass(frozen=True, slots=True)
class SourcedClaim:
    """A claim, its label (of LABELS, or "partial", "unsupported"), and the sentences of its source.

    `cited` are the places (from 0) of the sentences on which the claim is said to rest; empty: the whole source.
    """

    claim: str
    label: str
    source: str
    sentences: tuple[str, ...]
    cited: tuple[int, ...] = ()
    title: str = ""

    def text(self, places: Iterable[int]) -> str:
        """Return the sentences at these places."""
        return " ".join(self.sentences[place] for place in places)

    @property
    def whole_source(self) -> str:
        """The title, if known, and all sentences."""
        return f"{self.title}. {' '.join(self.sentences)}" if self.title else " ".join(self.sentences)


def read_ours(arxiv: Path, file: Path = _OURS) -> list[SourcedClaim]:
    """Return our claims in the file's order; those about abstracts that the metadata lacks are left out."""
    items = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    papers = arxiv_papers(arxiv, {item["id"] for item in items}, 0)
    sentences = {key: tuple(plain_text(each.text) for each in sentences_of(paper)) for key, paper in papers.items()}
    return [
        SourcedClaim(
            item["claim"],
            item["label"],
            item["id"],
            sentences[item["id"]],
            tuple(number - 1 for number in item["sentences"]),
            papers[item["id"]].plain_title,
        )
        for item in items
        if item["id"] in papers
    ]


def read_biomedical(scifact: Path, file: Path = _BIOMEDICAL) -> list[SourcedClaim]:
    """Return our claims about abstracts of SciFact's corpus; the title is the first sentence, as it is there."""
    items = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    wanted = {item["id"] for item in items}
    sentences = {
        entry["_id"]: (entry["title"], *split_sentences(entry["text"]))
        for entry in read_gzipped_lines(scifact / "corpus.jsonl.gz")
        if entry["_id"] in wanted
    }
    return [
        SourcedClaim(item["claim"], item["label"], item["id"], sentences[item["id"]], tuple(item["sentences"]))
        for item in items
        if item["id"] in sentences
    ]


def read_biomedical_twins(scifact: Path) -> list[SourcedClaim]:
    """Return our claims about further abstracts of SciFact's corpus: a true one, its false twin, and so on."""
    return read_biomedical(scifact, _BIOMEDICAL_TWINS)


def read_others(grounding: Path, name: str) -> list[SourcedClaim]:
    """Return the claims of SCIFACT, WICE or EXPERTQA; a source without an id is known by its text."""
    return [
        SourcedClaim(
            entry["claim"],
            entry["label"],
            entry.get("doc_id") or entry["source"],
            source_sentences(entry["source"]),
        )
        for entry in read_gzipped_lines(grounding / name)
    ]


def source_sentences(source: str) -> tuple[str, ...]:
    """Return the sentences of a source text; none goes over the end of a line."""
    return tuple(each for line in source.splitlines() for each in split_sentences(line))


def part_of(claims: Sequence[SourcedClaim]) -> list[int]:
    """Return for each claim the part (from 0, of PARTS) in which its source is, by the order of the sources."""
    sources = list(dict.fromkeys(claim.source for claim in claims))
    parts = {source: place * PARTS // len(sources) for place, source in enumerate(sources)}
    return [parts[claim.source] for claim in claims]


def folds(claims: Sequence[SourcedClaim], count: int) -> list[tuple[list[SourcedClaim], list[SourcedClaim]]]:
    """Return for each of `count` parts of the sources the claims to train on, and those about that part, held out.

    A claim that is put to sources of several parts is never trained on where it is held out.
    """
    sources = sorted({claim.source for claim in claims})
    random.Random(1).shuffle(sources)
    part = {source: number % count for number, source in enumerate(sources)}
    found = []
    for number in range(count):
        held_out = [claim for claim in claims if part[claim.source] == number]
        asked = {claim.claim for claim in held_out}
        trained = [claim for claim in claims if part[claim.source] != number and claim.claim not in asked]
        found.append((trained, held_out))
    return found


def nearest_sentences(claims: Sequence[SourcedClaim], embedder: Embedder, most: int) -> list[list[tuple[int, float]]]:
    """Return for each claim the sentences of its source that are nearest to it in meaning, nearest first.

    At most `most` of them, each as its place (from 0) and its cosine with the claim.
    """
    among = [_likely_places(claim) for claim in claims]
    texts = sorted({claim.sentences[place] for claim, its in zip(claims, among, strict=True) for place in its})
    row = {text: number for number, text in enumerate(texts)}
    stored = embedder.encode(texts)
    found = []
    for claim, its, vector in zip(claims, among, embedder.encode([claim.claim for claim in claims]), strict=True):
        cosines = stored[[row[claim.sentences[place]] for place in its]] @ vector
        found.append([(its[index], float(cosines[index])) for index in np.argsort(-cosines, kind="stable")[:most]])
    return found


def _likely_places(claim: SourcedClaim) -> list[int]:
    places = list(range(len(claim.sentences)))
    if len(places) > _MOST_ENCODED:
        places.sort(key=lambda place: -share_of_words(claim.claim, claim.sentences[place]))
    return places[:_MOST_ENCODED]
