"""What people see: tables, lines of progress; and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conductor.story import Story

console = Console(highlight=False, soft_wrap=False)


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """Print a table; `right` are the columns of numbers."""
    grid = Table(title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False)
    for place, column in enumerate(columns):
        grid.add_column(column, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text("" if cell is None else printable(str(cell))) for cell in row))
    console.print(grid)


def line(text: str, *, mark: str = "", style: str = "") -> None:
    """Print one line as it is, behind a mark in its colour."""
    console.print(Text.assemble((mark + " " * bool(mark), style), printable(text)), soft_wrap=True)


def printable(text: str) -> str:
    """Give a text without what a terminal would obey; data may hold anything."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def story(told: Story) -> None:
    """Print the story of a batch."""
    table(
        f"{told.slot}, version {told.version}: {told.state}",
        ("what", "how it came out"),
        [(f.label, f.value) for f in told.facts],
    )
    costs = [
        (c.step, "" if c.rows is None else f"{c.rows:,}", f"{c.seconds:.2f}", f"{c.peak_mib or 0:.0f}")
        for c in told.costs
    ]
    table("what it took", ("step", "rows", "seconds", "peak MiB"), costs, right=(1, 2, 3))


def as_json(value: Any) -> None:
    """Print JSON; dates, decimals and paths become text."""
    json.dump(value, sys.stdout, indent=2, default=str, ensure_ascii=False)
    sys.stdout.write("\n")
