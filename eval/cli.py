"""The command `citebot-eval`: asks, judges, compares, writes the report, holds the gate."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from unittest.mock import patch

import typer
import typer.main
from typer.exceptions import TyperException

from rag.errors import CitebotError

if TYPE_CHECKING:
    from rich.console import Console

    from eval.cases import Support
    from eval.items import Question
    from eval.results import Results
    from eval.store import Store
    from rag.assistant import Assistant
    from rag.library import Library
    from rag.progress import Progress
    from rag.settings import Settings

EXTRACTIVE = "extractive"

app = typer.Typer(
    name="citebot-eval",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class EvaluationError(CitebotError):
    """What was asked of the evaluation cannot be done."""

    exit_status = 2


@app.command()
def main_command(
    questions: Annotated[
        list[Path] | None, typer.Option("--questions", "-q", help="Questions of your own, JSON lines.")
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option("--library", "-L", metavar="DIR", help="The library to ask.  [default: the starter collection]"),
    ] = None,
    llm: Annotated[
        list[str] | None,
        typer.Option("--llm", metavar="SPEC", help='A language model; again for a comparison; "extractive" is none.'),
    ] = None,
    ablate: Annotated[bool, typer.Option("--ablate", help="Also without each part, one at a time.")] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="A fixed tenth of the questions, held against the gate.")
    ] = False,
    part: Annotated[str, typer.Option("--part", help="dev, test or all.")] = "all",
    out: Annotated[Path, typer.Option("--out", "-o", help="Where results and report go.")] = Path("build/evaluation"),
    baseline: Annotated[Path | None, typer.Option("--baseline", help="Hold the gate against this file.")] = None,
    accept: Annotated[
        str | None, typer.Option("--accept", metavar="REASON", help="Make this run the baseline, and say why.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="SPEC", help="A language model judges the claims.")
    ] = None,
    variants: Annotated[
        bool | None, typer.Option("--variants/--no-variants", help="Ask with typos and so on, too.")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Questions under way at a time.")] = None,
    external: Annotated[
        list[str] | None, typer.Option("--external", metavar="NAME", help='A set of others, or "all".')
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Where the sets of others lie.")] = None,
    check: Annotated[Path | None, typer.Option("--check", metavar="FILE", help="Only check questions.")] = None,
) -> None:
    """Ask citebot the questions, judge the answers, and write results.json and report.html.

    Stop it with Ctrl-C when you like: the same command goes on where it was.
    """
    from rag.settings import load_settings
    from rag.terminal import TerminalProgress

    settings = load_settings()
    console, errors = _console(), _console(stderr=True)
    with TerminalProgress(errors) as progress:
        if external:
            _run_external(external, data, out, settings, console, progress)
            return
        asked = _questions([check] if check else questions, part, fast)
        with _library(library, bool(questions or check), out, settings, progress) as opened:
            if check:
                _check(asked, opened, console)
                return
            bench = _Bench(opened, asked, out, _judge(judge, settings, out), variants, jobs, progress)
            results = bench.run(llm or [EXTRACTIVE], ablate)
        _finish(results, out, baseline, accept, fast, console)


def main() -> None:
    """Run the command line and end the process: 0 done, 1 the gate is shut or something failed, 2 wrong usage."""
    try:
        command = typer.main.get_command(app)
        with command.make_context("citebot-eval", sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as finished:
        sys.exit(finished.exit_code)
    except TyperException as error:
        _fail(f"{error.format_message().rstrip('.')}; `citebot-eval --help` says what there is", error.exit_code)
    except CitebotError as error:
        _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on from here", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _fail(message: str, status: int) -> None:
    print(f"citebot-eval: {message}", file=sys.stderr)
    sys.exit(status)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=160, soft_wrap=True)


# --------------------------------------------------------------------------- what is asked, of what


def _questions(paths: list[Path] | None, part: str, fast: bool) -> list[Question]:
    from eval.items import fast_part, read_questions

    if part not in ("dev", "test", "all"):
        raise EvaluationError(f'--part is "dev", "test" or "all", not "{part}"')
    found = [each for each in read_questions(*(paths or ())) if part in ("all", each.part)]
    if not found:
        raise EvaluationError("there is no question to ask in that")
    return fast_part(found) if fast else found


@contextmanager
def _library(
    directory: Path | None, has_own_questions: bool, out: Path, settings: Settings, progress: Progress
) -> Iterator[Library]:
    """Give the library to ask: the one named, the default one for questions of one's own, else the starter collection.

    The starter collection has a library of its own beside the results, whatever the default library holds by now.
    """
    from eval.starter import starter_library
    from rag.library import Library

    if directory is None and not has_own_questions:
        with starter_library(out, settings, progress) as opened:
            yield opened
    else:
        with Library.open(directory, create=directory is None, settings=settings, progress=progress) as opened:
            yield opened


def _check(asked: Sequence[Question], library: Library, console: Console) -> None:
    """Print what is wrong with the questions; the exit status tells whether anything is."""
    from eval.validation import faults_of

    faults = faults_of(asked, library.papers())
    for fault in faults:
        console.print(fault, highlight=False, markup=False)
    kinds = {kind: sum(each.kind == kind for each in asked) for kind in dict.fromkeys(each.kind for each in asked)}
    console.print(f"{len(asked)} questions: {', '.join(f'{count} {kind}' for kind, count in kinds.items())}")
    console.print(f"{len(faults)} faults" if faults else "all well")
    if faults:
        raise typer.Exit(1)


def _judge(spec: str | None, settings: Settings, out: Path) -> Support | None:
    """Return the judge of claims: a language model where one is named, else None for citebot's own check."""
    if spec is None:
        return None
    from eval.judges import model_judge
    from eval.store import Store
    from rag.llms import load_llm

    return model_judge(load_llm(spec, settings), spec, Store(out / "judgements.jsonl"))


