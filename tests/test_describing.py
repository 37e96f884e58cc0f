"""Papers that a text describes instead of naming them."""

from __future__ import annotations

import pytest

from rag.describing import paper_by_terms, paper_described, papers_by_phrase, papers_described
from rag.library import Library

SPECTROGRAMS = "Parameter-Efficient Transfer Learning of Audio Spectrogram Transformers"
TURKISH = "Fine-tuning Transformer-based Encoder for Turkish Language Understanding Tasks"
SEISMIC = "Seismic Arrival-time Picking on Distributed Acoustic Sensing Data using Semi-supervised Learning"
CONTRASTIVE = "Unsupervised Dense Information Retrieval with Contrastive Learning"


def titles(found: dict[str, str], library: Library) -> list[str]:
    return [library.get(paper_id).plain_title for paper_id in found]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("What does the study of audio spectrogram transformers report?", SPECTROGRAMS),
        ("How well does the paper about Turkish language understanding do?", TURKISH),
        ("What does the paper on seismic arrival times find?", SEISMIC),
        ("Which languages do WebFAQ and the Turkish study cover?", TURKISH),  # a rare word of the title is enough
        ("How large are the datasets of LVD-2M and the Turkish paper?", TURKISH),
    ],
)
def test_the_study_of_something_is_the_paper_about_it(starter: Library, text: str, title: str) -> None:
    found = papers_described(text, starter)
    assert titles(found, starter) == [title]
    assert papers_described(text, starter, known=tuple(found)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "What does the paper find?",
        "the cooking paper",
        "the language paper",
        "the second study",
        "a Turkish paper",
        "How do I fry an egg?",
        "What is the language understanding of Turkish in this paper?",
        "Are the seismic arrival times of the paper right?",
    ],
)
def test_what_describes_no_paper_of_the_library_finds_none(starter: Library, text: str) -> None:
    assert papers_described(text, starter) == {}


def test_a_description_must_single_out_one_paper(starter: Library) -> None:
    described = paper_described("audio spectrogram transformers", starter)
    assert described is not None
    assert starter.get(described).plain_title == SPECTROGRAMS
    assert paper_described("large language models", starter) is None
    assert paper_described("marbles", starter) is None


@pytest.mark.parametrize(
    ("text", "title", "phrase"),
    [
        ("What accuracy does moment probing reach?", "Tuning Pre-trained Model via Moment Probing", "moment probing"),
        (
            "How does hierarchical side tuning work?",
            "Hierarchical Side-Tuning for Vision Transformers",
            "hierarchical side tuning",
        ),
    ],
)
def test_words_side_by_side_in_one_title_name_it(starter: Library, text: str, title: str, phrase: str) -> None:
    found = papers_by_phrase(text, starter)
    assert titles(found, starter) == [title]
    assert list(found.values()) == [phrase]


def test_words_side_by_side_in_many_titles_name_none(starter: Library) -> None:
    assert papers_by_phrase("What is prompt tuning?", starter) == {}


def test_latin_terms_in_another_script_find_their_paper(starter: Library) -> None:
    assert titles(paper_by_terms("كيف يقارن BEIR و BM25؟", starter), starter) == [CONTRASTIVE]
    assert paper_by_terms("ما هو الطقس؟", starter) == {}
