"""Run the benchmarks: `python -m bench --only P6 --repeat 5 --seed 7`; writes build/bench.json."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from bench import report
from bench.gate import gate_share
from bench.p1_dropped_file import dropped_file, engines
from bench.p3_flat_memory import flat_memory
from bench.p6_flow_overhead import flow_overhead

BENCHMARKS = ("P1", "P3", "engines", "gate", "P6")
RESULTS = Path("build") / "bench.json"


def main() -> None:
    """Read the command line, measure, print and write."""
    chosen = _arguments().parse_args()
    console = Console(highlight=False)
    console.print(f"seed {chosen.seed}")
    measures: list[report.Measure] = []
    for name in chosen.only or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            measures += _run(name, Path(folder), chosen, console)
    report.show(measures, console)
    report.write(measures, RESULTS)


def _run(name: str, folder: Path, chosen: argparse.Namespace, console: Console) -> tuple[report.Measure, ...]:
    if name == "P6":
        return flow_overhead(folder, chosen.seed, chosen.receipts, chosen.repeat, console)
    if name == "gate":
        return gate_share(folder, chosen.seed, chosen.rows, chosen.repeat, console)
    sizes = chosen.gb or (0.1, 1)
    if name == "P3":
        return flat_memory(folder, chosen.seed, sizes, console)
    measure = dropped_file if name == "P1" else engines
    return measure(folder, chosen.seed, sizes, chosen.repeat, console)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against named peers.")
    add = parser.add_argument
    add(
        "--only",
        action="append",
        choices=BENCHMARKS,
        help="one benchmark; may be given again; P1 holds P2",
    )
    add("--repeat", type=_positive, default=5, help="how often each side is measured")
    add("--receipts", type=_positive, default=1000, help="sales receipts per day")
    add(
        "--gb", type=float, action="append", help="size of the dropped files; may be given again  (0.1 and 1)"
    )
    add("--rows", type=_positive, default=1_000_000, help="rows of the file whose gate is measured")
    add("--seed", type=int, default=7, help="the seed of all data")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    main()
