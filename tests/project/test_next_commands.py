"""What an error, a finding or a notice tells a person to type can be typed."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_group

from conductor.cli.main import cli

from .commandline import parse

ROOT = Path(__file__).parents[2]
SOURCES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for part in ("conductor", "flows", "blocks")
    for path in sorted((ROOT / part).rglob("*.py"))
}
FILLED_IN = "2026-11-20"
"""What stands for a value that is filled in: a day, which may also be a batch, a name or a text."""


def texts(source: str) -> Iterator[str]:
    """Give all texts of a program, docstrings included, with something for each value that is filled in."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else FILLED_IN for part in node.values)
            yield "".join(map(str, parts))
            waiting += (part.value for part in node.values if isinstance(part, ast.FormattedValue))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        else:
            waiting += ast.iter_child_nodes(node)


def commands(source: str) -> Iterator[str]:
    """Give each text that is a command and nothing else; one that goes on after a comma leaves words to the person."""
    for text in texts(source):
        if text.startswith("conductor ") and ", " not in text:
            yield text.replace("YYYY-MM-DD", FILLED_IN)


def named(source: str) -> set[str]:
    """Give the commands that are named anywhere in a text."""
    return {word for text in texts(source) for word in re.findall(r"\bconductor ([a-z]+)", text)}


@pytest.mark.parametrize("command", sorted({found for each in SOURCES.values() for found in commands(each)}))
def test_every_command_that_is_given_to_type_is_understood(command: str) -> None:
    parse(shlex.split(command)[1:])


def test_every_command_that_a_text_names_exists() -> None:
    known = get_group(cli).commands.keys()
    assert not {path: unknown for path, source in SOURCES.items() if (unknown := named(source) - known)}


@pytest.mark.parametrize(
    "wrong",
    [
        'raise Error("gone", next_command="conductor resurrect")',
        'raise Error("gone", next_command=f"conductor contracts check {dataset}")',
        'raise Error("gone", next_command="conductor run --day")',
        'yield problem("home", "gone", f"conductor explain {batch} --why")',
    ],
)
def test_a_command_that_does_not_exist_would_be_seen(wrong: str) -> None:
    (command,) = commands(wrong)
    with pytest.raises((AssertionError, typer.TyperException)):
        parse(shlex.split(command)[1:])


def test_commands_within_sentences_and_filled_in_values_are_seen() -> None:
    """Inner ones, too, and those that leave words to the person."""
    source = """f"move it aside, then type: conductor repair {ours or f'conductor {batch}' or 'conductor heal, as before'}" """
    assert named(source) == {"repair", "heal"}
