"""Low-rank changes to a torch model (LoRA). Imports torch: only exports and trainings import this."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import torch
from torch import nn

from rag.adapters import Adapter
from rag.cross_encoder_weights import MOST_READ, CrossEncoderWeights

_NOT_THERE = 1e4  # lowers the logit of a sentence that is not there


class Switch:
    """How far each adapter acts on each text of the batch that is being encoded: 0 not at all, 1 as trained."""

    def __init__(self) -> None:
        self.shares = torch.zeros(1, 1)  # shape (batch, adapters)


class LowRankLinear(nn.Module):
    """A linear layer W x + s B A x, where s is the switch's share; with several adapters, the sum of their changes.

    `a` and `b` hold the factors of all adapters, one after the other: one product for all is quicker than one each.
    """

    def __init__(self, linear: nn.Linear, rank: int, switch: Switch, adapters: int = 1) -> None:
        super().__init__()
        self.linear = linear
        self.rank = rank
        self.a = nn.Parameter(torch.randn(adapters * rank, linear.in_features) / linear.in_features**0.5)
        # Zero: nothing changes before training.
        self.b = nn.Parameter(torch.zeros(linear.out_features, adapters * rank))
        self._switch = switch

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output for x of shape (batch, tokens, inputs)."""
        shares = self._switch.shares.repeat_interleave(self.rank, dim=1)
        changed: torch.Tensor = self.linear(x) + (x @ self.a.T * shares[:, None]) @ self.b.T
        return changed

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return the layer with the change added to its weights: the same outputs where the share is 1, quicker."""
        self.linear.weight += self.b @ self.a
        return self.linear


class AdaptedEncoder(nn.Module):
    """A sentence-transformers model with adapters that are switched on or off for each text."""

    def __init__(self, model: nn.Module, dimension: int, rank: int, adapters: int = 1) -> None:
        super().__init__()
        self.model = model
        self._rank = rank
        self._switch = Switch()
        self.layers = [self._replace(*place, adapters) for place in list(_linear_layers(model))]
        self.matrices = nn.Parameter(torch.zeros(adapters, dimension, dimension))

    @classmethod
    def with_adapters(cls, model: nn.Module, *adapters: Adapter) -> AdaptedEncoder:
        """Return the model with trained adapters, all of one rank."""
        first = adapters[0]
        encoder = cls(model, len(first.matrix), first.factors[0][0].shape[0], len(adapters))
        with torch.no_grad():
            for number, layer in enumerate(encoder.layers):
                layer.a.copy_(torch.cat([torch.from_numpy(each.factors[number][0]) for each in adapters]))
                layer.b.copy_(torch.cat([torch.from_numpy(each.factors[number][1]) for each in adapters], dim=1))
            encoder.matrices.copy_(torch.stack([torch.from_numpy(each.matrix) for each in adapters]))
        return encoder

    def adapter(self, name: str) -> Adapter:
        """Return the one adapter as it is now, for the model of that name."""
        factors = tuple((layer.a.detach().numpy().copy(), layer.b.detach().numpy().copy()) for layer in self.layers)
        return Adapter(name, factors, self.matrices[0].detach().numpy().copy())

    def adapted_parameters(self) -> list[nn.Parameter]:
        """Return what training changes."""
        return [self.matrices, *(parameter for layer in self.layers for parameter in (layer.a, layer.b))]

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
        """Return unit vectors, shape (batch, dimension), of word-piece ids; `shares` is of shape (batch, adapters)."""
        self._switch.shares = shares
        features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
        vectors = nn.functional.normalize(features["sentence_embedding"], dim=1)
        moved = torch.einsum("bi,aoi,ba->bo", vectors, self.matrices, shares)
        return nn.functional.normalize(vectors + moved, dim=1)

    def _replace(self, parent: nn.Module, name: str, linear: nn.Linear, adapters: int) -> LowRankLinear:
        layer = LowRankLinear(linear, self._rank, self._switch, adapters)
        setattr(parent, name, layer)
        return layer


class LowRankCrossEncoder(nn.Module):
    """A BERT encoder with low-rank changes that reads two texts together, and a head; the base of what follows."""

    inputs: tuple[str, ...] = ("ids", "mask", "types")  # of `forward`, whole numbers of shape (batch, tokens)

    def __init__(self, encoder: nn.Module, dimension: int, rank: int, labels: int) -> None:
        super().__init__()
        self.encoder = encoder
        switch = Switch()
        switch.shares = torch.ones(1, 1)
        self.layers: list[LowRankLinear] = []
        self._places = [(parent, name) for parent, name, _ in _linear_layers(encoder)]
        for parent, name in self._places:
            self.layers.append(LowRankLinear(getattr(parent, name), rank, switch))
            setattr(parent, name, self.layers[-1])
        self.types: nn.Parameter = encoder.get_submodule("embeddings.token_type_embeddings").weight  # type: ignore[assignment]
        self.head = nn.Linear(dimension, labels)

    @classmethod
    def with_weights(cls, encoder: nn.Module, weights: CrossEncoderWeights) -> Self:
        """Return the model with trained weights."""
        labels, dimension = weights.head.shape
        model = cls(encoder, dimension, weights.factors[0][0].shape[0], labels)
        model.start_from(weights)
        with torch.no_grad():
            model.head.weight.copy_(torch.from_numpy(weights.head))
            model.head.bias.copy_(torch.from_numpy(weights.bias))
        return model

    @torch.no_grad()
    def start_from(self, weights: CrossEncoderWeights) -> None:
        """Take over what another training changed in the encoder; the head stays."""
        for layer, (a, b) in zip(self.layers, weights.factors, strict=True):
            layer.a.copy_(torch.from_numpy(a))
            layer.b.copy_(torch.from_numpy(b))
        self.types.copy_(torch.from_numpy(weights.types))

    def weights(self, name: str) -> CrossEncoderWeights:
        """Return the trained weights as they are now, for the encoder of that name."""
        arrays = [each.detach().numpy().copy() for each in (self.types, self.head.weight, self.head.bias)]
        factors = tuple((layer.a.detach().numpy().copy(), layer.b.detach().numpy().copy()) for layer in self.layers)
        return CrossEncoderWeights(name, factors, *arrays)

    def merge(self) -> None:
        """Add the low-rank changes to the encoder's weights, for good: nothing can be trained any more."""
        for (parent, name), layer in zip(self._places, self.layers, strict=True):
            setattr(parent, name, layer.merged())
        self.layers = []

    def trained_parameters(self) -> list[nn.Parameter]:
        """Return what training changes."""
        low_rank = [parameter for layer in self.layers for parameter in (layer.a, layer.b)]
        return [*low_rank, self.types, *self.head.parameters()]

    def states(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Return the states of the word pieces, shape (batch, tokens, dimension)."""
        found: torch.Tensor = self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        return found


class PairClassifier(LowRankCrossEncoder):
    """Says which of some labels a pair of texts has."""

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Return the logits of the labels, shape (batch, labels)."""
        states = self.states(ids, mask, types)
        weights = mask.unsqueeze(-1).to(states.dtype)
        logits: torch.Tensor = self.head((states * weights).sum(1) / weights.sum(1))
        return logits


class SentenceReader(LowRankCrossEncoder):
    """Reads a question and sentences together and says which of these answers it, or that none does.

    Its head has two rows: the first judges the question's pieces, the second those of a sentence.
    """

    inputs = ("ids", "mask", "types", "parts")

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor, parts: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (batch, 1 + MOST_READ): that no sentence answers, and that each does.

        `parts` tells to what a piece belongs: 1 the question, 2 the first sentence and so on, 0 nothing of these.
        """
        numbers = torch.arange(1, MOST_READ + 2).view(1, -1, 1)
        belongs = parts.unsqueeze(1) == numbers
        states = self.states(ids, mask, types)
        count = belongs.sum(2, keepdim=True)
        means = belongs.to(states.dtype) @ states / count.clamp(min=1).to(states.dtype)
        logits = self.head(means).float()
        chosen = torch.cat([logits[:, :1, 0], logits[:, 1:, 1]], dim=1)
        there = (count.squeeze(2) > 0).to(chosen.dtype)
        return chosen * there - _NOT_THERE * (1.0 - there)


def _linear_layers(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """Yield the linear layers that every word piece passes, each with the module that holds it and its name there.

    The pooler of BERT models is left out: its output does not enter the vector.
    """
    for path, parent in model.named_modules():
        if not path.endswith("pooler"):
            for name, child in parent.named_children():
                if isinstance(child, nn.Linear):
                    yield parent, name, child
