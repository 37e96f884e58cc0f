"""What the cited sentences do not carry does not leave."""

from __future__ import annotations

import pytest

from rag.answers import Claim, Draft
from rag.grounding import check
from rag.library import Library
from rag.papers import Sentence
from tests.made_up import gadgets


@pytest.fixture
def sentences(library: Library) -> list[Sentence]:
    """The sentences of a made-up paper that is in the library."""
    library.add_papers(gadgets(2))
    return library.sentences(library.papers()[1])


def passed(library: Library, *claims: Claim) -> list[str]:
    return [grounded.claim.text for grounded in check(Draft("fact", claims), library)]


def test_a_sentence_carries_itself(library: Library, sentences: list[Sentence]) -> None:
    claim = Claim(sentences[1].text, (sentences[1].id,))
    (grounded,) = check(Draft("fact", (claim,)), library)
    assert grounded.claim == claim
    assert grounded.paper.id == sentences[1].paper_id
    assert grounded.sentences == (sentences[1],)


def test_neighbours_carry_what_they_say_together(library: Library, sentences: list[Sentence]) -> None:
    claim = Claim(f"{sentences[0].text} {sentences[1].text}", (sentences[0].id, sentences[1].id))
    assert passed(library, claim) == [claim.text]


def test_what_the_sentence_does_not_say_is_dropped(library: Library, sentences: list[Sentence]) -> None:
    true = Claim(sentences[1].text, (sentences[1].id,))
    wrong_number = Claim(sentences[1].text.replace("1001", "1002"), (sentences[1].id,))
    wrong_source = Claim(sentences[1].text, (sentences[0].id,))
    half = Claim(sentences[1].text, (sentences[1].id, sentences[2].id))
    assert passed(library, wrong_number, true, wrong_source, half) == [true.text]


@pytest.mark.parametrize("sentence_id", ["", "s1", "no-such-paper.s1", "no-such-paper"])
def test_invented_citations_are_dropped(library: Library, sentences: list[Sentence], sentence_id: str) -> None:
    assert passed(library, Claim(sentences[0].text, (sentence_id,))) == []
    assert passed(library, Claim(sentences[0].text, ())) == []


def test_a_sentence_number_beyond_the_abstract_is_dropped(library: Library, sentences: list[Sentence]) -> None:
    assert passed(library, Claim(sentences[0].text, (f"{sentences[0].paper_id}.s99",))) == []


def test_an_invented_id_beside_a_real_one_fails_the_claim(library: Library, sentences: list[Sentence]) -> None:
    assert passed(library, Claim("Marbles are blue.", (sentences[0].id, "no-such-paper.s1"))) == []
