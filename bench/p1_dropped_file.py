"""P1, P2: a dropped file to a commit, beside bare Polars, plain pandas and DuckDB; and where Spark crosses Polars."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console

from bench.report import Measure
from bench.sales import GB, write_sales
from bench.side import Ran, ran

GOALS = {"polars": "1.25 times at most", "pandas": "0.4 times, half the memory", "duckdb": "beside it"}


def dropped_file(
    folder: Path, seed: int, sizes: Sequence[float], repeat: int, console: Console
) -> tuple[Measure, ...]:
    """Measure all sides in turns on files of these sizes in GB. Each run is a process of its own; imports are left out."""
    found: list[Measure] = []
    for size in sizes:
        file = folder / "sales.csv"
        rows = write_sales(file, int(size * GB), seed)
        runs = _in_turns(folder, file, ("conductor", *GOALS), repeat, console)
        ours = runs["conductor"]
        for peer, goal in GOALS.items():
            what = f"{size:g} GB, {rows:,} rows, beside {peer} ({_peak(runs[peer]):.0f} MiB)"
            number = {"polars": "P1", "pandas": "P2"}.get(peer, "P1")
            found.append(Measure(number, what, _seconds(ours), _seconds(runs[peer]), goal, "s", _peak(ours)))
    return tuple(found)


def engines(
    folder: Path, seed: int, sizes: Sequence[float], repeat: int, console: Console
) -> tuple[Measure, ...]:
    """Measure Spark against Polars on the same files. Spark's start is part of its work, as it is in a run."""
    found: list[Measure] = []
    for size in sizes:
        file = folder / "sales.csv"
        rows = write_sales(file, int(size * GB), seed)
        runs = {
            engine: [_one(folder, file, "conductor", console, engine) for _ in range(repeat)]
            for engine in ("polars", "spark")
        }
        what = f"{size:g} GB, {rows:,} rows: Spark beside Polars"
        found.append(
            Measure(
                "engines",
                what,
                _seconds(runs["spark"]),
                _seconds(runs["polars"]),
                "where they cross",
                "s",
                _peak(runs["spark"]),
            )
        )
    return tuple(found)


def _in_turns(
    folder: Path, file: Path, sides: Sequence[str], repeat: int, console: Console
) -> dict[str, list[Ran]]:
    runs: dict[str, list[Ran]] = {side: [] for side in sides}
    for _ in range(repeat):
        for side in sides:
            runs[side].append(_one(folder, file, side, console))
    return runs


def _one(folder: Path, file: Path, side: str, console: Console, *more: str) -> Ran:
    place = folder / "out"
    found = ran(side, file, place / "table", *more)
    shutil.rmtree(place)
    console.print(f"{' '.join((side, *more)):<18} {found.seconds:7.2f} s {found.peak_mib:6.0f} MiB")
    return found


def _seconds(runs: Sequence[Ran]) -> float:
    return median(run.seconds for run in runs)


def _peak(runs: Sequence[Ran]) -> float:
    return max(run.peak_mib for run in runs)