# --------------------------------------------------------------------------- asking


class _Bench:
    """One library and its questions; assistants come and go."""

    def __init__(
        self,
        library: Library,
        asked: Sequence[Question],
        out: Path,
        judge: Support | None,
        variants: bool | None,
        jobs: int | None,
        progress: Progress,
    ) -> None:
        from eval.store import Store

        self._library = library
        self._asked = asked
        self._out = out
        self._judge = judge
        self._variants = variants
        self._jobs = jobs
        self._progress = progress
        self._store: Store = Store(out / "answers.jsonl")

    def run(self, specs: Sequence[str], ablate: bool) -> Results:
        """Return the results of each model, and of the first one without each part."""
        found = [self._one(self._library, spec, {}) for spec in specs]
        if ablate:
            from eval.ablation import DEVICES

            found += [self._without(name, patches, specs[0]) for name, patches in DEVICES.items() if patches]
        return found[0].beside(*found[1:])

    def _without(self, name: str, patches: Sequence[tuple[Any, str, Any]], spec: str) -> Results:
        """Return the results without a part. The library is opened anew: it keeps what it worked out with it."""
        from rag.library import Library

        with ExitStack() as stack:
            for target, attribute, replacement in patches:
                stack.enter_context(patch.object(target, attribute, replacement))
            settings = self._library.settings
            library = stack.enter_context(Library.open(self._library.directory, create=False, settings=settings))
            return self._one(library, spec, {"without": name})

    def _one(self, library: Library, spec: str, changed: dict[str, Any]) -> Results:
        from eval.run import evaluate, settings_of
        from rag.llms import shown_spec

        has_model = spec != EXTRACTIVE
        assistant = assistant_of(library, spec)
        name = f"without {changed['without']}" if changed else shown_spec(spec)
        with_variants = self._variants if self._variants is not None else not (has_model or changed)
        with ExitStack() as stack:
            shuffled = assistant_of(stack.enter_context(self._shuffled()), spec) if with_variants else None
            return evaluate(
                assistant,
                self._asked,
                name=name,
                settings={**(settings_of(assistant, spec if has_model else None) or {}), **changed, "name": name},
                supports=self._judge,
                variants=with_variants,
                shuffled=shuffled,
                jobs=self._jobs or (library.settings.llm_concurrency if has_model else 1),
                store=self._store,
                progress=_Named(self._progress, name),
            )

    def _shuffled(self) -> Library:
        from eval.run import shuffled_library
        from eval.surroundings import collection_of

        papers = collection_of(self._library.papers())
        return shuffled_library(self._library, self._out / f"shuffled-{papers['hash']}", self._progress)


class _Named:
    """Progress whose stages have the run's name in front."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._name = name

    def report(self, stage: str, done: int, total: int) -> None:
        self._progress.report(f"{self._name}: {stage}", done, total)

    def message(self, text: str) -> None:
        self._progress.message(text)


def assistant_of(library: Library, spec: str) -> Assistant:
    """Return the assistant that answers from the library with the model of the spec; "extractive" is no model.

    The model's replies are not taken from those of earlier runs: times would be of no use.
    """
    from rag.assistant import Assistant

    if spec == EXTRACTIVE:
        return Assistant(library)
    return Assistant(library, llm=spec, settings=library.settings.model_copy(update={"llm_cache": False}))


def _run_external(
    names: list[str], data: Path | None, out: Path, settings: Settings, console: Console, progress: Progress
) -> None:
    from eval.external import DEFAULT_DATA, SETS, Bench
    from eval.tables import show_external

    unknown = [name for name in names if name not in SETS and name != "all"]
    if unknown:
        raise EvaluationError(f'there is no set "{unknown[0]}"; there are {", ".join(SETS)} and all')
    folder = data or DEFAULT_DATA
    bench = Bench(folder, out / "external", settings, progress)
    for each in SETS.values():
        if each.name in names or "all" in names:
            missing = each.missing(folder)
            if missing:
                console.print(f"{each.name}: skipped, there is no {missing[0]} in {folder}; --data says where it is")
            else:
                show_external(console, each, each.run(bench))


# --------------------------------------------------------------------------- what was found


def _finish(
    results: Results, out: Path, baseline: Path | None, accept: str | None, fast: bool, console: Console
) -> None:
    """Write and print what was found; end with status 1 where a measure fell below the baseline."""
    from eval.gate import BASELINE, falls, read_baseline, write_baseline
    from eval.tables import show_results

    path = baseline or BASELINE
    if accept is not None:
        if not accept.strip():
            raise EvaluationError('--accept wants the reason: --accept "why the numbers changed"')
        write_baseline(results, accept.strip(), path)
    is_gated = (fast or baseline is not None) and accept is None
    held = read_baseline(path) if path.exists() or is_gated else None
    if held and is_gated and held["assistant"] != results.runs[0].name:
        raise EvaluationError(f"the baseline is of {held['assistant']}: let it run first, or name another --baseline")
    data, page = results.write(out, held)
    show_results(console, results, held)
    console.print(f"{data}\n{page}", highlight=False, markup=False, soft_wrap=True)
    fallen = falls(results, held) if held and is_gated else []
    for fall in fallen:
        console.print(f"[red]fell:[/red] {fall}", highlight=False)
    if fallen:
        console.print('The gate is shut. If this is meant: citebot-eval --accept "reason"', highlight=False)
        raise typer.Exit(1)
    if is_gated:
        console.print("The gate is open: no measure fell below its baseline.", highlight=False)


if __name__ == "__main__":
    main()
