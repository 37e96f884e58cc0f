"""An answer in a model's words: marks, citations and quotes as it grows."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from rag.answers import Answer, Claim
from rag.composing import Composition
from rag.grounding import GroundedClaim
from rag.papers import Paper, Sentence, sentences_of
from rag.questions import Question
from tests.made_up import gadget


def made_up(number: int, **changes: object) -> tuple[Paper, list[Sentence]]:
    paper = gadget(number, id=f"gadget{number}", **changes)
    return paper, sentences_of(paper)


def claim(text: str, *grounds: tuple[Paper, tuple[Sentence, ...]]) -> GroundedClaim:
    (paper, sentences), *beside = grounds
    ids = tuple(sentence.id for _, its in grounds for sentence in its)
    return GroundedClaim(Claim(text, ids), paper, sentences, tuple(beside))


@pytest.fixture
def answer() -> Composition:
    return Composition(Question("Why?", "Why?", "Why?"), "fact", "a model")


def assert_marks_hold(made: Answer) -> None:
    marks = [int(mark) for mark in re.findall(r"\[(\d+)\]", made.text)]
    assert sorted(set(marks)) == [citation.mark for citation in made.citations]


def test_every_claim_is_followed_by_its_mark(answer: Composition) -> None:
    paper, sentences = made_up(1)
    answer.add(claim("It listens.", (paper, (sentences[0],))))
    answer.add(claim("It sorts.", (paper, (sentences[1],))))
    made = answer.answer()
    assert made.text == "It listens. [1] It sorts. [2]"
    assert [citation.quote for citation in made.citations] == [sentences[0].text, sentences[1].text]
    assert (made.status, made.kind, made.question, made.model) == ("answered", "fact", "Why?", "a model")
    assert_marks_hold(made)


def test_claims_on_the_same_sentences_share_a_mark(answer: Composition) -> None:
    paper, sentences = made_up(1)
    answer.add(claim("It listens.", (paper, (sentences[0],))))
    answer.add(claim("It has ears.", (paper, (sentences[0],))))
    assert answer.answer().text == "It listens. [1] It has ears. [1]"
    assert len(answer.answer().citations) == 1


def test_sentences_that_follow_one_another_are_one_quote_and_others_are_not(answer: Composition) -> None:
    paper, sentences = made_up(1)
    answer.add(claim("It listens and sorts.", (paper, (sentences[0], sentences[1]))))
    answer.add(claim("It listens to a lid.", (paper, (sentences[0], sentences[2]))))
    made = answer.answer()
    assert made.text == "It listens and sorts. [1] It listens to a lid. [2][3]"
    assert [citation.sentence_ids for citation in made.citations] == [
        ("gadget1.s1", "gadget1.s2"),
        ("gadget1.s1",),
        ("gadget1.s3",),
    ]
    assert all(citation.quote in paper.abstract for citation in made.citations)


def test_a_claim_on_two_papers_has_a_mark_for_each(answer: Composition) -> None:
    (one, its), (two, others) = made_up(1), made_up(2)
    answer.add(claim("Both sort.", (one, (its[1],)), (two, (others[1],))))
    made = answer.answer()
    assert made.text == "Both sort. [1][2]"
    assert [citation.paper_id for citation in made.citations] == ["gadget1", "gadget2"]


def test_what_an_answer_was_stays_its_beginning(answer: Composition) -> None:
    (one, its), (two, others) = made_up(1), made_up(2)
    texts = [answer.answer().text]
    answer.add(claim("It listens.", (one, (its[0],))))
    texts.append(answer.answer().text)
    answer.add_quote(claim(its[1].text, (one, (its[1],))))
    texts.append(answer.answer().text)
    answer.add_quote(claim(others[1].text, (two, (others[1],))))
    texts.append(answer.answer().text)
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert len(set(texts)) == len(texts)
    assert_marks_hold(answer.answer())


def test_a_quote_of_a_paper_spoken_of_goes_on_in_the_line_others_have_their_own(answer: Composition) -> None:
    (one, its), (two, others), (three, more) = made_up(1), made_up(2), made_up(3)
    answer.add(claim("It listens.", (one, (its[0],))))
    answer.add_quote(claim(its[1].text, (one, (its[1],))))
    answer.add_quote(claim(others[1].text, (two, (others[1],))))
    answer.add_quote(claim(others[2].text, (two, (others[2],))))
    answer.add_quote(claim(more[1].text, (three, (more[1],))))
    first, _, second, third = answer.answer().text.split("\n")
    assert first == f"It listens. [1] “{its[1].text}” [2]"
    assert second == f"- **{two.title}**: “{others[1].text}” [3] “{others[2].text}” [4]"
    assert third == f"- **{three.title}**: “{more[1].text}” [5]"


def test_there_is_room_for_the_first_claim_and_for_few_quotes_more(answer: Composition) -> None:
    paper, sentences = made_up(
        1, abstract=f"It {'rolls and ' * 50} stops. It {'stops and ' * 40} rolls. It sorts marbles."
    )
    long, longer = (claim("It rolls.", (paper, (each,))) for each in sentences[:2])
    assert answer.has_room_for(longer)
    answer.add(long)
    assert not answer.has_room_for(longer)
    assert answer.has_room_for(claim("It rolls on.", (paper, (sentences[0],))))  # quoted already
    assert answer.has_room_for(claim("It sorts.", (paper, (sentences[2],))))


def test_a_reference_in_an_abstract_is_no_mark(answer: Composition) -> None:
    paper, sentences = made_up(1, abstract="It sorts marbles as shown in [3] and [12, 14].")
    answer.add_quote(claim(sentences[0].text, (paper, (sentences[0],))))
    assert_marks_hold(answer.answer())
    assert "as shown in" in answer.answer().text
