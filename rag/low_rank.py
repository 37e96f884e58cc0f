"""A question adapter inside a torch model. Imports torch: only the export and the training import this."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from rag.question_adapter import QuestionAdapter


class Switch:
    """How far the adapter acts on each text of the batch that is being encoded: 0 not at all, 1 as trained."""

    def __init__(self) -> None:
        self.share = torch.zeros(1)  # shape (batch,)


class LowRankLinear(nn.Module):
    """A linear layer W x + s B A x, where s is the switch's share."""

    def __init__(self, linear: nn.Linear, rank: int, switch: Switch) -> None:
        super().__init__()
        self.linear = linear
        self.a = nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))  # zero: nothing changes before training
        self._switch = switch

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output for x of shape (batch, tokens, inputs)."""
        changed: torch.Tensor = self.linear(x) + self._switch.share[:, None, None] * (x @ self.a.T @ self.b.T)
        return changed


class AdaptedEncoder(nn.Module):
    """A sentence-transformers model with an adapter that is switched on or off for each text."""

    def __init__(self, model: nn.Module, dimension: int, rank: int) -> None:
        super().__init__()
        self.model = model
        self._switch = Switch()
        self.layers = [self._replace(*place, rank) for place in list(_linear_layers(model))]
        self.matrix = nn.Parameter(torch.zeros(dimension, dimension))

    @classmethod
    def with_adapter(cls, model: nn.Module, adapter: QuestionAdapter) -> AdaptedEncoder:
        """Return the model with a trained adapter."""
        encoder = cls(model, len(adapter.matrix), adapter.factors[0][0].shape[0])
        with torch.no_grad():
            for layer, (a, b) in zip(encoder.layers, adapter.factors, strict=True):
                layer.a.copy_(torch.from_numpy(a))
                layer.b.copy_(torch.from_numpy(b))
            encoder.matrix.copy_(torch.from_numpy(adapter.matrix))
        return encoder

    def adapter(self, name: str) -> QuestionAdapter:
        """Return the adapter as it is now, for the model of that name."""
        factors = tuple((layer.a.detach().numpy().copy(), layer.b.detach().numpy().copy()) for layer in self.layers)
        return QuestionAdapter(name, factors, self.matrix.detach().numpy().copy())

    def adapted_parameters(self) -> list[nn.Parameter]:
        """Return what training changes."""
        return [self.matrix, *(parameter for layer in self.layers for parameter in (layer.a, layer.b))]

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
        """Return unit vectors, shape (batch, dimension), of word-piece ids, with the adapter's share in each."""
        self._switch.share = share
        features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
        vectors = nn.functional.normalize(features["sentence_embedding"], dim=1)
        return nn.functional.normalize(vectors + share[:, None] * (vectors @ self.matrix.T), dim=1)

    def _replace(self, parent: nn.Module, name: str, linear: nn.Linear, rank: int) -> LowRankLinear:
        layer = LowRankLinear(linear, rank, self._switch)
        setattr(parent, name, layer)
        return layer


def _linear_layers(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """Yield the linear layers that every word piece passes, each with the module that holds it and its name there.

    The pooler of BERT models is left out: its output does not enter the vector.
    """
    for path, parent in model.named_modules():
        if not path.endswith("pooler"):
            for name, child in parent.named_children():
                if isinstance(child, nn.Linear):
                    yield parent, name, child
