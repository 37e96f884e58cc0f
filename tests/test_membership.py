"""Which papers of a library belong under a topic."""

from __future__ import annotations

import pytest

from rag.kinds import Topic, topic_of
from rag.library import Library
from rag.membership import SIGNS, members, signs, topic_weights
from tests.made_up import gadgets


def heads(question: str, library: Library) -> set[str]:
    return {member.paper.plain_title.split(":")[0].strip() for member in members(topic_of(question), library)}


def test_all_papers_of_a_topic_are_found(starter: Library) -> None:
    retrieval = heads("which papers are about dense retrieval?", starter)
    assert {
        "Mamba Retriever",
        "Soft Prompt Tuning for Augmenting Dense Retrieval with Large Language Models",
        "Unsupervised Dense Information Retrieval with Contrastive Learning",
        "Optimizing Dense Retrieval Model Training with Hard Negatives",
        "WebFAQ",
    } <= retrieval
    assert len(retrieval) <= 12
    experts = heads("list all papers on mixture of experts", starter)
    assert {"MixLoRA", "BAM! Just Like That", "Sparse MoE as the New Dropout"} <= experts
    videos = heads("papers on long video generation", starter)
    assert {"FreeNoise", "CoNo", "LVD-2M"} <= videos


@pytest.mark.parametrize(
    ("question", "head"), [("any papers on music?", "JEN-1 DreamStyler"), ("papers on federated tuning", "Ferret")]
)
def test_a_small_topic_has_few_papers(starter: Library, question: str, head: str) -> None:
    found = heads(question, starter)
    assert head in found
    assert len(found) <= 4


@pytest.mark.parametrize(
    "question",
    [
        "which papers are about cooking?",
        "papers about quantum chemistry",
        "Which papers are about football?",
        "which papers mention zebras?",
    ],
)
def test_a_topic_that_is_not_there_has_no_papers(starter: Library, question: str) -> None:
    assert members(topic_of(question), starter) == []


def test_members_come_surest_first_with_a_sentence_of_their_own(starter: Library) -> None:
    found = members(topic_of("which papers are about dense retrieval?"), starter)
    sureness = [member.probability for member in found]
    assert sureness == sorted(sureness, reverse=True)
    for member in found:
        assert 0 < member.probability <= 1
        assert member.sentence in starter.sentences(member.paper)


def test_widely_finds_no_fewer(starter: Library) -> None:
    topic = topic_of("papers on long video generation")
    narrow = {member.paper.id for member in members(topic, starter)}
    assert narrow <= {member.paper.id for member in members(topic, starter, widely=True)}


@pytest.mark.parametrize(
    ("question", "word"), [("which papers mention Mamba?", "mamba"), ('Which papers mention "music"?', "music")]
)
def test_words_asked_for_literally_stand_in_just_the_papers_found(starter: Library, question: str, word: str) -> None:
    having = {p.plain_title for p in starter.papers() if word in f"{p.title} {p.abstract}".lower()}
    found = members(topic_of(question), starter)
    assert {member.paper.plain_title for member in found} == having
    assert all(word in f"{member.paper.title} {member.sentence.text}".lower() for member in found)


def test_words_asked_for_in_the_title_stand_there(starter: Library) -> None:
    found = members(topic_of('Which papers have "Dense Retrieval" in the title?'), starter)
    expected = {p.title for p in starter.papers() if "dense retrieval" in p.title.lower()}
    assert {member.paper.title for member in found} == expected


def test_british_spelling_finds_american(library: Library) -> None:
    (paper, *_) = papers = gadgets(3)
    library.add_papers(papers)
    abstract = "We study the quantization of marbles."
    library.add_papers([type(paper)("Small Marbles: A Study", abstract)])
    found = members(Topic("quantisation", literal=True, in_title=False), library)
    assert [member.sentence.text for member in found] == [abstract]


def test_an_empty_library_has_no_members(library: Library) -> None:
    assert members(Topic("dense retrieval", literal=False, in_title=False), library) == []
    assert members(Topic("LoRA", literal=True, in_title=False), library) == []


def test_signs_have_a_row_a_paper(starter: Library) -> None:
    found = signs(Topic("dense retrieval", literal=False, in_title=False), starter)
    assert found.signs.shape == (len(found.papers), len(SIGNS))
    assert len(found.sentences) == len(found.papers)
    assert found.signs[:, SIGNS.index("behind_best")].max() == 0
    assert found.signs[:, SIGNS.index("coverage_behind_best")].max() == 0


def test_rare_words_of_a_topic_weigh_more_and_its_frame_nothing(starter: Library) -> None:
    weights = topic_weights("papers about Turkish models", starter)
    assert sum(weights.values()) == pytest.approx(1)
    assert len(weights) == 2
    assert max(weights, key=weights.__getitem__) == "turkish"
    assert topic_weights("", starter) == {}
