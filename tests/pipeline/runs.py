"""What the process of one run does. It is forked from a server that has imported the flows already, which saves seconds."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

# PySpark, where it is installed, takes a process without a main file for its own doctests and ends it.
vars(sys.modules["__main__"]).setdefault("__file__", __file__)

PRELOADED = [
    "pipeline.runs",
    "flows.finance.nightly_financials",
    "flows.platform.dropped_file",
    "flows.platform.refine_batch",
    "flows.platform.replay",
    "prefect.main",
    "great_expectations",
    "deltalake",
    "blocks.opening",
]


@dataclass(frozen=True)
class At:
    """A moment of a step of a product, as `flows.steps.progress` tells it: the first one, or the `nth`."""

    dataset: str
    step: str
    moment: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.dataset.split('/')[1]}-{self.step}-{self.moment}" + (
            f"-{self.nth}" if self.nth > 1 else ""
        )


@dataclass(frozen=True)
class Errand:
    """What a run is for: the flow's arguments, the environment, what happens at which moment, where it reports.

    At `kill` the process kills itself; at `stall` it makes `<report>.stalled` and stops until it gets SIGCONT.
    """

    environment: dict[str, str]
    report: Path
    workspace: str = "embedded"
    day: date | None = None
    replay: dict[str, Any] | None = None
    refine: dict[str, Any] | None = None
    dropped: dict[str, Any] | None = None
    kill: At | None = None
    stall: At | None = None
    dbt: tuple[str, ...] | None = None
    """How dbt is called, where that is not the product's own way."""


def save_block(environment: dict[str, str], name: str, block: dict[str, Any]) -> None:
    """Keep a Workspace block in Prefect's server."""
    os.environ.clear()
    os.environ.update(environment)
    from blocks.workspace import Workspace

    Workspace.model_validate(block).save(name, overwrite=True)


def carry(errand: Errand) -> None:
    """Run the errand's flow; report each moment of its steps and, at the end, what came of it."""
    sys.stdout = sys.stderr = errand.report.with_suffix(".log").open("a", buffering=1)
    os.dup2(sys.stderr.fileno(), 2)
    os.environ.clear()
    os.environ.update(errand.environment)
    from conductor.errors import ConductorError
    from conductor.warehouses import build
    from flows.steps import progress

    build.COMMAND = errand.dbt or build.COMMAND
    progress.listeners.append(_listener(errand))
    try:
        _run(errand)
    except ConductorError as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        _report(
            errand,
            {"error": kinds[0], "kinds": kinds, "sentence": error.sentence, "next": error.next_command},
        )
        sys.exit(1)
    except BaseException:
        traceback.print_exc()
        _report(errand, {"error": "unexpected", "sentence": traceback.format_exc(limit=-3), "next": None})
        sys.exit(3)


def _run(errand: Errand) -> None:
    from flows.finance.nightly_financials import nightly_financials
    from flows.platform.dropped_file import dropped_file
    from flows.platform.refine_batch import refine_batch
    from flows.platform.replay import replay_rows

    if errand.replay is not None:
        replay_rows(**errand.replay, workspace=errand.workspace)
    elif errand.refine is not None:
        refine_batch(**errand.refine, workspace=errand.workspace)
    elif errand.dropped is not None:
        dropped_file(**errand.dropped, day=errand.day, workspace=errand.workspace)
    else:
        nightly_financials(day=errand.day, workspace=errand.workspace)


def _listener(errand: Errand) -> Callable[[Any], None]:
    seen: dict[tuple[str, str, str], int] = {}

    def listen(progress: Any) -> None:
        place = (progress.slot.dataset, progress.step, progress.moment)
        seen[place] = seen.get(place, 0) + 1
        _report(errand, {"slot": progress.slot.id, "step": progress.step, "moment": progress.moment})
        here = At(*place, seen[place])
        if here == errand.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        if here == errand.stall:
            _stall(errand.report)

    return listen


def _stall(report: Path) -> None:
    """Stop with all threads: such a process renews no lease."""
    report.with_suffix(".stalled").write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGSTOP)


def _report(errand: Errand, line: dict[str, Any]) -> None:
    with errand.report.open("a") as stream:
        stream.write(json.dumps(line) + "\n")
