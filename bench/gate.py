"""gate: what it costs to judge a batch, as a share of carrying a dropped file to a commit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import polars as pl
from rich.console import Console

from bench.peers.conductor_itself import publish, received, refined
from bench.report import Measure
from bench.sales import ROW_BYTES, write_sales
from bench.side import own_peak_mib

GOAL = "0.3 of the pass at most"


def gate_share(folder: Path, seed: int, size: int, repeat: int, console: Console) -> tuple[Measure, ...]:
    """Carry a file of about `size` rows, each time in a process of its own.

    Imports are left out, as for all sides; that of Great Expectations, which a process pays once, is told as a line of its own.
    """
    file = folder / "sales.csv"
    rows = write_sales(file, size * ROW_BYTES, seed)
    runs = [_one(file, folder / "out", console) for _ in range(repeat)]
    of_gate, of_pass, first = (median(run[name] for run in runs) for name in ("gate", "pass", "import"))
    what = f"{rows:,} rows: the gate beside arrive, refine, gate and publish together"
    peak = max(run["peak_mib"] for run in runs)
    return (
        Measure("gate", what, of_gate, of_pass, GOAL, "s", peak),
        Measure("gate at first", f"{what}; with import", of_gate + first, of_pass + first, "told", "s", peak),
    )


def _one(file: Path, place: Path, console: Console) -> dict[str, float]:
    words = [sys.executable, "-m", "bench.gate", str(file), str(place / "table")]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    shutil.rmtree(place)
    found = json.loads(done.stdout.splitlines()[-1])
    console.print(
        f"gate {found['gate']:6.2f} s of {found['pass']:6.2f} s, import {found['import']:.2f} s {found['peak_mib']:6.0f} MiB"
    )
    return found


def main(file: Path, out: Path) -> None:
    """Do the work and print what it took: wall seconds of the gate and of the whole pass, and peak memory."""
    from conductor.contracts.expectations import expectations
    from conductor.quality import docs
    from conductor.quality.gate import judge
    from conductor.quality.suite import check
    from conductor.stores.folder import FolderStore
    from conductor.values import EngineChoice

    spent: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Generator[None]:
        begun = time.perf_counter()
        yield
        spent[name] = time.perf_counter() - begun

    with timed("import"):
        check(pl.DataFrame({"n": [1]}), (), frozenset())
    with timed("pass"):
        job = received(file, out)
        contract, outcome = job.product.contract, refined(job)
        rows = outcome.counts.records
        told = outcome.of(job.batch, EngineChoice(engine="polars", reason="measured", size=0, rows=rows))
        with timed("gate"):
            files = [f"{job.table_uri}/{each.path}" for each in outcome.files]
            verdict = judge(contract, expectations(contract), told, files)
            docs.write(FolderStore(out.parent / "docs"), out.parent / "pages", contract, told, verdict)
        assert verdict.passed, verdict.failed
        publish(job, outcome, out)
    print(json.dumps(spent | {"peak_mib": own_peak_mib()}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
