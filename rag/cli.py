"""The command line. Errors become one line on standard error and an exit status in `main`, and nowhere else."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import typer.main
from typer.exceptions import TyperException

from rag.errors import CitebotError

if TYPE_CHECKING:
    from rich.console import Console

    from rag.answers import Answer, Turn
    from rag.assistant import Assistant
    from rag.library import Library

app = typer.Typer(
    name="citebot",
    help="Ask a collection of papers; every sentence of the answer is quoted and cited.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", "-L", metavar="DIR", help="The library to use.  [default: your default library]"),
]

LlmOption = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="SPEC",
        help="A language model to write answers: openai:MODEL, anthropic:MODEL, gemini:MODEL, ollama:MODEL, "
        "openai-like:MODEL@URL, gguf:PATH.  [default: CITEBOT_LLM, else none]",
    ),
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Show what a model wrote that the check did not let through, and why.")
]


def main() -> None:
    """Run the command line and end the process: 0 done, 2 wrong usage or input, 1 anything else."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a letter shows "?" and goes on
    try:
        # Not `app()`: typer would end the process by its own rules, with a frame around every message.
        command = typer.main.get_command(app)
        with command.make_context("citebot", sys.argv[1:] or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as finished:
        sys.exit(finished.exit_code)
    except TyperException as error:
        path = getattr(getattr(error, "ctx", None), "command_path", "citebot")
        _fail(f"{error.format_message().rstrip('.')}; `{path} --help` says what there is", error.exit_code)
    except CitebotError as error:
        _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        _fail("stopped", 130)
    except BrokenPipeError:
        # Whoever read the output has gone (`citebot papers | head`); nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 1)
    except Exception as error:  # the contract: never a traceback; `python -X dev` shows it all the same
        if sys.flags.dev_mode:
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())
        _fail(f"internal error ({what}); `citebot doctor` looks for the cause", 1)


def _fail(message: str, status: int) -> None:
    print(f"citebot: {message}", file=sys.stderr)  # noqa: T201 - rich may be what failed
    sys.exit(status)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    class QuietConsole(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # `main` knows what to do; rich would end the process as if something had failed

    console = QuietConsole(stderr=stderr)
    # Not a terminal: a pipe or a file, where lines broken at 80 columns would be in the way.
    return console if console.is_terminal else QuietConsole(stderr=stderr, width=10_000, soft_wrap=True)


@contextmanager
def _library(directory: Path | None, *, create: bool = False, llm: str | None = None) -> Iterator[Library]:
    """Give the library that was asked for, with progress on standard error."""
    from rag.library import Library
    from rag.settings import load_settings
    from rag.terminal import TerminalProgress

    settings = load_settings(library=directory, llm=llm)
    with (
        TerminalProgress(_console(stderr=True)) as progress,
        Library.open(settings.library, create=create, settings=settings, progress=progress) as library,
    ):
        yield library


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question, in quotation marks.")] = None,
    library: LibraryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer object as JSON.")] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Read questions from standard input, a JSON object a line; answer likewise.")
    ] = False,
    llm: LlmOption = None,
    explain: ExplainOption = False,
) -> None:
    """Answer a question."""
    if jsonl == (question is not None):
        raise typer.BadParameter("give either a question or --jsonl")
    from rag.assistant import Assistant

    with _library(library, llm=llm) as opened:
        assistant = Assistant(opened, opened.settings.llm)
        if jsonl:
            _answer_jsonl(assistant)
        elif question is not None:
            answer = assistant.ask(question)
            if as_json:
                _write_utf8()
                print(json.dumps(answer.as_dict(), ensure_ascii=False, indent=2))  # noqa: T201 - data, not prose
            else:
                _show(opened, answer, explain=explain)


def _answer_jsonl(assistant: Assistant) -> None:
    from rag.jsonl import answer_lines

    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    _write_utf8()
    for line in answer_lines(assistant, sys.stdin):
        print(line, flush=True)  # noqa: T201 - data, not prose


