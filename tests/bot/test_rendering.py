"""Answers as pages: whole claims, their marks beside them, their papers with them, within Discord's limits."""

from __future__ import annotations

import re

import pytest

from bot.inert import size
from bot.rendering import (
    PAGE_CHARACTERS,
    PAGE_PAPERS,
    about_embed,
    answer_embeds,
    pages_of,
    paper_embed,
    papers_embed,
    web_address,
)
from rag.answers import Answer, Citation
from rag.papers import Paper, sentences_of
from tests.bot.bot_running import cited_answer, plain_answer


def list_answer(papers: int, words: int) -> Answer:
    """Return an answer of the form that rag gives to lists: a lead, then a bullet a paper."""
    citations = tuple(
        Citation(n, f"p{n}", f"Paper {n}: a_title*", None, f"quote {n}", (f"p{n}.s1",)) for n in range(1, papers + 1)
    )
    bullets = [f"- **{each.title}**: {'word ' * words}end. [{each.mark}]" for each in citations]
    return Answer("\n".join(["Some papers fit:", "", *bullets]), "answered", "list", citations=citations)


@pytest.mark.parametrize(("papers", "words"), [(1, 5), (9, 20), (30, 10), (30, 150), (3, 700)])
def test_pages_hold_whole_claims_with_their_own_citations(papers: int, words: int) -> None:
    answer = list_answer(papers, words)
    pages = pages_of(answer)
    assert [each for page in pages for each in page.citations] == list(answer.citations)
    for page in pages:
        assert size(page.text) <= PAGE_CHARACTERS
        assert len(page.paper_ids) <= PAGE_PAPERS
        assert [int(mark) for mark in re.findall(r"\[(\d+)\]", page.text)] == [each.mark for each in page.citations]
        for each in page.citations:
            assert f"- **Paper {each.mark}: a\\_title\\***: " in page.text
        assert page.text.endswith("]") or page is pages[0] is pages[-1]


def test_words_of_a_claim_are_all_shown_though_it_is_longer_than_a_page() -> None:
    answer = cited_answer((" ".join(f"w{number}" for number in range(3_000)), "p1"))
    pages = pages_of(answer)
    assert len(pages) > 1
    assert " ".join(page.text for page in pages).removesuffix(" [1]").split() == [f"w{n}" for n in range(3_000)]
    assert all(page.citations == answer.citations for page in pages)
    for text in ("\\" * 9_000, "x" * 9_000, "😀" * 9_000, "`" * 9_000):
        assert all(size(page.text) <= PAGE_CHARACTERS for page in pages_of(cited_answer((text, "p1"))))


def test_heading_goes_with_what_stands_under_it() -> None:
    citations = (Citation(1, "p1", "One", None, "q", ("p1.s1",)), Citation(2, "p2", "Two", None, "q", ("p2.s1",)))
    long = "word " * 650
    text = f"**first theme**\n- **One**: {long}. [1]\n\n**second theme**\n- **Two**: {long}. [2]"
    first, second = pages_of(Answer(text, "answered", "overview", citations=citations))
    assert first.text.startswith("**first theme**\n- **One**: ")
    assert "second" not in first.text
    assert second.text.startswith("**second theme**\n- **Two**: ")


def test_what_only_looks_like_markup_of_the_answer_is_inert() -> None:
    answer = cited_answer(("See [9] and [1](https://evil.example) **bold**", "p1"))
    text = pages_of(answer)[0].text
    assert text == "See \\[9\\] and \\[1\\](https:\u200b//evil.example) \\*\\*bold\\*\\* [1]"


def test_empty_text_is_a_page() -> None:
    assert len(pages_of(plain_answer(""))) == 1


def test_embeds_stay_within_the_limits() -> None:
    answer = list_answer(40, 80)
    answer = Answer(answer.text, "answered", "list", citations=answer.citations, question="q" * 3_000, note="n" * 3_000)
    embeds = answer_embeds(answer, pages_of(answer), "_" * 1_000, title=True)
    for embed in embeds:
        assert size(embed.description or "") <= 4_096
        assert size(embed.title or "") <= 256
        assert len(embed) <= 6_000
    assert "understood as" in (embeds[0].description or "")
    assert "nnn" in (embeds[-1].description or "")


@pytest.mark.parametrize("quoted", [1, 40, 80])
def test_long_abstract_keeps_its_quoted_sentence(quoted: int) -> None:
    paper = Paper("T", " ".join(f"This is sentence number {n} of it{' and on' * 20}." for n in range(1, 81)), id="p")
    embed = paper_embed(paper, sentences_of(paper), frozenset({f"p.s{quoted}"}))
    assert f"**This is sentence number {quoted} of it" in (embed.description or "")
    assert size(embed.description or "") <= 4_096


def test_list_and_about_stay_within_the_limits() -> None:
    assert len(papers_embed(["*" * 500] * 10, "`" * 80, 0, 134)) <= 6_000
    assert len(papers_embed(["😀" * 500] * 10, "", 0, 134).description or "") <= 4_096
    assert len(about_embed(papers=1, collection="@everyone", model="m" * 100, keep_days=1)) <= 6_000


@pytest.mark.parametrize(
    ("url", "well"),
    [
        ("https://papers.example/1", True),
        ("http://papers.example", True),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://x.example/" + "a" * 600, False),
        ("https://x.example/a b", False),
        ("https://x.example/\u202ea", False),
        ("https://[", False),
        (None, False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_become_links(url: str | None, well: bool) -> None:
    assert (web_address(url) == url) if well else web_address(url) is None
