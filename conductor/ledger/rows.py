"""What the ledger gives back: frozen rows, instants in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from conductor import errors
from conductor.errors import ConductorError, Unforeseen
from conductor.values import Batch, Slot, State


@dataclass(frozen=True)
class Lease:
    """The right to work on a name until `expires_at`. A higher `epoch` fences off the lower ones."""

    name: str
    holder: str
    epoch: int
    expires_at: datetime


@dataclass(frozen=True)
class ErrorRecord:
    """An error as people need it later: its class, its sentence, what to type, where it happened."""

    error_class: str
    sentence: str
    next_command: str | None = None
    step: str | None = None

    @classmethod
    def of(cls, error: ConductorError) -> ErrorRecord:
        """Keep what an error says."""
        return cls(type(error).__name__, error.sentence, error.next_command, error.step)

    def error(self) -> ConductorError:
        """Give the error again, for whoever waited for the run that had it; a class that is not ours is `Unforeseen`."""
        found = getattr(errors, self.error_class, None)
        kind = found if isinstance(found, type) and issubclass(found, ConductorError) else Unforeseen
        return kind(self.sentence, next_command=self.next_command, step=self.step)


@dataclass(frozen=True)
class Attempt:
    """One go at a slot. `outcome` is the flow's own word; `lost` where a later holder closed it."""

    slot: Slot
    attempt: int
    run_id: str
    epoch: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    batch: str | None
    error: ErrorRecord | None


@dataclass(frozen=True)
class BatchRow:
    """A batch and how far it has come. `epoch` is of the run that opened it, 0 where restored."""

    batch: Batch
    state: State
    note: str | None
    epoch: int
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class StepRow:
    """A finished step of a batch. `value` is the JSON of what it handed on; `peak_mib` is memory in MiB."""

    batch: str
    step: str
    schema_version: int
    value: str
    rows: int | None
    seconds: float
    peak_mib: float | None
    epoch: int
    finished_at: datetime


class KnownDay(NamedTuple):
    """How many documents a source gave for a day, and the source's clock when it did."""

    documents: int
    as_of: datetime


@dataclass(frozen=True)
class Event:
    """A fact to announce. `id` is stable over repeats, `subject` a slot id, `data` a JSON object as text."""

    id: str
    type: str
    subject: str
    batch: str
    version: int
    time: datetime
    data: str


@dataclass(frozen=True)
class Delivery:
    """How far an event has come to one subscriber. `sentence` says why the last try failed."""

    event: str
    subscriber: str
    attempts: int
    delivered_at: datetime | None
    next_try_at: datetime | None
    sentence: str | None


class Verdict(StrEnum):
    """What a consumer does with an event: act on it, or leave it as seen before or overtaken."""

    NEW = "new"
    DUPLICATE = "duplicate"
    OLDER = "older"


@dataclass(frozen=True)
class Approval:
    """A named person allowed something for a batch, and why. `details` is what they saw when they did."""

    batch: str
    what: str
    by: str
    reason: str
    details: str
    at: datetime


@dataclass(frozen=True)
class Note:
    """What someone wrote down about a batch."""

    batch: str
    by: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Incident:
    """What the cluster did to a run. `subject` is the pod or Job; `runbook` the page about its `category`."""

    run_id: str
    subject: str
    category: str
    sentence: str
    resolution: str
    runbook: str
    at: datetime


@dataclass(frozen=True)
class Size:
    """Memory in MiB with which runs of a deployment begin for a product, and the run whose end taught it."""

    deployment: str
    product: str
    memory_mib: int
    run_id: str
    at: datetime
