"""The report in a real browser: no error, no network, safe, fits 400 and 1,400 pixels, filter and details work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eval.gate import read_baseline, write_baseline
from eval.given import GivenAnswer
from eval.items import question_of
from eval.results import Results, Run
from eval.run import judge
from eval.surroundings import collection_of, versions
from tests.eval.cases_by_hand import COLLECTION, MARBLES, SPOONS, answered, case, cited, declined

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = "</script><script>document.title='HACKED'</script><img src=x onerror=\"document.title='HACKED'\">"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

QUESTIONS = [
    {"id": "n1", "kind": "number", "question": "How many marbles?", "gold_papers": [MARBLES.title],
     "must_include": [["41"]], "note": "easy"},
    {"id": "n2", "kind": "number", "question": f"How many spoons? {HOSTILE}", "gold_papers": [SPOONS.title],
     "must_include": [["7.5"], ["an hour"]]},
    {"id": "f1", "kind": "followup", "question": "and spoons?", "gold_papers": [SPOONS.title],
     "must_include": [["7.5"]], "history": [{"role": "user", "content": f"Marbles? {HOSTILE}"}]},
    {"id": "u1", "kind": "unanswerable", "question": "What does Marbler cost?", "gold_papers": [MARBLES.title],
     "reason": "not_in_abstract"},
    *({"id": f"o{n}", "kind": "off_topic", "question": f"Soup number {n}?", "reason": "off_topic"} for n in range(80)),
]  # fmt: skip


def run(name: str, knows_spoons: bool) -> Run:
    """Return a run that is all right, or one that declines both questions about spoons and answers ten about soup."""
    marbles = answered(
        "- **Marbler**: Marbler sorts 41 marbles a minute. [1]", cited(MARBLES, "Marbler sorts 41 marbles a minute."),
        confidence=0.9, seconds=0.04, stages={"retrieval": 0.03, "grounding": 0.01},
    )  # fmt: skip
    spoons = answered(
        f"Spooner bends 7.5 spoons an hour. [1] {HOSTILE}", cited(SPOONS, "Spooner bends 7.5 spoons an hour."),
        confidence=0.6, seconds=0.05, stages={"retrieval": 0.05},
    )  # fmt: skip
    no = declined(confidence=0.2, seconds=0.03, stages={"retrieval": 0.02}, suggestions=(f"Near {HOSTILE}",))
    said: list[GivenAnswer] = [marbles, spoons if knows_spoons else no, spoons if knows_spoons else no]
    said += [no, *[no if knows_spoons else marbles] * 10, *[no] * (len(QUESTIONS) - 14)]
    cases = [case(question_of(fields), given) for fields, given in zip(QUESTIONS, said, strict=True)]
    return Run(name, {"name": name}, tuple(judge(each) for each in cases))


def results(*runs: Run) -> Results:
    return Results(runs, collection_of(COLLECTION.papers), {**versions(), "machine": "0.01"}, "2026-11-23T10:00:00")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of two runs, held against a baseline."""
    folder = tmp_path_factory.mktemp("report")
    write_baseline(results(run("before", knows_spoons=False)), f"first {HOSTILE}", folder / "baseline.json")
    both = results(run("extractive", knows_spoons=True), run(f"model {HOSTILE}", knows_spoons=False))
    return both.write(folder, read_baseline(folder / "baseline.json"))[1]


