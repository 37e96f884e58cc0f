"""What the trainings of citebot's encoders share: the steps, batches of texts of like length, and the weights' file."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from rich.console import Console
from rich.progress import track

from rag.embedding import Embedder
from rag.low_rank import LowRankCrossEncoder

_WEIGHT_DECAY = 0.01
_WARMING_UP = 0.1  # share of the steps in which the learning rate rises
_BATCHES_SORTED_TOGETHER = 16

T = TypeVar("T")


def fit(
    parameters: Iterable[torch.nn.Parameter],
    batches: Sequence[T],
    loss_of: Callable[[T], torch.Tensor],
    learning_rate: float,
    console: Console,
) -> None:
    """Take a step of AdamW down the loss of each batch; the learning rate rises, then falls to nothing (one cycle)."""
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=len(batches) + 1, pct_start=_WARMING_UP
    )
    for batch in track(batches, "training", console=console, disable=not console.is_terminal):
        loss = loss_of(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def batches_of_like_length(
    examples: Sequence[T], length_of: Callable[[T], int], size: int, rng: random.Random
) -> list[list[T]]:
    """Return the examples in random batches of like length, a few left over left out."""
    shuffled = rng.sample(examples, len(examples))
    together = _BATCHES_SORTED_TOGETHER * size
    batches = []
    for start in range(0, len(shuffled), together):
        part = sorted(shuffled[start : start + together], key=length_of)
        batches += [part[i : i + size] for i in range(0, len(part) - size + 1, size)]
    rng.shuffle(batches)
    return batches


def train_own_parameters_only(model: LowRankCrossEncoder) -> None:
    """Let nothing of a cross-encoder be trained but what is its own: the encoder's weights stay."""
    model.requires_grad_(False)
    for parameter in model.trained_parameters():
        parameter.requires_grad_(True)


def write_weights(model: LowRankCrossEncoder, embedder: Embedder, target: Path, console: Console) -> None:
    """Write what was trained of a cross-encoder, with the name of the embedding model that it changes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    model.weights(f"{embedder.card.name} {embedder.card.revision}").write(target)
    console.print(f"written to {target} ({target.stat().st_size / 1000:.0f} kB)")
