"""P3: peak memory against size, with dedupe, a join and 120 partitions."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.report import Measure
from bench.sales import DAYS, GB, write_sales
from bench.side import ran

GOAL = "1.25 times at most, 2048 MiB"


def flat_memory(folder: Path, seed: int, sizes: Sequence[float], console: Console) -> tuple[Measure, ...]:
    """Measure once per size in GB, each in a process of its own; the smallest is what the others are held against."""
    peaks: list[tuple[float, float]] = []
    for size in sorted(sizes):
        file = folder / "sales.csv"
        rows = write_sales(file, int(size * GB), seed)
        found = ran("joining", file, folder / "out" / "table")
        shutil.rmtree(folder / "out")
        console.print(f"{size:g} GB, {rows:,} rows {found.seconds:7.2f} s {found.peak_mib:6.0f} MiB")
        peaks.append((size, found.peak_mib))
    (smallest, least), *larger = peaks
    return tuple(
        Measure(
            "P3",
            f"{size:g} GB beside {smallest:g} GB: dedupe, a join, {DAYS} partitions",
            peak,
            least,
            GOAL,
            "MiB",
            peak,
        )
        for size, peak in larger
    )
