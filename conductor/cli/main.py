"""`conductor`: what a person types."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console
from rich.text import Text

from conductor.cli import commands
from conductor.cli.session import DEBUG
from conductor.errors import ConductorError, RetryLater

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
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
        os.environ[DEBUG] = "1"
    try:
        cli()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if DEBUG in os.environ:
            raise
        complain(plain(error))
        sys.exit(1)


def plain(error: Exception) -> ConductorError:
    """Give an error as one that says its cause and the next command.

    What went wrong while Prefect recorded an error of ours (its database may lie on the same full disk) says less than ours.
    """
    if ours := _ours(error):
        return ours
    match error:
        case OSError():
            place = f": {error.filename}" if error.filename else ""
            return ConductorError(f"{error.strerror or error}{place}", next_command="conductor doctor")
        case _:
            said = (str(error).strip() or "no more is known").splitlines()[0]
            return ConductorError(
                f"this should not have happened: {type(error).__name__}: {said}",
                next_command="conductor doctor",
            )


def _ours(error: BaseException | None) -> ConductorError | None:
    while error is not None and not isinstance(error, ConductorError):
        error = error.__cause__ or error.__context__
    return error


def complain(error: ConductorError) -> None:
    """Say an error to a person, or to a program where the output is no terminal: cause first, next command last."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, no_color="NO_COLOR" in os.environ)
    where = f" (step {error.step})" if error.step else ""
    console.print(Text.assemble(("✗", "bold red"), f" {error.sentence}{where}"))
    console.print(Text.assemble("  next: ", (error.next_command or _next(error), "bold")))
    console.print("  more: the same command with --debug shows where in the code", style="dim")


def _next(error: ConductorError) -> str:
    """Give what to type where the one who raised knew nothing better."""
    if isinstance(error, RetryLater):
        return "conductor doctor, then the same command again"
    return "conductor doctor"


if __name__ == "__main__":
    app()
