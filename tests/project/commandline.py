"""Whether the real command line takes a command."""

from __future__ import annotations

import shlex
from contextlib import suppress

import typer
from typer.core import TyperGroup
from typer.main import get_group

from conductor.cli.main import cli


def parse(arguments: list[str]) -> None:
    """Have the real command line take the arguments, without running anything; a wrong one is a usage error."""
    group, words = get_group(cli), [word for word in arguments if word != "--debug"]
    while words and words[0] in group.commands:
        command = group.commands[words.pop(0)]
        if not isinstance(command, TyperGroup):
            with suppress(typer.Exit):  # --help
                command.make_context("conductor", words)
            return
        group = command
    raise AssertionError(f"there is no command conductor {shlex.join(arguments)}")
