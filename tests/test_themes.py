"""The themes of a set of papers."""

from __future__ import annotations

from rag.library import Library
from rag.papers import Paper
from rag.themes import themes_of
from tests.made_up import gadgets


def test_every_paper_has_its_place_in_one_theme(starter: Library) -> None:
    papers = starter.papers()
    themes = themes_of(papers, starter)
    assert 3 <= len(themes) <= 8
    assert sorted(paper.id for theme in themes for paper in theme.papers) == sorted(paper.id for paper in papers)
    sizes = [len(theme.papers) for theme in themes]
    assert sizes == sorted(sizes, reverse=True)


def test_themes_have_terms_of_their_own(starter: Library) -> None:
    themes = themes_of(starter.papers(), starter)
    for theme in themes:
        assert 1 <= len(theme.terms) <= 3
        text = " ".join(f"{paper.plain_title} {paper.abstract}" for paper in theme.papers).lower()
        assert all(word[:4] in text for term in theme.terms for word in term.split())
    assert len({theme.terms for theme in themes}) == len(themes)


def test_what_is_alike_lies_together(library: Library) -> None:
    songs = [
        Paper(f"Songs {n}: Choirs in Winter", f"Choir number {n} sings winter songs in churches. Singers like it.")
        for n in range(6)
    ]
    library.add_papers([*gadgets(6), *songs])
    themes = themes_of(library.papers(), library)
    assert [{paper.title[:5] for paper in theme.papers} for theme in themes] in (
        [{"Gadge"}, {"Songs"}],
        [{"Songs"}, {"Gadge"}],
    )


def test_few_papers_are_one_theme(starter: Library) -> None:
    assert themes_of([], starter) == []
    for count in (1, 2):
        (theme,) = themes_of(starter.papers()[:count], starter)
        assert len(theme.papers) == count
