"""The command line `citebot-bot`. Errors become one line on standard error and an exit status here."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Annotated

import typer
import typer.main
from typer.exceptions import TyperException

from bot.errors import StartError
from rag.errors import CitebotError

app = typer.Typer(
    name="citebot-bot",
    help="Run citebot in Discord. The README says how to set it up.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line and end the process: 0 done, 2 wrong usage or settings, 1 anything else."""
    status = _main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # a question that hangs has a thread that hangs; all that matters is closed


def _main() -> int:
    try:
        command = typer.main.get_command(app)
        with command.make_context("citebot-bot", sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as finished:
        return finished.exit_code
    except TyperException as error:
        return _say(f"{error.format_message().rstrip('.')}; `citebot-bot --help` says what there is", error.exit_code)
    except CitebotError as error:
        return _say(str(error), error.exit_status)
    except KeyboardInterrupt:
        return _say("stopped", 130)
    except Exception as error:  # the contract: never a traceback; `python -X dev` shows it all the same
        if sys.flags.dev_mode:
            raise
        return _say(f"internal error ({type(error).__name__}); the log may say more", 1)
    return 0


def _say(message: str, status: int) -> int:
    print(f"citebot-bot: {message}", file=sys.stderr)  # noqa: T201 - the last word
    return status


@app.command()
def start(
    check: Annotated[bool, typer.Option("--check", help="Say what is set up and what is missing, and end.")] = False,
) -> None:
    """Run citebot in Discord. Settings are variables; the README lists them."""
    from bot import log
    from bot.settings import load_bot_settings

    settings = load_bot_settings()
    token = settings.token.get_secret_value()
    log.set_up(settings.log_level, token)
    if check:
        from bot.checking import check_all

        if not asyncio.run(check_all(settings)):
            raise typer.Exit(1)
        return
    if not token:
        raise StartError("DISCORD_TOKEN is not set; `citebot-bot --check` says all that is missing")
    from bot.running import run

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(run(settings))
