"""Words of a question that the library spells otherwise."""

from __future__ import annotations

import pytest

from rag.library import Library
from rag.spelling import corrected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dense retreival of passages", "dense retrieval of passages"),
        ("How does instruction tunning work?", "How does instruction tuning work?"),
        ("federatd learning", "federated learning"),
        ("generalisation and quantisation", "generalization and quantization"),
    ],
)
def test_slips_and_british_spellings_become_the_librarys(starter: Library, text: str, expected: str) -> None:
    assert corrected(text, starter) == expected


@pytest.mark.parametrize(
    "text", ["fine-tuning large models", "What does LongLora do?", "zzzqqqx", "roast goose at Christmas", ""]
)
def test_right_words_names_and_strangers_stay(starter: Library, text: str) -> None:
    assert corrected(text, starter) == text


def test_an_empty_library_corrects_nothing(library: Library) -> None:
    assert corrected("dense retreival", library) == "dense retreival"
