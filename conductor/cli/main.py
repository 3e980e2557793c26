"""`conductor`: what a person types."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console

from conductor.cli import commands
from conductor.errors import ConductorError

cli = typer.Typer(
    name="conductor",
    help="Carry accounting data to the warehouse, each batch with exactly one effect; and say how it went.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="New here? Type: conductor demo",
)
commands.register(cli)


def app() -> None:
    """Run the command line: what is wrong is one plain sentence and the next command, exit code 1; usage errors are 2."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        cli()
    except ConductorError as error:
        if debug:
            raise
        complain(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if debug:
            raise
        complain(
            ConductorError(
                f"{error.strerror or error}: {error.filename or 'the system'}",
                next_command="conductor doctor",
            )
        )
        sys.exit(1)


def complain(error: ConductorError) -> None:
    """Say an error to a person, or to a program where the output is no terminal: cause first, next command last."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, no_color="NO_COLOR" in os.environ)
    where = f" (step {error.step})" if error.step else ""
    console.print(f"[bold red]✗[/] {error.sentence}{where}", markup=True)
    if error.next_command:
        console.print(f"  next: [bold]{error.next_command}[/]")
    console.print("  more: the same command with --debug shows where in the code", style="dim")


if __name__ == "__main__":
    app()
