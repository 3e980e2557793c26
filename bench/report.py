"""What a benchmark found, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Measure:
    """Our figure and the peer's, both in `unit`; `peak_mib` is our process's high-water mark during the work."""

    id: str
    what: str
    ours: float
    peer: float
    goal: str
    unit: str
    peak_mib: float

    @property
    def ratio(self) -> float:
        """Ours as a multiple of the peer's."""
        return self.ours / self.peer


def write(measures: Sequence[Measure], file: Path) -> None:
    """Replace the file by the measures as a JSON list."""
    file.parent.mkdir(parents=True, exist_ok=True)
    listed = [asdict(measure) | {"ratio": measure.ratio} for measure in measures]
    file.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


def show(measures: Sequence[Measure], console: Console) -> None:
    """Print the measures as a table."""
    table = Table("id", "what", box=None, header_style="bold")
    for heading in ("ours", "peer", "ratio", "peak MiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("goal")
    for found in measures:
        figures = (f"{figure:.2f} {found.unit}" for figure in (found.ours, found.peer))
        table.add_row(
            found.id, found.what, *figures, f"{found.ratio:.2f}", f"{found.peak_mib:.0f}", found.goal
        )
    console.print(table)
