"""JSON lines: which fields are taken, in which spellings, and what is said of a bad line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.papers import Paper
from rag.sources import read, read_text

SHARED = Path(__file__).parents[3] / "shared"

GOOD = {"title": "On Widgets", "abstract": "We count widgets. There are nine."}


def paper(**fields: Any) -> Paper:
    """Return the paper that a line with these fields holds."""
    reading = read_text(json.dumps({**GOOD, **fields}) + "\n", "w.jsonl")
    assert [str(error) for error in reading.rejected] == []
    return reading.papers[0]


def fault(line: str) -> str:
    """Return what is said of a line between two good ones, which must both stay."""
    good = json.dumps(GOOD)
    reading = read_text(f"{good}\n{line}\n{good}\n", "w.jsonl")
    assert [found.title for found in reading.papers] == ["On Widgets"] * 2
    assert [error.where for error in reading.rejected] == ["w.jsonl:2"]
    return reading.rejected[0].why


def test_every_field() -> None:
    found = paper(
        id="2401.00001",
        authors=["Ada Example", "Bo Sample"],
        published="2024-01-02T10:00:00Z",
        url="https://example.org/abs/1",
        code_url="https://github.com/example/widgets",
        categories=["cs.CL", "cs.LG"],
        unknown={"is": "ignored"},
    )
    assert found == Paper(
        title="On Widgets",
        abstract="We count widgets. There are nine.",
        external_id="2401.00001",
        authors=("Ada Example", "Bo Sample"),
        published="2024-01-02",
        url="https://example.org/abs/1",
        code_url="https://github.com/example/widgets",
        categories=("cs.CL", "cs.LG"),
        sources=("w.jsonl",),
    )


def test_a_digest_is_known_as_one() -> None:
    reading = read_text('{"title": "On Widgets", "digest": "Nine widgets are counted."}', "w.jsonl")
    assert [(found.abstract, found.wording) for found in reading.papers] == [("Nine widgets are counted.", "digest")]


def test_an_abstract_wins_over_a_digest() -> None:
    found = paper(digest="Nine widgets are counted.")
    assert (found.abstract, found.wording) == (GOOD["abstract"], "abstract")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("Ada Example", ("Ada Example",)),
        ("Ada Example, Bo Sample", ("Ada Example", "Bo Sample")),
        ("Ada Example, Bo Sample and Cy Test", ("Ada Example", "Bo Sample", "Cy Test")),
        ("Ada Example, Bo Sample, and Cy Test", ("Ada Example", "Bo Sample", "Cy Test")),
        ("Example, Ada and Sample, Bo", ("Ada Example", "Bo Sample")),
        (["  Ada   Example ", "", 7, None], ("Ada Example",)),
        (12, ()),
    ],
)
def test_authors_in_any_usual_spelling(given: object, names: tuple[str, ...]) -> None:
    assert paper(authors=given).authors == names


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ({"published": "2018-12-06"}, "2018-12-06"),
        ({"published": "2018-12"}, "2018-12"),
        ({"published": 2018}, "2018"),
        ({"year": 2018, "month": 12}, "2018-12"),
        ({"year": "2018", "month": "3"}, "2018-03"),
        ({"year": 2018}, "2018"),
        ({"year": 2018, "month": 13}, "2018"),
        ({"published": "last spring", "year": 2019}, "2019"),
        ({"published": "2018-02-31"}, "2018"),
        ({"published": "soon"}, None),
        ({"year": True}, None),
        ({"year": 10**30}, None),
        ({"month": 12}, None),
    ],
)
def test_dates_as_far_as_they_are_known(fields: dict[str, Any], published: str | None) -> None:
    assert paper(**fields).published == published


@pytest.mark.parametrize(
    "bad",
    ["javascript:alert(1)", "file:///etc/passwd", "example.org/1", "https://", "https://[bad", "http://a b", 7, None],
)
def test_only_web_addresses_are_kept(bad: object) -> None:
    found = paper(url=bad, code_url=bad)
    assert (found.url, found.code_url) == (None, None)


def test_categories_from_one_text() -> None:
    assert paper(categories="cs.CL cs.LG, stat.ML").categories == ("cs.CL", "cs.LG", "stat.ML")


def test_an_id_may_be_a_number() -> None:
    assert paper(id=77).external_id == "77"
    assert paper(id=["77"]).external_id is None


def test_a_code_link_in_the_abstract_counts_where_no_field_names_one() -> None:
    abstract = "We count widgets. Our code is at https://github.com/example/nine."
    assert paper(abstract=abstract).code_url == "https://github.com/example/nine"
    assert paper(abstract=abstract, code_url="https://example.org/x").code_url == "https://example.org/x"


def test_signs_that_drive_a_terminal_are_taken_out() -> None:
    found = paper(title="On \x1b[31mWidgets\x00", abstract="We  count\nwidgets\ud800.")
    assert found.title == "On [31mWidgets"
    assert found.abstract == "We count widgets ."


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("this is no JSON", "not JSON (Expecting value, column 1)"),
        ('{"title": "On Gears", "abstract": "We', "not JSON (Unterminated string starting at, column 35)"),
        ("[" * 100_000, "not JSON (nested too deep or with a number too long)"),
        ('{"title": ' + "9" * 5_000 + "}", "not JSON (nested too deep or with a number too long)"),
        ('["On Gears", "We count gears."]', "a list, not an object with title and abstract"),
        ("12", "a number, not an object with title and abstract"),
        ('{"abstract": "We count gears."}', "no title"),
        ('{"title": "On Gears"}', "no abstract"),
        ('{"title": "", "abstract": "We count gears."}', "the title is empty"),
        ('{"title": "...", "abstract": "We count gears."}', "the title has no letters or digits in it"),
        ('{"title": ["On Gears"], "abstract": "We count gears."}', "the title is a list, not text"),
        ('{"title": "On Gears", "abstract": null}', "the abstract is null, not text"),
        ('{"title": "On Gears", "abstract": " \\n "}', "the abstract is empty"),
        ('{"title": "On Gears", "abstract": "\\u0000"}', 'the abstract is empty: "On Gears"'),
    ],
)
def test_a_bad_line_is_told_with_its_reason_and_the_others_stay(line: str, why: str) -> None:
    assert fault(line) == why


def test_titles_and_abstracts_of_absurd_size() -> None:
    assert fault(json.dumps({**GOOD, "title": "w" * 501})).startswith("a title of 501 characters (the limit is 500)")
    assert "20,001 characters long (the limit is 20,000)" in fault(json.dumps({**GOOD, "abstract": "w" * 20_001}))


def test_a_file_that_is_cut_in_its_last_line_says_so() -> None:
    good = json.dumps(GOOD)
    reading = read_text(f"{good}\n{good[:40]}", "w.jsonl")
    assert len(reading.papers) == 1
    assert [str(error) for error in reading.rejected] == ["w.jsonl:2: cut off: the file ends inside this line"]


def test_a_last_line_without_a_line_end_is_whole() -> None:
    assert len(read_text(json.dumps(GOOD), "w.jsonl").papers) == 1


def test_a_hundred_bad_lines_are_a_hundred_places_and_the_papers_stay() -> None:
    reading = read_text("rubbish\n" * 100 + json.dumps(GOOD) + "\n", "w.jsonl")
    assert [error.where for error in reading.rejected] == [f"w.jsonl:{number}" for number in range(1, 101)]
    assert len(reading.papers) == 1


def test_an_array_with_one_object_a_line_is_read() -> None:
    good = json.dumps(GOOD)
    reading = read_text(f"[\n{good},\n{good}\n]\n", "w.json")
    assert (len(reading.papers), reading.rejected) == (2, ())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files (../shared) are not on this machine")
def test_the_starter_collection_is_digests_throughout() -> None:
    reading = read(SHARED / "starter" / "digests.jsonl")
    assert (len(reading.papers), reading.rejected) == (134, ())
    assert {found.wording for found in reading.papers} == {"digest"}
    assert sum(found.code_url is not None for found in reading.papers) == 39
