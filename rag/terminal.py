"""What people see in a terminal: answers, papers, progress."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from rag.answers import Answer, Citation
from rag.library import AddReport, Hit
from rag.papers import Paper, Sentence, plain_text

_SHOW_BAR_AFTER_SECONDS = 1.0
_MOST_REJECTED = 20


class TerminalProgress:
    """Progress on a terminal: bars for what takes over a second, none where the output is not a terminal.

    Use it as a context, so that the last bar is taken away whatever happens.
    """

    def __init__(self, console: Console) -> None:
        """Show progress on `console` (standard error, so that it never mixes with answers)."""
        self._console = console
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}

    def __enter__(self) -> TerminalProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def report(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is, once it has taken more than a second."""
        if not self._console.is_terminal:
            return
        now = time.monotonic()
        started = self._started.setdefault(stage, now)
        if stage not in self._tasks and (now - started < _SHOW_BAR_AFTER_SECONDS or done >= total):
            return
        if self._bars is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bars = Bars(*columns, console=self._console, transient=True)
            self._bars.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def message(self, text: str) -> None:
        """Print a line."""
        self._console.print(f"[dim]{escape(text)}[/dim]", highlight=False)


def show_answer(console: Console, answer: Answer, sentence_counts: dict[str, int]) -> None:
    """Print an answer, then its papers with their quotes; `sentence_counts` has the abstract's length by paper id."""
    # In a pipe or a file the Markdown itself is the more useful form.
    console.print(Markdown(answer.text, hyperlinks=False) if console.is_terminal else Text(answer.text))
    if answer.note:
        console.print(f"\n[yellow]{escape(answer.note)}[/yellow]", highlight=False)
    if answer.suggestions:
        console.print("\n[dim]Nearest papers:[/dim]")
        for title in answer.suggestions:
            console.print(f"  • {escape(title)}", highlight=False)
    by_paper: dict[str, list[Citation]] = {}
    for citation in answer.citations:
        by_paper.setdefault(citation.paper_id, []).append(citation)
    for citations in by_paper.values():
        first = citations[0]
        console.print()
        marks = "".join(f"[{each.mark}]" for each in citations)
        heading = Text.assemble((marks, "bold cyan"), " ", (plain_text(first.title), "bold"))
        console.print(heading, highlight=False)
        if first.url:
            console.print(Text(f"    {first.url}", "dim"), soft_wrap=True)
        for each in citations:
            number = each.sentence_ids[0].rpartition(".s")[2]
            place = f"sentence {number} of {sentence_counts.get(each.paper_id, 0)} of the {each.wording}"
            line = Text.assemble((f"[{each.mark}] {place}: ", "dim"), f"“{each.quote}”")
            console.print(Padding(line, (0, 0, 0, 4), expand=False), highlight=False)


def show_explanation(console: Console, answer: Answer) -> None:
    """Print what a model wrote that was not shown as it was written, and why, and what the answer cost."""
    console.print()
    if not answer.model:
        console.print("[dim]No language model wrote this: every sentence is quoted.[/dim]", highlight=False)
    elif not answer.dropped:
        console.print(f"[dim]All that {escape(answer.model)} wrote passed the check.[/dim]", highlight=False)
    for claim in answer.dropped:
        line = Text.assemble(("dropped ", "yellow"), f"{claim.text} ", (f"({claim.why})", "dim"))
        console.print(line, highlight=False)
    console.print(Text(_effort(answer), "dim"), highlight=False)


def _effort(answer: Answer) -> str:
    """Return what an answer cost, in one line."""
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in answer.stages.items())
    line = f"{answer.seconds:.2f} s ({stages})"
    if answer.confidence is not None:
        line += f"; confidence {answer.confidence:.2f}"
    if usage := answer.usage:
        about = "about " if usage.estimated else ""
        line += f"; {about}{usage.prompt_tokens} tokens read, {about}{usage.completion_tokens} written"
        line += f", {usage.cost:.4f} US dollars" if usage.cost else ""
        line += ", a reply from the cache" if usage.replies_from_cache else ""
    return line


class GrowingAnswer:
    """Shows on a terminal how an answer grows, and takes the picture away at the end; elsewhere it shows nothing.

    What it showed stands in the whole answer, too: claims are shown after their check only.
    """

    def __init__(self, console: Console) -> None:
        """Show answers on `console`."""
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> GrowingAnswer:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, answer: Answer) -> None:
        """Show the answer as it is so far."""
        if self._live:
            self._live.update(Markdown(answer.text, hyperlinks=False), refresh=True)


def show_papers(console: Console, papers: Sequence[Paper]) -> None:
    """Print papers, a line each: id and title."""
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for paper in papers:
        table.add_row(escape(paper.id), escape(paper.plain_title))
    console.print(table, highlight=False)


def show_hits(console: Console, hits: Sequence[Hit]) -> None:
    """Print the papers that a search found: score, id and title, nearest sentence."""
    for hit in hits:
        line = Text.assemble(
            (f"{hit.score:5.2f} ", "dim"), (hit.paper.id, "cyan"), " ", (hit.paper.plain_title, "bold")
        )
        console.print(line, highlight=False)
        console.print(Text(f"      {plain_text(hit.sentence.text)}"), highlight=False)


def show_paper(console: Console, paper: Paper, sentences: Sequence[Sentence]) -> None:
    """Print all that is known of a paper, its abstract with numbered sentences."""
    console.print(Text(paper.plain_title, "bold"), highlight=False)
    details = {
        "id": paper.id,
        "authors": ", ".join(paper.authors),
        "published": paper.published,
        "categories": " ".join(paper.categories),
        "url": paper.url,
        "code": paper.code_url,
        "seen in": ", ".join(paper.sources),
    }
    for name, value in details.items():
        if value:
            console.print(Text.assemble((f"{name:>10}  ", "dim"), value), highlight=False, soft_wrap=True)
    console.print(f"\n[dim]The {paper.wording}:[/dim]")
    for sentence in sentences:
        console.print(Text.assemble((f"{sentence.number:3} ", "dim"), plain_text(sentence.text)), highlight=False)


def show_report(console: Console, errors: Console, report: AddReport, total: int) -> None:
    """Print what an addition did; what could not be read goes to `errors`, a line each."""
    for where, why in report.rejected[:_MOST_REJECTED]:
        errors.print(Text.assemble(("left out ", "yellow"), f"{where}: {why}"), highlight=False, soft_wrap=True)
    more = len(report.rejected) - _MOST_REJECTED
    if more > 0:
        errors.print(f"[yellow]left out[/yellow] {more} more like these", highlight=False)
    papers = report.added + report.updated + report.unchanged
    console.print(
        f"{papers} {_plural(papers, 'paper')} from {report.entries} {'entry' if report.entries == 1 else 'entries'}: "
        f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged"
        f"{f', {len(report.rejected)} left out' if report.rejected else ''}. "
        f"The library has {total} {_plural(total, 'paper')}.",
        highlight=False,
    )


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
