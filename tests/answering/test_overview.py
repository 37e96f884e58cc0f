"""Overviews by theme."""

from __future__ import annotations

import re

from rag.answering.overview import answer_overview
from rag.answers import Draft
from rag.library import Library
from rag.questions import understand


def overview(question: str, library: Library) -> Draft:
    return answer_overview(understand(question, (), library), library)


def test_the_whole_library_falls_into_themes(starter: Library) -> None:
    draft = overview("give me an overview of the collection", starter)
    headings = list(dict.fromkeys(claim.heading for claim in draft.claims))
    assert draft.kind == "overview"
    assert draft.lead == f"The 134 papers of this library fall into {len(headings)} themes:"
    sizes = [int(match[1]) for heading in headings if (match := re.search(r"\((\d+) papers?\)$", heading))]
    assert len(sizes) == len(headings) >= 3
    assert sum(sizes) == 134


def test_a_theme_shows_few_papers_each_with_its_own_sentence(starter: Library) -> None:
    draft = overview("give me an overview of the collection", starter)
    shown = [claim.sentence_ids[0].rpartition(".s")[0] for claim in draft.claims]
    assert len(set(shown)) == len(shown)
    for heading in {claim.heading for claim in draft.claims}:
        assert 1 <= sum(claim.heading == heading for claim in draft.claims) <= 3


def test_a_topic_has_only_its_papers(starter: Library) -> None:
    draft = overview("Give me an overview of the papers on dense retrieval", starter)
    match = re.match(r"(\d+) of the 134 papers", draft.lead)
    assert match
    assert 5 <= int(match[1]) <= 20
    titles = [starter.get(claim.sentence_ids[0].rpartition(".s")[0]).title for claim in draft.claims]
    assert sum("Retriev" in title for title in titles) >= len(titles) / 2


def test_a_topic_of_nothing_is_declined(starter: Library) -> None:
    draft = overview("give me an overview of the papers on cooking", starter)
    assert draft == Draft("decline", reason="not_in_library")