class Opened:
    """The report, open in a browser; whatever it complains about is kept."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())

    def shown(self) -> int:
        return self.page.locator(".question").count()


@pytest.fixture(params=[(1400, "light"), (400, "dark")], ids=["wide and light", "narrow and dark"])
def opened(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Iterator[Opened]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield Opened(context.new_page(), report)
    context.close()


def test_it_draws_everything_and_complains_of_nothing(opened: Opened) -> None:
    page = opened.page
    assert page.locator(".tile").count() >= 6
    assert page.locator("canvas").count() == 5
    for canvas in page.locator("canvas").all():
        assert canvas.evaluate("c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v)")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []


def test_nothing_that_was_said_becomes_markup(opened: Opened) -> None:
    page = opened.page
    page.locator("#kind").select_option("number")
    for question in page.locator(".question > summary").all():
        question.click()
    assert page.title() == "citebot: the evaluation"
    assert page.locator("main img").count() == page.locator("main script").count() == 0
    assert "onerror=" in page.locator("#questions").inner_text()
    assert opened.complaints == []


def test_filters_and_search_narrow_the_list(opened: Opened) -> None:
    page = opened.page
    assert opened.shown() == 60
    page.get_by_role("button", name="Show all 84").click()
    assert opened.shown() == 84
    page.locator("#kind").select_option("number")
    assert opened.shown() == 2
    page.locator("#kind").select_option("")
    page.locator("#verdict").select_option("wrong")
    assert opened.shown() == 12
    page.locator("#verdict").select_option("differ")
    assert opened.shown() == 12
    page.locator("#verdict").select_option("")
    page.locator("#search").fill("SPOONER thinks nobody")
    assert opened.shown() == 0
    page.locator("#search").fill("bends hour")
    assert opened.shown() == 2
    assert page.locator("#count").inner_text() == "2 of 84"


def test_a_question_opens_to_all_that_was_judged(opened: Opened) -> None:
    page = opened.page
    page.locator("#search").fill("41")
    page.locator(".question > summary").first.click()
    inside = page.locator(".question .inside").first
    text = inside.inner_text()
    for piece in (
        "How many marbles?",
        "n1",
        "easy",
        "“Marbler sorts 41 marbles a minute.”",
        "confidence 90 %",
        "right",
    ):
        assert piece in text
    assert inside.locator("mark").first.inner_text() == "[1]"
    assert inside.locator("strong", has_text="Marbler").count() == 2
    assert inside.locator("li.yes", has_text="41").count() >= 4  # string and claim, in both runs
    page.locator("#search").fill("and spoons")
    page.locator(".question > summary").first.click()
    inside = page.locator(".question .inside").first
    assert "user: Marbles?" in inside.inner_text()
    assert inside.locator("li.no", has_text="7.5").count() == 1  # of the run that declined


def test_headlines_show_the_change_in_words(opened: Opened) -> None:
    tile = opened.page.locator(".tile", has_text="Right answers")
    assert "100.0 %" in tile.inner_text()
    assert "than the baseline" in tile.inner_text()
    assert "worse than extractive" in tile.inner_text()
    measures = opened.page.locator("#measures")
    measures.get_by_text("Citation recall").first.click()
    assert "Gao et al. 2023" in measures.inner_text()


def test_the_measure_that_is_compared_can_be_chosen(opened: Opened) -> None:
    page = opened.page
    before = page.locator("#runs canvas").get_attribute("aria-label")
    page.locator("#measure").select_option("wrong_declines")
    assert page.locator("#runs canvas").get_attribute("aria-label") != before
    assert opened.complaints == []


def test_one_run_without_confidence_says_so(browser: Browser, tmp_path: Path) -> None:
    question = question_of(QUESTIONS[0])
    given = answered("It sorts. [1]", cited(MARBLES, "It listens."))
    alone = results(Run("plain", {}, (judge(case(question, given)),)))
    page = browser.new_page()
    opened = Opened(page, alone.write(tmp_path)[1])
    assert "gives no confidence" in page.locator("#risk").inner_text()
    assert page.locator("#side-by-side").is_hidden()
    assert page.locator("#time-title").inner_text() == "Time by kind of question"
    assert opened.complaints == []
    page.close()


def test_the_page_stands_alone_even_without_a_browser() -> None:
    from eval.report import report_page

    page = report_page(results(run("extractive", knows_spoons=True)))
    assert page.count("<script") == 3
    assert page.count("</script>") == 3
    assert "http" not in page.split("<script")[0].replace("http-equiv", "")
    assert HOSTILE not in page
