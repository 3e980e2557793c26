"""The page of the command line."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from typer.core import TyperGroup
from typer.main import get_group

from conductor.cli.generate.markdown import code, document, one_line, table
from conductor.cli.main import cli

PROGRAM = "conductor"
HOW = """\
Every command takes `--help`, and `--debug`, which shows where in the code an error comes from. The exit code is 0 if all is well, 1 if
something is wrong, which is then said in one sentence with the command to type next, and 2 if the command itself is not understood."""


def page() -> str:
    """Give the page: every command with its help, arguments and options."""
    root = get_group(cli)
    sections = _sections(root, typer.Context(root, info_name=PROGRAM), PROGRAM)
    return document("Commands", "the command line `conductor`", HOW, *sections)


def _sections(group: TyperGroup, context: typer.Context, name: str) -> Iterator[str]:
    """Give the sections of all commands below a group; those of a group within it follow its help."""
    for word in group.list_commands(context):
        below = group.commands[word]
        inner = typer.Context(below, parent=context, info_name=word)
        if isinstance(below, TyperGroup):
            yield f"## {name} {word}\n\n{_told(below.help)}"
            yield from _sections(below, inner, f"{name} {word}")
            continue
        usage = " ".join((name, word, *below.collect_usage_pieces(inner)))
        records = [found for each in below.get_params(inner) if (found := each.get_help_record(inner))]
        rows = [(code(shown), text) for shown, text in records if shown != "--help"]
        yield "\n\n".join(
            (f"## {name} {word}", _told(below.help), f"```\n{usage}\n```", table(("", "what it says"), rows))
        )


def _told(text: str | None) -> str:
    return "\n\n".join(one_line(paragraph) for paragraph in (text or "").split("\n\n"))
