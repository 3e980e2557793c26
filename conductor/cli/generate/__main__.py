"""Write all generated files: `python -m conductor.cli.generate`, or see with `--check` whether they are fresh."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.generate import files


def generate(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; name the stale files.")] = False,
    root: Annotated[Path, typer.Option(help="The checkout.", file_okay=False)] = Path(),
) -> None:
    """Write the generated files of a checkout; with --check the exit code is 1 if one of them is stale."""
    wanted = files.generated(root)
    stale = files.stale(root, wanted)
    if not check:
        files.write(root, wanted)
    for path in stale:
        show.line(str(path), mark="✗" if check else "✓", style="red" if check else "green")
    if check and stale:
        show.line("  next: make generate")
        raise typer.Exit(1)
    show.line(f"{len(wanted)} generated files are fresh")


if __name__ == "__main__":
    typer.run(generate)
