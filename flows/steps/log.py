"""The log for machines: a line of JSON for each moment of a step, and one for the end of each attempt.

A line says what happened to which slot. It holds no value of a row and no secret.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from prefect.exceptions import TerminationSignal
from pydantic import BaseModel, ConfigDict

from conductor.errors import ConductorError
from conductor.ledger import ErrorRecord
from conductor.values import Batch, Slot
from conductor.workspace import Workspace
from flows.steps.opening import EMBEDDED
from flows.steps.progress import Moment

Level = Literal["info", "warning", "error"]
STOPPED = (KeyboardInterrupt, SystemExit, TerminationSignal)


class Line(BaseModel):
    """One line. `time` is UTC; `batch` is None until the slot's content is known; `seconds` is wall time.

    A step is `failed` each time it is tried in vain. `ended` closes an attempt: `outcome` says how, `step` where it failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: datetime
    level: Level
    run_id: str
    workspace: str
    slot: str
    batch: str | None
    attempt: int
    epoch: int
    step: str | None
    moment: Moment | Literal["failed", "ended"]
    outcome: str | None = None
    seconds: float | None = None
    rows: int | None = None
    error: str | None = None
    sentence: str | None = None
    next_command: str | None = None


class AttemptLog:
    """The lines of one attempt at a slot.

    They go into the home's `logs/conductor-<UTC date>.jsonl`, or to stdout where a cluster gathers it. One write per line, so
    that processes do not mix theirs. A disk that takes no log stops no run.
    """

    def __init__(self, workspace: Workspace, slot: Slot, attempt: int, epoch: int) -> None:
        self._workspace = workspace
        self._slot = slot.id
        self._attempt = attempt
        self._epoch = epoch

    def add(
        self,
        moment: Moment | Literal["failed", "ended"],
        batch: Batch | None,
        *,
        step: str | None = None,
        level: Level = "info",
        outcome: str | None = None,
        seconds: float | None = None,
        rows: int | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Add a line."""
        said = told(error) if error else None
        line = Line(
            time=self._workspace.now().astimezone(UTC),
            level=level,
            run_id=self._workspace.run_id,
            workspace=self._workspace.name,
            slot=self._slot,
            batch=batch.id if batch else None,
            attempt=self._attempt,
            epoch=self._epoch,
            step=step or (said.step if said else None),
            moment=moment,
            outcome=outcome,
            seconds=seconds,
            rows=rows,
            error=said.error_class if said else None,
            sentence=said.sentence if said else None,
            next_command=said.next_command if said else None,
        )
        self._write(line)

    def _write(self, line: Line) -> None:
        data = line.model_dump_json().encode() + b"\n"
        with suppress(OSError):
            if self._workspace.name == EMBEDDED:
                _append(self._workspace.home / "logs", f"conductor-{line.time:%Y-%m-%d}.jsonl", data)
            else:
                sys.stdout.flush()
                os.write(sys.stdout.fileno(), data)


def told(error: BaseException) -> ErrorRecord:
    """Give of an error what may be told; the text of one that nobody foresaw may hold anything."""
    if isinstance(error, ConductorError):
        return ErrorRecord.of(error)
    if isinstance(error, STOPPED):
        said = "the run was told to end before it was done: its pod had to go, or somebody cancelled it"
        return ErrorRecord(type(error).__name__, said)
    return ErrorRecord(type(error).__name__, "something unforeseen went wrong: the run's own log says where")


def _append(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, data)
    finally:
        os.close(file)
