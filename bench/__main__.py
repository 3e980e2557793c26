"""Run the benchmarks: `python -m bench --only P6 --repeat 5 --seed 7`; writes build/bench.json."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from bench import report
from bench.p6_flow_overhead import flow_overhead

BENCHMARKS = {"P6": flow_overhead}
RESULTS = Path("build") / "bench.json"


def main() -> None:
    """Read the command line, measure, print and write."""
    chosen = _arguments().parse_args()
    console = Console(highlight=False)
    console.print(f"seed {chosen.seed}")
    measures: list[report.Measure] = []
    for name in chosen.only or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            run = BENCHMARKS[name]
            measures += run(Path(folder), chosen.seed, chosen.receipts, chosen.repeat, console)
    report.show(measures, console)
    report.write(measures, RESULTS)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against named peers.")
    add = parser.add_argument
    add("--only", action="append", choices=list(BENCHMARKS), help="one benchmark; may be given again")
    add("--repeat", type=_positive, default=5, help="how often each side is measured")
    add("--receipts", type=_positive, default=1000, help="sales receipts per day")
    add("--seed", type=int, default=7, help="the seed of all data")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    main()
