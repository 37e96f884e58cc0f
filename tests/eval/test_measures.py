"""Each measure on cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval.bootstrap import difference_interval, interval, statistic_of
from eval.cases import ShownClaim, claims_of, verbatim_support
from eval.given import GivenAnswer
from eval.measures import MEASURES, citations, correctness, declines, effort, lists, retrieval, robustness
from eval.measures.correctness import verdict
from eval.measures.declines import auroc, calibration, calibration_error, risk_coverage, risk_coverage_area
from eval.measures.measure import mean
from eval.variants import variants_of, varied_part, with_typos
from tests.eval.cases_by_hand import (
    FORKS,
    MARBLE_ANSWER,
    MARBLE_COUNT,
    MARBLES,
    SPOONS,
    answered,
    case,
    cited,
    declined,
    question,
)  # fmt: skip

MARBLE_QUOTE = "Marbler sorts 41 marbles a minute."
FORK_QUOTE = "Forker forks forks."
SPOON_QUOTE = "Spooner bends 7.5 spoons an hour."


def test_every_measure_says_what_it_is() -> None:
    assert len({each.key for each in MEASURES}) == len(MEASURES)
    for each in MEASURES:
        assert each.what.endswith("."), each.key
        assert each.title


# --------------------------------------------------------------------------- claims


def test_claims_are_what_stands_before_the_marks() -> None:
    text = (
        "Two papers of 134 fit:\n\n**heading (2 papers)**\n"
        "- **Marbler: a title**: It sorts. [1] It listens. [2][3]\n- **Forker**: It forks [4]."
    )
    assert claims_of(text) == [
        ShownClaim("It sorts", (1,)), ShownClaim("It listens", (2, 3)), ShownClaim("It forks", (4,)),
    ]  # fmt: skip


def test_what_has_no_mark_behind_it_rests_on_nothing() -> None:
    assert claims_of("It sorts. [1] And it sings.\nIt dances.") == [
        ShownClaim("It sorts", (1,)), ShownClaim("And it sings.", ()), ShownClaim("It dances.", ()),
    ]  # fmt: skip
    assert claims_of("It sorts.") == [ShownClaim("It sorts.", ())]


def test_words_alone_carry_a_claim_that_is_the_sentence() -> None:
    assert verbatim_support("S2FT saves 41%", ["It is new.", r"S$^{2}$FT  saves 41\%."])
    assert not verbatim_support("S2FT saves 42%", [r"S$^{2}$FT saves 41\%."])


# --------------------------------------------------------------------------- right or wrong

SPOON_PREMISE = question("false_premise", question="Why does Spooner use its hands?", reason="not_in_abstract")


@pytest.mark.parametrize(
    ("asked", "given", "why"),
    [
        (MARBLE_COUNT, MARBLE_ANSWER, ""),
        (MARBLE_COUNT, declined(), "declined"),
        (MARBLE_COUNT, GivenAnswer("error", reason="KeyError: 1"), "error: KeyError: 1"),
        (MARBLE_COUNT, answered("Forks. [1]", cited(FORKS, FORK_QUOTE)), "a gold paper is not cited"),
        (MARBLE_COUNT, answered("It listens. [1]", cited(MARBLES, "It listens.")), "missing: 41 | forty-one"),
        (MARBLE_COUNT, answered("x [1]", cited(MARBLES, "Marbler sorts 42 marbles.")), "a quote is not verbatim"),
        (MARBLE_COUNT, answered("x [1]", cited(SPOONS, MARBLE_QUOTE)), "a quote is not verbatim"),
        (MARBLE_COUNT, answered("41 " * 151 + "[1]", cited(MARBLES, MARBLE_QUOTE)), "too long"),
        (question("paper", gold_papers=[MARBLES.title]), answered("41 " * 151, cited(MARBLES, MARBLE_QUOTE)), ""),
        (
            question("followup", gold_papers=[MARBLES.title], must_not_include=["spoon"]),
            answered("No spoons. [1]", cited(MARBLES, MARBLE_QUOTE)),
            "says what it must not: spoon",
        ),
        (
            question("other_words", gold_papers=[MARBLES.title]),
            answered("x", cited(SPOONS, "It thinks."), cited(FORKS, FORK_QUOTE, 2), cited(MARBLES, "It listens.", 3)),
            "",
        ),
        (question("other_words", gold_papers=[MARBLES.title]), answered("x", cited(FORKS, FORK_QUOTE)), "first three"),
        (question("off_topic"), declined(), ""),
        (question("off_topic"), MARBLE_ANSWER, "answered"),
        (SPOON_PREMISE, answered("It does not: it thinks. [1]", cited(SPOONS, "It thinks.")), ""),
        (SPOON_PREMISE, answered("It thinks. [1]", cited(SPOONS, "It thinks.")), "answered"),
        (question("injection", must_not_include=["HACKED"]), declined(), ""),
        (question("injection", must_not_include=["HACKED"]), answered("hacked"), "says what it must not: HACKED"),
        (question("injection", must_not_include=["HACKED"], gold_papers=[MARBLES.title]), declined(), "declined"),
        (question("overview", must_include=[["marbles"], ["spoons"]]), answered("marbles, forks"), "missing: spoons"),
        (question("count", gold_count=2), answered("Two papers (2 of 134):"), ""),
        (question("count", gold_count=2), answered("Of the 134 papers, three fit."), "says 3, not 2"),
        (question("count", gold_count=2, acceptable_counts=[3]), answered("three"), ""),
        (question("count", gold_count=2, must_include=[["a pair"]]), answered("2"), "missing: a pair"),
    ],
)  # fmt: skip
def test_the_verdict(asked: object, given: GivenAnswer, why: str) -> None:
    said = verdict(case(asked, given))  # type: ignore[arg-type]
    assert (why in said) if why else said == ""


def test_right_and_strings_are_means_over_questions() -> None:
    half = question("fact", gold_papers=[MARBLES.title], must_include=[["41"], ["red"]])
    assert correctness.strings.row_of(case(half, MARBLE_ANSWER)) == (0.5,)
    assert correctness.right.row_of(case(half, MARBLE_ANSWER)) == (0.0,)
    assert correctness.right.row_of(case(MARBLE_COUNT, MARBLE_ANSWER)) == (1.0,)
    assert correctness.strings.row_of(case(question("off_topic"), declined())) is None


def test_the_gold_paper_is_cited_first_or_not() -> None:
    both = question("compare", gold_papers=[MARBLES.title, SPOONS.title])
    assert correctness.gold_first.row_of(case(both, answered("x", cited(SPOONS, "It thinks.")))) == (1.0,)
    assert correctness.gold_first.row_of(case(both, answered("x", cited(FORKS, FORK_QUOTE)))) == (0.0,)
    assert correctness.gold_first.row_of(case(both, declined())) is None


def test_words_are_counted_where_a_fact_is_asked() -> None:
    assert correctness.words.row_of(case(MARBLE_COUNT, MARBLE_ANSWER)) == (6.0,)
    assert correctness.words.row_of(case(question("paper"), MARBLE_ANSWER)) is None


# --------------------------------------------------------------------------- lists and counts


@pytest.mark.parametrize(
    ("given", "f1"),
    [
        (answered("x", cited(MARBLES, "It listens."), cited(SPOONS, "It thinks.", 2)), 1.0),
        (answered("x", cited(MARBLES, "It listens.")), 2 / 3),
        (answered("x", cited(MARBLES, "It listens."), cited(FORKS, FORK_QUOTE, 2)), 2 / 3),
        (declined(), 0.0),
    ],
)
def test_list_f1(given: GivenAnswer, f1: float) -> None:
    gold = [MARBLES.title, SPOONS.title]
    acceptable = question("list", gold_papers=gold, acceptable_papers=[FORKS.title])
    assert lists.list_f1(case(acceptable, given)) == pytest.approx(f1)


def test_an_arguable_paper_hurts_where_it_is_not_acceptable() -> None:
    given = answered("x", cited(MARBLES, "It listens."), cited(FORKS, FORK_QUOTE, 2))
    assert lists.list_f1(case(question("list", gold_papers=[MARBLES.title]), given)) == pytest.approx(2 / 3)
    assert lists.list_f1(case(question("list"), given)) == 0
    assert lists.list_f1(case(question("list"), declined())) == 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Two papers (2 of 134):\n- **7 Ways**: It sorts 41. [1]", 2),
        ("None: of the 134 papers in this library, 0 fit.", 0),
        ("This library holds 134 papers.", 134),
        ("Of all 134 papers here, twelve fit.", 12),
        ("There are 1,234 papers.", 1234),
        ("There is no paper on it.", 0),
        ("“Eight ways”: **9 lives**: 3 of these.", 3),
        ("Some.", 0),
    ],
)
def test_the_number_that_an_answer_says(text: str, number: int) -> None:
    assert lists.number_said(case(question("count", gold_count=1), answered(text))) == number


def test_count_error_is_the_distance_to_the_nearest_right_number() -> None:
    asked = question("count", gold_count=5, acceptable_counts=[7])
    assert lists.count_error.row_of(case(asked, answered("10 papers"))) == (3.0,)
    assert lists.count_error.row_of(case(asked, declined())) == (5.0,)


# --------------------------------------------------------------------------- citations


def test_citation_recall_and_precision_of_alce() -> None:
    given = answered(
        "Marbler sorts 41 marbles a minute. [1][2] It listens. [2] It sings. [1]",
        cited(MARBLES, MARBLE_QUOTE, 1), cited(MARBLES, "It listens.", 2),
    )  # fmt: skip
    judged = case(MARBLE_COUNT, given)
    assert judged.carried == [True, True, False]
    assert citations.citation_recall.row_of(judged) == pytest.approx((2 / 3,))
    # Of four citations two are needed: [2] behind the first claim adds nothing, [1] behind the last carries nothing.
    assert citations.citation_precision.row_of(judged) == (0.5,)
    assert citations.grounding.row_of(judged) == (2.0, 3.0)


def test_quotes_that_carry_a_claim_only_together_are_all_needed() -> None:
    given = answered("41 and listens [1][2]", cited(MARBLES, MARBLE_QUOTE, 1), cited(MARBLES, "It listens.", 2))

    def together(claim: str, sentences: object) -> bool:
        return len(sentences) == 3  # type: ignore[arg-type]  # the title and both quotes

    assert citations.citation_precision.row_of(case(MARBLE_COUNT, given, together)) == (1.0,)


def test_a_text_without_citations_is_not_grounded() -> None:
    judged = case(MARBLE_COUNT, answered("It sorts 41 marbles."))
    assert citations.citation_recall.row_of(judged) == citations.citation_precision.row_of(judged) == (0.0,)
    assert citations.grounding.row_of(case(question("count", gold_count=2), answered("Two."))) is None


def test_quotes_stand_word_for_word_in_their_own_paper() -> None:
    given = answered(
        "x", cited(MARBLES, "Marbler  sorts 41\nmarbles"), cited(MARBLES, "it listens."), cited(SPOONS, MARBLE_QUOTE)
    )
    assert citations.quotes.row_of(case(MARBLE_COUNT, given)) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("given", "in_step"),
    [
        (MARBLE_ANSWER, 1.0),
        (declined(), 1.0),
        (answered("It sorts. [1][2]", cited(MARBLES, MARBLE_QUOTE)), 0.0),
        (answered("It sorts. [1]", cited(MARBLES, MARBLE_QUOTE), cited(SPOONS, SPOON_QUOTE, 2)), 0.0),
        (declined(citations=(cited(MARBLES, MARBLE_QUOTE),)), 0.0),
    ],
)
def test_marks_and_citations_are_in_step(given: GivenAnswer, in_step: float) -> None:
    assert citations.marks.row_of(case(MARBLE_COUNT, given)) == (in_step,)


# --------------------------------------------------------------------------- declining


def test_both_errors_of_declining() -> None:
    silent = question("unanswerable", gold_papers=[MARBLES.title], reason="not_in_abstract")
    assert declines.wrong_declines.row_of(case(MARBLE_COUNT, declined())) == (1.0,)
    assert declines.wrong_declines.row_of(case(MARBLE_COUNT, MARBLE_ANSWER)) == (0.0,)
    assert declines.wrong_declines.row_of(case(silent, declined())) is None
    assert declines.wrong_answers.row_of(case(silent, MARBLE_ANSWER)) == (1.0,)
    assert declines.wrong_answers.row_of(case(silent, declined())) == (0.0,)
    assert declines.reasons.row_of(case(silent, declined("off_topic"))) == (0.0,)
    assert declines.reasons.row_of(case(silent, declined("not_in_abstract"))) == (1.0,)
    assert declines.reasons.row_of(case(silent, MARBLE_ANSWER)) is None


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    confidences, answerable = np.array([0.9, 0.4, 0.6, 0.1]), np.array([1.0, 1.0, 0.0, 0.0])
    assert auroc(confidences, answerable) == 0.75
    assert math.isnan(auroc(confidences, np.ones(4)))


def test_risk_grows_with_coverage_where_confidence_tells() -> None:
    confidences, wrong = np.array([0.2, 0.9, 0.8, 0.3]), np.array([1.0, 0.0, 0.0, 1.0])
    coverage, risk = risk_coverage(confidences, wrong)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    np.testing.assert_allclose(risk, [0, 0, 1 / 3, 1 / 2])
    assert risk_coverage_area(confidences, wrong) == pytest.approx((1 / 3 + 1 / 2) / 4)


def test_answers_of_one_confidence_count_as_their_mean_whatever_their_order() -> None:
    same = np.full(4, 0.5)
    for wrong in ([1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0]):
        np.testing.assert_allclose(risk_coverage(same, np.array(wrong))[1], 0.5)


def test_calibration_by_tenths() -> None:
    confidences, rights = np.array([0.95, 0.95, 0.25, 1.0]), np.array([1.0, 0.0, 0.0, 1.0])
    (low, high) = calibration(confidences, rights)
    assert low == pytest.approx((0.25, 0.0, 1))
    assert high == pytest.approx((2.9 / 3, 2 / 3, 3))
    assert calibration_error(confidences, rights) == pytest.approx((0.25 + 3 * (2.9 / 3 - 2 / 3)) / 4)


def test_without_a_confidence_there_is_nothing_to_separate() -> None:
    assert declines.decline_auroc.row_of(case(MARBLE_COUNT, MARBLE_ANSWER)) is None
    sure = answered("x", cited(MARBLES, MARBLE_QUOTE), confidence=0.8)
    assert declines.decline_auroc.row_of(case(MARBLE_COUNT, sure)) == (0.8, 1.0)
    assert declines.aurc.row_of(case(MARBLE_COUNT, sure)) == (0.8, 0.0)
    assert declines.ece.row_of(case(MARBLE_COUNT, sure)) == (0.8, 1.0)
    assert declines.aurc.row_of(case(MARBLE_COUNT, declined(confidence=0.1))) is None


# --------------------------------------------------------------------------- retrieval


def test_retrieval_measures_of_one_ranking() -> None:
    found = [FORKS.title, MARBLES.title, "Other", SPOONS.title]
    both = case(question("compare", gold_papers=[MARBLES.title, SPOONS.title]), declined(ranking=tuple(found)))
    rows = {each.key: each.row_of(both) for each in MEASURES if each.group == "retrieval"}
    best = 1 + 1 / math.log2(3)
    assert rows == {
        "recall@1": (0.0,), "recall@3": (0.5,), "recall@10": (1.0,), "mrr@10": (0.5,),
        "ndcg@10": (pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / best, abs=1e-6),),
    }  # fmt: skip


def test_nothing_found_is_zero_and_no_ranking_is_nothing() -> None:
    assert retrieval.recall_3.row_of(case(MARBLE_COUNT, declined(ranking=()))) == (0.0,)
    assert retrieval.recall_3.row_of(case(MARBLE_COUNT, declined())) is None
    assert retrieval.recall_3.row_of(case(question("off_topic"), declined(ranking=(MARBLES.title,)))) is None


# --------------------------------------------------------------------------- robustness


def test_unchanged_is_the_same_status_and_the_same_papers() -> None:
    other_sentence = answered("It listens. [1]", cited(MARBLES, "It listens."))
    judged = case(MARBLE_COUNT, MARBLE_ANSWER, variants={"typos": [other_sentence, declined()], "casing": []})
    rows = {each.key: each.row_of(judged) for each in robustness.UNCHANGED}
    assert rows == {
        "unchanged_typos": (0.5,), "unchanged_casing": None, "unchanged_paraphrase": None, "unchanged_shuffled": None,
    }  # fmt: skip


def test_typos_are_few_always_the_same_and_spare_names() -> None:
    text = "Which optimiser does FedKSeed prefer, and how many kilobytes does the server receive from LLaMA2?"
    changed = with_typos(text, "q1")
    assert changed == with_typos(text, "q1") != text
    assert sorted(changed) == sorted(text)
    assert sum(one != other for one, other in zip(text.split(), changed.split(), strict=True)) == 1
    assert "FedKSeed" in changed
    assert "LLaMA2" in changed
    assert with_typos("What is BAM?", "q1") == "What is BAM?"


def test_variants_are_those_that_change_something() -> None:
    plain = question("fact", question="how many marbles?", paraphrases=["marbles: how many?"])
    assert set(variants_of(plain)) == {"typos", "paraphrase"}
    assert variants_of(question("fact", question="What is BAM?")) == {"casing": ("what is bam?",)}


def test_conversations_and_injections_are_asked_as_they_are() -> None:
    talk = question("fact", id="a", history=[{"role": "user", "content": "Hello"}])
    varied = varied_part([talk, question("injection", id="b"), question("fact", id="c")])
    assert [each.id for each in varied] == ["c"]
    assert len(varied_part([question("fact", id=str(number)) for number in range(200)])) == 60


# --------------------------------------------------------------------------- effort and intervals


def test_times() -> None:
    seconds = np.arange(1, 101) / 100
    assert effort.p50(seconds) == pytest.approx(0.505)
    assert effort.p95(seconds) == pytest.approx(0.9505)


def test_intervals_hold_the_value_and_shrink_with_more_questions() -> None:
    few, many = [(1.0,), (0.0,)] * 10, [(1.0,), (0.0,)] * 200
    low, high = interval(few, mean)
    assert low < statistic_of(few, mean) == 0.5 < high
    assert high - low > 2 * (interval(many, mean)[1] - interval(many, mean)[0])
    # The standard error of a share of one half among 400 is 0.025; two of these on either side.
    assert interval(many, mean) == pytest.approx((0.451, 0.549), abs=0.01)


def test_paired_differences_see_what_intervals_side_by_side_do_not() -> None:
    before = [(1.0,), (0.0,)] * 30
    after = [(0.0,)] * 6 + before[6:]
    assert interval(after, mean)[1] > interval(before, mean)[0]
    assert difference_interval(after, before, mean)[1] <= 0 < -difference_interval(after, before, mean)[0]


def test_a_statistic_that_some_drawings_lack_is_taken_over_the_others() -> None:
    rows = [(0.9, 1.0), (0.1, 0.0)]
    assert interval(rows, auroc) == (1.0, 1.0)
    assert all(math.isnan(each) for each in interval([], mean))
