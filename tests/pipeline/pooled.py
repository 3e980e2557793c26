"""Runs around the Spark pool, without what is not in question: one that carries a file as far as the lake, and its child.

The child is the deployment refine-batch/refine as a process work pool runs it; it stops at a gate of the test's. As a program,
`python -m pipeline.pooled FILE`, this is the run that carries; it prints the error that ended it.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import date
from pathlib import Path

from prefect import flow

from conductor.errors import ConductorError
from conductor.values import Slot
from flows.platform.refine_batch import refine_batch
from flows.steps import progress
from flows.steps.arrive import arrive
from flows.steps.back_up import back_up
from flows.steps.branch import refine
from flows.steps.land import land
from flows.steps.progress import Progress
from flows.steps.this_run import workspace_of_run
from flows.steps.turn import turn
from flows.steps.version import version

__all__ = ["refine_batch"]

DATASET = "sales/daily_sales"
DAY = date(2026, 3, 2)
SLOT = Slot(dataset=DATASET, day=DAY)


@flow(name="carry-to-the-lake", persist_result=False)
def carry_to_the_lake(file: str) -> None:
    """Land the file, have it refined wherever that is, and publish it."""
    with workspace_of_run("embedded") as opened, turn(opened, SLOT) as mine:
        landed = land(mine, arrive(mine, Path(file)))
        batch = version(mine, landed, back_up(mine, landed))
        refined = refine(mine, batch)
        table = opened.table(mine.product.contract)
        table.publish(batch, refined.files, mine.lease.epoch, opened.now())


def wait_at_the_gate(told: Progress) -> None:
    """Leave a note and wait, before the work begins, as long as the gate is closed."""
    gate = Path(os.environ["POOLED_GATE"])
    if (told.step, told.moment) == ("refine", "started"):
        (gate / f"{os.getpid()}.waits").touch()
        while (gate / "closed").exists():
            time.sleep(0.05)


if __name__ == "__main__":
    try:
        carry_to_the_lake(sys.argv[1])
    except ConductorError as error:
        sys.exit(f"{type(error).__name__}: {error.sentence}")
elif "POOLED_GATE" in os.environ:
    progress.listeners.append(wait_at_the_gate)
