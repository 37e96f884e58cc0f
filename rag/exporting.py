"""Torch models to ONNX files in the cache directory, whole or not at all.

A model that runs from an ONNX file starts in a tenth of a second; importing torch alone takes twenty times as long.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_DONE = "card.json"


def is_exported(directory: Path) -> bool:
    """Return whether the directory has a whole export."""
    return (directory / _DONE).exists()


def export_once(directory: Path, write: Callable[[Path], None]) -> None:
    """Make `directory` with what `write` puts into a directory that it is given (a card.json among it), all or nothing.

    Where two processes export at the same time the first one wins; their exports are the same.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".export-"))
    try:
        write(scratch)
        try:
            scratch.replace(directory)
        except OSError:
            if not is_exported(directory):
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_graph(module: torch.nn.Module, inputs: dict[str, torch.Tensor], output: str, target: Path) -> None:
    """Write the module, called with the inputs in their order, as an ONNX graph.

    The first axis of everything is the batch; the second axis of whole numbers are tokens.
    """
    import torch

    axes = {
        name: {0: "batch"} if tensor.is_floating_point() else {0: "batch", 1: "tokens"}
        for name, tensor in inputs.items()
    }
    with quiet(), torch.no_grad():
        # The graph tracer of torch needs no package beside `onnx`; its successor needs a compiler of its own.
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            str(target),
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes={**axes, output: {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def write_small_integers(graph: Path, target: Path) -> None:
    """Write the graph of a file with weights in 8-bit integers; what meets them is rounded as it comes.

    Dynamic quantization with a scale for each output (Jacob et al. 2018, arXiv:1712.05877): more than twice as quick,
    a quarter of the size.
    """
    with quiet():
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(graph, target, weight_type=QuantType.QInt8, per_channel=True)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the start-up chatter of torch and transformers (bars, deprecations) off the terminal."""
    disabled = logging.root.manager.disable
    bars = os.environ.get("HF_HUB_DISABLE_PROGRESS_BARS")
    logging.disable(logging.WARNING)
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if bars is None:
            os.environ.pop("HF_HUB_DISABLE_PROGRESS_BARS", None)
        logging.disable(disabled)
