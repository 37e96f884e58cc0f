"""A saved "trending papers" page: which titles and abstracts come out, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.papers import title_key
from rag.sources import Reading, read, read_text

SHARED = Path(__file__).parents[3] / "shared"

HEAD = "new\n\nGet trending papers in your email inbox!\n\nSubscribe\n\nbyAK and the research community\n\nApr 3\n\n"

KITE = "KiteNet: Steering Paper Kites with Recurrent Strings"
KITE_ABSTRACT = (
    "Paper kites are hard to steer when the wind turns. We present KiteNet, a recurrent controller that pulls two "
    "strings at once. On the made-up WindBench it keeps 87.5% of kites in the air, 12 points above the best earlier "
    "controller. It needs no anemometer, i.e. no instrument at all."
)
SOUP = "Does Soup Remember? A Study of Stirring"
SOUP_ABSTRACT = (
    "We ask whether soup keeps a trace of the direction in which it was stirred. Forty bowls were stirred and filmed. "
    "After nine seconds no observer could tell left from right. The films are available at github.com/example/soup."
)
CLOCK = "On slow clocks and the people who own them"
CLOCK_ABSTRACT = (
    "slowness in clocks is usually blamed on springs. We interview 31 owners and find that most of them prefer it. "
    "Faster clocks were returned within a week, the slowest were handed on to children and grandchildren."
)
PAPERS = [(KITE, KITE_ABSTRACT), (SOUP, SOUP_ABSTRACT), (CLOCK, CLOCK_ABSTRACT)]


def page(*entries: str, head: str = HEAD) -> str:
    return head + "\n\n".join(entries) + "\n"


PAGE = page(KITE, KITE_ABSTRACT, SOUP, SOUP_ABSTRACT, CLOCK, CLOCK_ABSTRACT)


def pairs(reading: Reading) -> list[tuple[str, str]]:
    return [(paper.title, paper.abstract) for paper in reading.papers]


def faults(reading: Reading) -> list[str]:
    return [str(error) for error in reading.rejected]


def test_titles_and_abstracts_in_turn() -> None:
    reading = read_text(PAGE, "april.txt")
    assert reading.format == "saved-page"
    assert pairs(reading) == PAPERS
    assert faults(reading) == []
    assert {paper.sources for paper in reading.papers} == {("april.txt",)}
    assert {paper.wording for paper in reading.papers} == {"abstract"}


def test_the_day_of_trending_is_not_the_date_of_the_paper() -> None:
    assert {paper.published for paper in read_text(PAGE, "april.txt").papers} == {None}


def test_a_code_link_becomes_the_code_url() -> None:
    kite, soup, _ = read_text(PAGE, "april.txt").papers
    assert kite.code_url is None
    assert soup.code_url == "https://github.com/example/soup"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(PAGE.replace("\n", "\r\n"), id="windows line ends"),
        pytest.param(PAGE.replace("\n", "\r"), id="old mac line ends"),
        pytest.param("\ufeff" + PAGE, id="byte order mark"),
        pytest.param(PAGE.rstrip("\n"), id="no line end at the end"),
        pytest.param(PAGE.replace("\n\n", "\n"), id="no blank lines"),
        pytest.param(PAGE.replace("\n\n", "\n \n\t\n\n"), id="blank lines with blanks"),
        pytest.param(page(KITE, KITE_ABSTRACT, SOUP, SOUP_ABSTRACT, CLOCK, CLOCK_ABSTRACT, head=""), id="no furniture"),
        pytest.param(PAGE.replace(". We", ".\nWe"), id="abstracts on two lines"),
        pytest.param(PAGE.replace(". We", ".\n\nWe"), id="abstracts in two paragraphs"),
        pytest.param(
            PAGE.replace(SOUP + "\n", f"Subscribe\n\n12\n\nnew\n\n{SOUP}\n\nUpvote 1.2k\n"), id="more furniture"
        ),
        pytest.param(PAGE.replace(SOUP + "\n", f"Apr 2\n\n{SOUP}\n"), id="a second date"),
        pytest.param(PAGE.replace(SOUP + "\n", f"{SOUP}\n\nsomebody\n"), id="a name below a title"),
        pytest.param("AI Papers of the Day\n\n" + PAGE, id="an unknown line above the date"),
        pytest.param(PAGE + "\nSubscribe\n", id="furniture at the end"),
    ],
)
def test_the_same_papers_come_out_however_the_page_was_saved(changed: str) -> None:
    reading = read_text(changed, "april.txt")
    assert pairs(reading) == PAPERS
    assert faults(reading) == []


@pytest.mark.parametrize("width", [60, 72, 80, 100])
@pytest.mark.parametrize("between", ["\n\n", "\n"])
def test_lines_wrapped_by_an_editor_are_put_together(width: int, between: str) -> None:
    def wrapped(text: str) -> str:
        lines = [""]
        for word in text.split():
            fits = len(lines[-1]) + 1 + len(word) <= width
            lines[-1:] = [f"{lines[-1]} {word}".strip()] if fits else [lines[-1], word]
        return "\n".join(lines)

    # Where no blank line parts them either, nothing tells a title in small letters from what follows.
    papers = PAPERS if between == "\n\n" else PAPERS[:2]
    text = HEAD + between.join(wrapped(part) for pair in papers for part in pair) + "\n"
    assert pairs(read_text(text, "april.txt")) == papers


def test_a_title_on_two_lines_of_any_length_is_one_title() -> None:
    lines = "Kites and\nTheir Uncountably Many Strings"
    abstract = KITE_ABSTRACT.replace(". ", ".\n")
    assert pairs(read_text(page(lines, abstract), "april.txt")) == [(lines.replace("\n", " "), KITE_ABSTRACT)]


def test_a_long_title_with_questions_and_a_short_abstract_are_told_apart() -> None:
    title = (
        "Can Kites Plan? Yes! No? Towards a Complete Theory of Everything That Paper Kites Do, Might Do, and Ought Not "
        "to Do in Winds That Turn Without Any Notice: A Survey of Surveys"
    )
    reading = read_text(page(title, "Nobody knows.", KITE, KITE_ABSTRACT), "april.txt")
    assert pairs(reading) == [(title, "Nobody knows."), (KITE, KITE_ABSTRACT)]


def test_an_abstract_without_a_full_stop_in_mid_page_stays() -> None:
    bare = SOUP_ABSTRACT.replace("soup.", "soup")
    assert pairs(read_text(page(SOUP, bare, KITE, KITE_ABSTRACT), "a.txt")) == [(SOUP, bare), (KITE, KITE_ABSTRACT)]


def test_a_title_without_an_abstract_is_told_with_its_line_and_the_others_stay() -> None:
    reading = read_text(page(KITE, SOUP, SOUP_ABSTRACT, CLOCK, CLOCK_ABSTRACT), "april.txt")
    assert pairs(reading) == PAPERS[1:]
    assert faults(reading) == [f'april.txt:11: a title without an abstract: "{KITE}"']


def test_an_abstract_without_a_title_is_told_and_goes_to_no_other_paper() -> None:
    reading = read_text(page(KITE_ABSTRACT, SOUP, SOUP_ABSTRACT), "april.txt")
    assert pairs(reading) == [(SOUP, SOUP_ABSTRACT)]
    assert len(reading.rejected) == 1
    assert faults(reading)[0].startswith("april.txt:11: an abstract without a title")


def test_a_page_that_ends_in_a_title_keeps_the_papers_before_it() -> None:
    reading = read_text(page(KITE, KITE_ABSTRACT, SOUP), "april.txt")
    assert pairs(reading) == [(KITE, KITE_ABSTRACT)]
    assert faults(reading) == [f'april.txt:15: a title without an abstract, at the end of the file: "{SOUP}"']


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(KITE_ABSTRACT[:150], id="in a sentence"),
        pytest.param(KITE_ABSTRACT[: KITE_ABSTRACT.index("i.e.") + 4], id="behind an abbreviation"),
        pytest.param(SOUP_ABSTRACT.replace("github.com/example/soup.", "https://github.com/exam"), id="in a link"),
    ],
)
def test_a_page_that_ends_in_mid_abstract_gives_no_half_abstract(cut: str) -> None:
    reading = read_text(page(CLOCK, CLOCK_ABSTRACT, KITE, cut).rstrip("\n"), "april.txt")
    assert pairs(reading) == [(CLOCK, CLOCK_ABSTRACT)]
    assert len(reading.rejected) == 1
    assert reading.rejected[0].where == "april.txt:17"
    assert "seems cut off" in reading.rejected[0].why


def test_wherever_a_page_is_cut_no_sentence_is_cut() -> None:
    # (But a full stop inside an address, as in "github.com", cannot be told from one that ends a sentence.)
    text = PAGE.replace("github.com/example/soup", "the library")
    whole = {title: abstract.replace("github.com/example/soup", "the library") for title, abstract in PAPERS}
    for end in range(len(HEAD), len(text) - 1):
        for title, abstract in pairs(read_text(text[:end], "april.txt")):
            assert whole[title].startswith(abstract)
            assert abstract == whole[title] or whole[title][len(abstract)] == " ", abstract


def test_titles_and_abstracts_of_absurd_size_are_told_and_the_others_stay() -> None:
    long_title = "kites and " * 60 + "strings"
    long_abstract = "Kites fly. " * 2_000
    reading = read_text(page(long_title, KITE_ABSTRACT, SOUP, long_abstract, CLOCK, CLOCK_ABSTRACT), "april.txt")
    assert pairs(reading) == [(CLOCK, CLOCK_ABSTRACT)]
    assert [error.where for error in reading.rejected] == ["april.txt:11", "april.txt:15"]
    assert "a title of 607 characters" in reading.rejected[0].why
    assert "21,999 characters" in reading.rejected[1].why


def test_a_line_that_cannot_be_read_costs_its_own_paper_only(tmp_path: Path) -> None:
    file = tmp_path / "april.txt"
    spoilt = SOUP_ABSTRACT.replace("Forty bowls", "Forty café bowls")
    before, after = page(KITE, KITE_ABSTRACT, SOUP, "HERE", CLOCK, CLOCK_ABSTRACT).split("HERE")
    file.write_bytes(before.encode() + spoilt.encode("latin-1") + after.encode())
    reading = read(file)
    assert pairs(reading) == [PAPERS[0], PAPERS[2]]
    assert len(reading.rejected) == 1
    assert faults(reading)[0].startswith("april.txt:17: not UTF-8 (byte 0xE9")


def test_a_page_with_furniture_alone_says_that_it_holds_no_papers() -> None:
    assert faults(read_text(HEAD, "april.txt")) == ["april.txt: no papers in it (read as saved-page)"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real pages (../shared) are not on this machine")
class TestRealPages:
    def test_every_title_and_abstract_is_read_as_it_stands(self) -> None:
        readings = [read(path) for path in sorted((SHARED / "papers").glob("*.txt"))]
        assert [len(reading.papers) for reading in readings] == [94, 48]
        assert [faults(reading) for reading in readings] == [[], []]
        expected = json.loads((SHARED / "exam" / "papers.json").read_text("utf-8"))
        found = {pair for reading in readings for pair in pairs(reading)}
        assert found == {(paper["title"], paper["abstract"]) for paper in expected}
        assert len(found) == 134

    def test_the_code_links_are_those_that_people_found(self) -> None:
        lines = (SHARED / "starter" / "digests.jsonl").read_text("utf-8").splitlines()
        expected = {title_key(paper["title"]): paper.get("code_url") for paper in map(json.loads, lines)}
        pages = [read(path) for path in sorted((SHARED / "papers").glob("*.txt"))]
        assert {title_key(paper.title): paper.code_url for page in pages for paper in page.papers} == expected
