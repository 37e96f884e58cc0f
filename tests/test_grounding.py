"""What the cited sentences do not carry does not leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.answers import Claim, Draft, DroppedClaim, Evidence
from rag.grounding import ClaimCheck, Verdict, check
from rag.library import Library
from rag.papers import Paper, Sentence, sentences_of
from tests.made_up import gadget, gadgets
from tests.scripted import WORDS_NEEDED, shares_of_words


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


# --------------------------------------------------------------------------- claims in a model's words

LISTENS, SORTS, LID = range(3)


def evidence_of(*papers: Paper) -> list[Evidence]:
    return [Evidence(sentence, paper, 0.0) for paper in papers for sentence in sentences_of(paper)]


def made_up(number: int) -> Paper:
    return gadget(number, id=f"gadget{number}")


@pytest.fixture
def one() -> list[Evidence]:
    return evidence_of(made_up(1))


@pytest.fixture
def two() -> list[Evidence]:
    return evidence_of(made_up(1), made_up(2))


def check_of(evidence: list[Evidence]) -> ClaimCheck:
    return ClaimCheck(evidence, shares_of_words, WORDS_NEEDED)


def shown_ids(verdict: Verdict) -> list[str]:
    assert verdict.shown
    return [sentence.id for _, its in verdict.shown.grounds for sentence in its]


def why_dropped(verdict: Verdict) -> str:
    assert verdict.dropped
    return verdict.dropped.why


def test_a_claim_in_other_words_is_shown_with_its_sentence(one: list[Evidence]) -> None:
    verdict = check_of(one).verdict("Gadget1 sorts 1,001 marbles a minute.", [one[SORTS]])
    assert verdict.dropped is None
    assert verdict.shown
    assert verdict.shown.claim.text == "Gadget1 sorts 1,001 marbles a minute."
    assert verdict.shown.claim.sentence_ids == ("gadget1.s2",)
    assert verdict.shown.paper.id == "gadget1"
    assert shown_ids(verdict) == ["gadget1.s2"]


def test_of_the_sentences_named_only_those_that_it_takes_are_cited(one: list[Evidence]) -> None:
    verdict = check_of(one).verdict("Gadget1 sorts 1001 marbles a minute.", [one[LID], one[SORTS], one[LISTENS]])
    assert shown_ids(verdict) == ["gadget1.s2"]


def test_sentences_carry_together_what_none_carries_alone(one: list[Evidence]) -> None:
    text = "It sorts 1001 marbles a minute with a microphone from the lid of jar 5001."
    assert shown_ids(check_of(one).verdict(text, [one[LID], one[SORTS]])) == ["gadget1.s2", "gadget1.s3"]


def test_at_most_three_sentences_count(one: list[Evidence]) -> None:
    evidence = evidence_of(gadget(1, id="gadget1", abstract=f"{made_up(1).abstract} Its table weighed 77 kilos."))
    text = "Gadget1 sorts 1001 marbles a minute with the lid of jar 5001 on a table that weighed 77 kilos."
    verdict = check_of(evidence).verdict(text, evidence)
    assert why_dropped(verdict) == "its sentences do not give 77"
    assert shown_text(verdict) != text


def shown_text(verdict: Verdict) -> str:
    return verdict.shown.claim.text if verdict.shown else ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Gadget1 sorts 1002 marbles a minute on a kitchen table.", "its sentences do not give 1002"),
        ("Gadget1 sorts 1001 marbles a minute, 12% more than others.", "its sentences do not give 12%"),
        ("Gadget1 sorts 1001 marbles a minute, twice as many as others.", "its sentences do not give twice"),
        ("Gadget1 sorts 1001k marbles a minute on a kitchen table.", "its sentences do not give 1001k"),
        ("Gadget1 sorts 1001 marbles a minute with BERT.", "its sentences do not mention BERT"),
        ("Gadget3 sorts 1001 marbles a minute on a kitchen table.", "its sentences do not mention Gadget3"),
    ],
)
def test_an_amount_or_name_of_its_own_fails_a_claim_and_its_sentence_is_quoted_instead(
    one: list[Evidence], text: str, why: str
) -> None:
    verdict = check_of(one).verdict(text, [one[SORTS]])
    assert why_dropped(verdict) == why
    assert verdict.dropped == DroppedClaim(text, ("gadget1.s2",), why)
    assert shown_text(verdict) == f"“{one[SORTS].sentence.text}”"
    assert shown_ids(verdict) == ["gadget1.s2"]


def test_a_claim_that_turns_round_who_does_better_gives_way_to_its_sentence() -> None:
    told = evidence_of(Paper("Alphabet: Sorting", "Alphabet clearly outperforms old sieves on marbles.", id="alphabet"))
    verdict = check_of(told).verdict("Old sieves clearly outperform Alphabet on marbles.", told)
    assert why_dropped(verdict) == "it turns round what does better than what"
    assert shown_text(verdict) == f"“{told[0].sentence.text}”"
    assert check_of(told).verdict("Alphabet outperforms old sieves on marbles.", told).dropped is None


def test_what_has_nothing_to_do_with_its_sentence_is_dropped_without_a_quote(one: list[Evidence]) -> None:
    verdict = check_of(one).verdict("Penguins swim in cold water near the pole.", [one[SORTS]])
    assert verdict.shown is None
    assert "do not carry it (score 0.00, needed 0.80)" in why_dropped(verdict)


def test_a_claim_that_names_the_wrong_sentence_and_misquotes_another_gives_that_ones_quote(one: list[Evidence]) -> None:
    text = "Gadget1 sorts 1001 shiny glass marbles a minute."
    verdict = check_of(one).verdict(text, [one[SORTS + 1]])
    assert why_dropped(verdict) == "its sentences do not give 1001"
    assert shown_text(verdict) == f"“{one[SORTS].sentence.text}”"


def test_a_sentence_that_a_claim_does_not_name_is_not_quoted_for_a_word_or_two(one: list[Evidence]) -> None:
    verdict = check_of(one).verdict("Gadget1 sorts green doors by colour on winter mornings.", [one[SORTS + 1]])
    assert verdict.shown is None


def test_the_same_quote_takes_the_place_of_one_claim_only(one: list[Evidence]) -> None:
    check_it = check_of(one)
    assert check_it.verdict("Gadget1 sorts 1002 marbles a minute.", [one[SORTS]]).shown
    again = check_it.verdict("Gadget1 sorts 1003 marbles a minute.", [one[SORTS]])
    assert again.shown is None
    assert why_dropped(again) == "its sentences do not give 1003"


def test_a_sentence_that_a_claim_cites_is_not_quoted_beside_it(one: list[Evidence]) -> None:
    check_it = check_of(one)
    assert check_it.verdict("Gadget1 sorts 1001 marbles a minute.", [one[SORTS]]).shown
    assert check_it.verdict("Gadget1 sorts 1003 marbles a minute.", [one[SORTS]]).shown is None


def test_what_is_said_of_one_paper_does_not_rest_on_another(two: list[Evidence]) -> None:
    verdict = check_of(two).verdict("Gadget2 sorts 1001 marbles a minute.", [two[SORTS]])
    assert why_dropped(verdict) == "its sentences do not mention Gadget2"
    assert shown_text(verdict) != "Gadget2 sorts 1001 marbles a minute."


def test_a_name_in_small_letters_counts_as_the_papers(two: list[Evidence]) -> None:
    verdict = check_of(two).verdict("The machine gadget2 sorts 1001 marbles a minute.", [two[SORTS]])
    assert why_dropped(verdict) == "it speaks of Gadget2 and rests on another paper"


def test_a_paper_may_speak_of_another_that_it_mentions() -> None:
    rival = Paper("Rival: Faster Marbles", "We present Rival. Rival sorts more marbles than Gadget1 does.", id="rival")
    evidence = evidence_of(rival, made_up(1))
    verdict = check_of(evidence).verdict("Rival sorts more marbles than Gadget1.", [evidence[1]])
    assert shown_ids(verdict) == ["rival.s2"]


def test_a_claim_on_two_papers_cites_both(two: list[Evidence]) -> None:
    text = "Gadget1 sorts 1001 marbles a minute and Gadget2 sorts 1002 marbles a minute."
    verdict = check_of(two).verdict(text, [two[3 + SORTS], two[SORTS]])
    assert verdict.shown
    assert [paper.id for paper, _ in verdict.shown.grounds] == ["gadget2", "gadget1"]
    assert verdict.shown.claim.sentence_ids == ("gadget2.s2", "gadget1.s2")


def test_an_amount_does_not_pass_from_one_cited_paper_to_the_other(two: list[Evidence]) -> None:
    text = "Gadget1 sorts 1002 marbles a minute on a kitchen table."
    verdict = check_of(two).verdict(text, [two[SORTS], two[3 + SORTS]])
    assert verdict.dropped
    assert shown_text(verdict) != text


def test_a_word_is_not_taken_for_a_paper_whose_name_it_is() -> None:
    less = Paper("LESS: Choosing Marbles", "We present LESS. LESS chooses marbles by weight.", id="less")
    evidence = evidence_of(gadget(1, id="gadget1", abstract="Gadget1 makes little noise on a kitchen table."), less)
    assert check_of(evidence).verdict("Gadget1 makes less noise on a kitchen table.", evidence[:1]).dropped is None
    told = check_of(evidence).verdict("LESS makes little noise on a kitchen table.", evidence[:1])
    assert why_dropped(told) == "its sentences do not mention LESS"


def test_a_claim_that_names_the_wrong_sentence_is_mended(one: list[Evidence]) -> None:
    verdict = check_of(one).verdict("Gadget1 sorts 1001 marbles a minute.", [one[LID]])
    assert verdict.dropped is None
    assert shown_ids(verdict) == ["gadget1.s2"]
    assert shown_text(verdict) == "Gadget1 sorts 1001 marbles a minute."


def test_a_claim_that_names_no_sentence_is_shown_only_if_one_carries_it(two: list[Evidence]) -> None:
    check_it = check_of(two)
    assert shown_ids(check_it.verdict("Gadget2 sorts 1002 marbles a minute.", [])) == ["gadget2.s2"]
    dropped = check_it.verdict("Gadget2 sorts 1003 marbles a minute.", [])
    assert dropped.shown is None
    assert why_dropped(dropped) == "it names no sentence"


def test_without_evidence_nothing_is_shown() -> None:
    verdict = check_of([]).verdict("Gadget1 sorts marbles.", [])
    assert verdict.shown is None
    assert why_dropped(verdict) == "it names no sentence"


def test_what_was_said_is_not_said_again(one: list[Evidence]) -> None:
    check_it = check_of(one)
    assert check_it.verdict("Gadget1 sorts 1001 marbles a minute.", [one[SORTS]]).shown
    again = check_it.verdict("gadget1 sorts 1,001 marbles a minute!", [one[SORTS]])
    assert again.shown is None
    assert why_dropped(again) == "it was said before"


def test_the_quote_in_place_of_a_claim_is_without_latex() -> None:
    evidence = evidence_of(Paper("S$^{2}$FT: Sorting", r"S$^{2}$FT sorts marbles with 41\% less noise.", id="s2ft"))
    check_it = check_of(evidence)
    assert check_it.verdict("S2FT sorts marbles with 41% less noise.", evidence[:1]).dropped is None
    other = check_of(evidence).verdict("S2FT sorts marbles with 14% less noise.", evidence[:1])
    assert shown_text(other) == "“S2FT sorts marbles with 41% less noise.”"
    assert why_dropped(other) == "its sentences do not give 14%"


def test_the_scorer_sees_the_sentences_and_the_abstract_from_which_they_are(one: list[Evidence]) -> None:
    seen: list[str] = []
    whole: list[str] = []

    def scorer(claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str]) -> NDArray[np.float64]:
        seen.extend(evidence)
        whole.extend(sources)
        return np.ones(len(claims))

    assert ClaimCheck(one, scorer, 0.5).verdict("It sorts marbles.", [one[SORTS]]).shown
    assert seen == [one[SORTS].sentence.text]
    assert whole == [f"{made_up(1).title}. {made_up(1).abstract}"]


@pytest.mark.parametrize(("needed", "shown"), [(0.5, True), (0.51, False)])
def test_a_claim_passes_from_the_threshold_on(one: list[Evidence], needed: float, shown: bool) -> None:
    def scorer(claims: Sequence[str], evidence: Sequence[str], sources: Sequence[str]) -> NDArray[np.float64]:
        return np.full(len(claims), 0.75)

    # In words of its own, a claim needs half of what the threshold leaves to certainty.
    verdict = ClaimCheck(one, scorer, needed).verdict("Glass balls are put in order.", [one[SORTS]])
    assert (shown_text(verdict) == "Glass balls are put in order.") == shown
    assert (verdict.dropped is None) == shown


def test_a_title_is_no_claim(one: list[Evidence]) -> None:
    verdict = check_of(one).verdict(f"{made_up(1).title}.", [one[LISTENS]])
    assert verdict.shown is None
    assert why_dropped(verdict) == "it is a title"
