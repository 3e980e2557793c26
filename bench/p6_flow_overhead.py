"""P6: what the nightly flow costs over the same library functions called plainly."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from rich.console import Console

from bench import ground
from bench.plain_night import plain_night
from bench.report import Measure
from conductor.values import Slot
from conductor.workspace import Workspace
from flows.steps import progress
from flows.steps.measure import measured
from flows.steps.opening import open_workspace, utc_now
from flows.steps.progress import Progress

PRODUCT = "finance/sales_receipts"
LAST_DAY = date(2026, 11, 20)
MART = "SELECT * FROM marts.mart_daily_revenue ORDER BY ALL"
GOAL = "+1 s"


@dataclass(frozen=True)
class Run:
    """Wall seconds of a whole run, those of dbt's build in it, and the process's high-water mark in MiB."""

    seconds: float
    build: float
    peak_mib: float


@dataclass(frozen=True)
class Pair:
    """The flow, the plain calls and an empty flow, one right after the other."""

    flow: Run
    plain: Run
    empty: float


def flow_overhead(
    folder: Path, seed: int, receipts: int, repeat: int, console: Console
) -> tuple[Measure, ...]:
    """Carry the same days by flow and by plain calls, in turns, in one process; the first pair warms up and is not counted.

    Each run has a fresh home and, for its books, an accounting system of its own with the same receipts. Import and server
    start are left out, and so is what Prefect takes to start and end a flow without steps.
    """
    with (
        ground.prefect(folder / "prefect"),
        ground.accounting(seed, receipts) as ours,
        ground.accounting(seed, receipts) as peers,
    ):
        pairs: list[Pair] = []
        for n in range(repeat + 1):
            pairs.append(_pair(folder / str(n), LAST_DAY - timedelta(days=n), (ours, peers), n % 2 == 0))
            console.print(_line(n, pairs[-1]), soft_wrap=True)
    return _measures(pairs[1:], receipts)


def _pair(
    folder: Path, day: date, sources: tuple[ground.Accounting, ground.Accounting], flow_first: bool
) -> Pair:
    slot = Slot(dataset=PRODUCT, day=day)
    flow, plain = folder / "flow", folder / "plain"
    sides: list[Callable[[], Run]] = [
        lambda: _by_flow(flow, sources[0], slot),
        lambda: _plainly(plain, sources[1], slot),
    ]
    if flow_first:
        by_flow, plainly = sides[0](), sides[1]()
    else:
        plainly, by_flow = sides[1](), sides[0]()
    assert _mart(flow) == _mart(plain), "flow and plain calls did not do the same work"
    return Pair(by_flow, plainly, _empty())


def _by_flow(home: Path, source: ground.Accounting, slot: Slot) -> Run:
    from flows.finance.nightly_financials import nightly_financials

    ground.enter(home, source)
    _open(home).close()  # a new ledger is made once in a workspace's life
    steps: list[Progress] = []
    progress.listeners.append(steps.append)
    try:
        began = time.perf_counter()
        nightly_financials(day=slot.day, workspace="embedded")
        seconds = time.perf_counter() - began
    finally:
        progress.listeners.remove(steps.append)
    building = sum(step.seconds for step in steps if step.step == "build")
    return Run(seconds, building, max(step.peak_mib for step in steps))


def _plainly(home: Path, source: ground.Accounting, slot: Slot) -> Run:
    ground.enter(home, source)
    workspace = _open(home)
    try:
        with measured() as cost:
            building = plain_night(workspace, slot, workspace.scratch)
    finally:
        workspace.close()
    return Run(cost.seconds, building, cost.peak_mib)


def _empty() -> float:
    from prefect import flow

    @flow(name="empty", persist_result=False)
    def empty() -> None:
        return

    began = time.perf_counter()
    empty()
    return time.perf_counter() - began


def _open(home: Path) -> Workspace:
    return open_workspace("embedded", {**os.environ, "CONDUCTOR_HOME": str(home)}, utc_now, "bench")


def _mart(home: Path) -> Sequence[object]:
    workspace = _open(home)
    try:
        return workspace.warehouse.query(MART).rows
    finally:
        workspace.close()


def _line(n: int, pair: Pair) -> str:
    which = f"pair {n}" if n else "warm-up"
    sides = (("flow", pair.flow), ("plain", pair.plain))
    told = (f"{name} {run.seconds:.2f} s (build {run.build:.2f} s)" for name, run in sides)
    return f"[dim]{which}: {', '.join(told)}, empty flow {pair.empty:.2f} s[/]"


def _measures(pairs: Sequence[Pair], receipts: int) -> tuple[Measure, ...]:
    empty = median(pair.empty for pair in pairs)
    peak = max(pair.flow.peak_mib for pair in pairs)
    work = (
        f"nightly flow over plain calls: {receipts} receipts, median of {len(pairs)}; "
        f"an empty flow's {empty:.2f} s taken off"
    )
    all_of_it = Measure(
        "P6",
        work,
        median(pair.flow.seconds - pair.empty for pair in pairs),
        median(pair.plain.seconds for pair in pairs),
        GOAL,
        "s",
        peak,
    )
    without_build = Measure(
        "P6 without build",
        f"{work}; dbt's build, too",
        median(pair.flow.seconds - pair.flow.build - pair.empty for pair in pairs),
        median(pair.plain.seconds - pair.plain.build for pair in pairs),
        GOAL,
        "s",
        peak,
    )
    return all_of_it, without_build