def _write_utf8() -> None:
    """Write JSON in the encoding that JSON has, whatever the locale says."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Half a surrogate pair, which JSON can spell and UTF-8 cannot, goes out as the JSON escape that it came in as.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _show(library: Library, answer: Answer, *, explain: bool = False) -> None:
    from rag.terminal import show_answer, show_explanation

    sentences = library.catalogue.sentences([citation.paper_id for citation in answer.citations])
    console = _console()
    show_answer(console, answer, {paper_id: len(its) for paper_id, its in sentences.items()})
    if explain:
        show_explanation(console, answer)


@app.command()
def chat(library: LibraryOption = None, llm: LlmOption = None, explain: ExplainOption = False) -> None:
    """Talk with the papers; an empty line or Ctrl-D ends it."""
    from rich.markup import escape

    from rag.answers import Turn
    from rag.assistant import Assistant

    with _library(library, llm=llm) as opened:
        assistant = Assistant(opened, opened.settings.llm)
        console = _console()
        console.print(f"[dim]{len(opened)} papers. Ask; an empty line ends it.[/dim]", highlight=False)
        history: list[Turn] = []
        while question := _next_question():
            answer = _ask_growing(assistant, question, history)
            if answer.question != question:
                console.print(f"[dim]({escape(answer.question)})[/dim]", highlight=False, markup=True)
            _show(opened, answer, explain=explain)
            console.print()
            history += [Turn("user", question), Turn("assistant", answer.text)]


def _ask_growing(assistant: Assistant, question: str, history: list[Turn]) -> Answer:
    """Return the answer; on a terminal what is there of it is shown while a model writes the rest."""
    import asyncio

    from rag.terminal import GrowingAnswer

    async def follow() -> Answer:
        with GrowingAnswer(_console()) as growing:
            async for answer in assistant.astream(question, history):
                growing.show(answer)
        return answer

    return asyncio.run(follow())


def _next_question() -> str:
    """Return the next line that the user types; empty at the end."""
    try:
        return input("> ").strip()
    except EOFError:
        return ""


@app.command()
def add(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files of papers; - is standard input.")],
    library: LibraryOption = None,
    format: Annotated[
        str | None, typer.Option("--format", help="The files' format, if it is not to be found out.")
    ] = None,
) -> None:
    """Add the papers of files: saved "trending papers" pages, JSON lines."""
    from rag.terminal import show_report

    with _library(library, create=True) as opened:
        report = opened.add(*files, format=format)
        total = len(opened)
    show_report(_console(), _console(stderr=True), report, total)
    if report.rejected and not report.entries:
        raise typer.Exit(2)


@app.command()
def papers(
    query: Annotated[str | None, typer.Argument(help="What to look for; without it, all papers.")] = None,
    library: LibraryOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many, for a query.")] = 10,
) -> None:
    """List the papers, or those nearest to a query."""
    from rag.terminal import show_hits, show_papers

    with _library(library) as opened:
        if query:
            show_hits(_console(), opened.search(query, limit))
        else:
            show_papers(_console(), opened.papers())


@app.command()
def show(paper: Annotated[str, typer.Argument(help="Id or title of a paper.")], library: LibraryOption = None) -> None:
    """Show a paper: what is known of it, and its abstract."""
    from rag.terminal import show_paper

    with _library(library) as opened:
        found = opened.get(paper)
        show_paper(_console(), found, opened.sentences(found))


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="PAPER...", help="Ids or titles of papers.")],
    library: LibraryOption = None,
) -> None:
    """Remove papers from the library."""
    with _library(library) as opened:
        for paper in opened.remove(*names):
            _console().print(f"removed {paper.id}  {paper.plain_title}", highlight=False, markup=False)


@app.command()
def doctor(
    library: LibraryOption = None,
    llm: LlmOption = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the vectors anew with the embedding model that is set.")
    ] = False,
) -> None:
    """Say what is set up, what is missing, and what to type."""
    from rag.doctor import examine
    from rag.library import Library
    from rag.settings import load_settings
    from rag.terminal import TerminalProgress

    settings = load_settings(library=library, llm=llm)
    console = _console()
    well = True
    with TerminalProgress(_console(stderr=True)) as progress:
        if rebuild:
            Library.rebuild(settings=settings, progress=progress)
        for finding in examine(settings, progress):
            well = well and finding.well
            mark = "[green]✓[/green]" if finding.well else "[red]✗[/red]"
            console.print(f"{mark} {finding.name:22}", end="", highlight=False)
            console.print(finding.seen, highlight=False, markup=False, soft_wrap=True)
    if not well:
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
