"""Names of systems, methods and datasets: in papers, and in questions."""

from __future__ import annotations

import pytest

from rag.catalogue import Standing
from rag.library import Library
from rag.names import has_name_shape, names_of, question_names
from rag.papers import Paper


@pytest.mark.parametrize("token", ["LongLoRA", "S2FT", "GPT-4", "mLoRA", "HFT", "LLaMA2", "BERT"])
def test_what_looks_like_a_name(token: str) -> None:
    assert has_name_shape(token)


@pytest.mark.parametrize("token", ["marbles", "Marbles", "Fine-Tuning", "A", "2024", "well-known", "3rd"])
def test_what_does_not_look_like_a_name(token: str) -> None:
    assert not has_name_shape(token)


def test_a_paper_has_its_names_with_their_standing() -> None:
    paper = Paper(
        "MarbleSort: Sorting with EarNet",
        "Sorting is hard. We present JarLid, which beats GlassBERT. GlassBERT is slow. It is tested on TableTop.",
    )
    standing = {name.name: name.standing for name in names_of(paper)}
    assert standing["MarbleSort"] is Standing.TITLE_HEAD
    assert standing["EarNet"] is Standing.TITLE
    assert standing["JarLid"] is Standing.BROUGHT_IN
    assert standing["GlassBERT"] is Standing.REPEATED
    assert standing["TableTop"] is Standing.MENTIONED


def test_an_acronym_brings_its_long_form() -> None:
    names = {
        name.name for name in names_of(Paper("HFT: Half Fine-Tuning for Marbles", "Half of all marbles are tuned."))
    }
    assert {"HFT", "Half Fine-Tuning"} <= names


def test_the_long_form_of_a_common_acronym_is_no_name_of_a_paper() -> None:
    paper = Paper("Telly: Marbles", "We propose Telly, and introduce self-supervised learning (SSL) for marbles.")
    standing = {name.name: name.standing for name in names_of(paper)}
    assert standing["Telly"] == Standing.TITLE_HEAD
    assert "self-supervised learning" not in standing
    assert standing["SSL"] == Standing.MENTIONED


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("What is LongLoRA?", "longlora"),
        ("what does longlora do", "longlora"),
        ("How does S$^{2}$FT save memory?", "s2ft"),
        ("How does s2-ft save memory?", "s2ft"),
        ("Who made Half Fine-Tuning?", "halffinetuning"),
    ],
)
def test_names_in_questions_are_found_in_any_spelling(starter: Library, question: str, key: str) -> None:
    assert key in question_names(question, starter.embedder.is_ordinary_word)


def test_ordinary_words_are_no_names(starter: Library) -> None:
    names = question_names("Does the machine use less memory?", starter.embedder.is_ordinary_word)
    assert not {"less", "memory", "machine", "does", "the", "use"}.intersection(names)
