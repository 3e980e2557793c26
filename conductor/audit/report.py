"""What an audit has to say: per invariant what was checked, what was found, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from conductor.contracts.model import Severity
from conductor.values import Value


class Invariant(StrEnum):
    """The promises that every batch keeps."""

    I1 = "I1"
    I2 = "I2"
    I3 = "I3"
    I4 = "I4"
    I5 = "I5"
    I6 = "I6"
    I7 = "I7"
    I8 = "I8"

    @property
    def promise(self) -> str:
        """The invariant in one line."""
        return _TOLD[self][0]

    @property
    def unit(self) -> str:
        """What is counted when it is checked."""
        return _TOLD[self][1]


_TOLD = {
    Invariant.I1: ("accepted + rejected + duplicates + superseded = rows of the records", "batches"),
    Invariant.I2: ("every business key once per version", "versions"),
    Invariant.I3: ("no money lost, per currency: source, lake, warehouse, books", "totals"),
    Invariant.I4: ("every raw object has come to an end", "objects"),
    Invariant.I5: ("DataReady once per version, and only when it is built", "events"),
    Invariant.I6: ("every byte of raw is what was landed, in both places", "objects"),
    Invariant.I7: ("no write under an older epoch than the lease", "slots"),
    Invariant.I8: ("a rebuild from raw on another engine gives the same rows", "slots"),
}


class Problem(Value):
    """What is wrong, in one plain sentence, and what to type now. `batch` and `object_id` say with what, where it has one."""

    sentence: str
    next_command: str
    severity: Severity = Severity.ERROR
    batch: str | None = None
    object_id: str | None = None


class Finding(Problem):
    """A problem with the invariant that it breaks and the slot that it was found in."""

    invariant: Invariant
    slot: str


class Unchecked(Value):
    """Why something could not be looked at. It is no finding: nothing is known to be wrong."""

    sentence: str


class Note(Unchecked):
    """What was not checked, with invariant and slot."""

    invariant: Invariant
    slot: str


class Checked(Value):
    """One thing was looked at, whatever came of it."""


CHECKED = Checked()
Outcome: TypeAlias = Checked | Problem | Unchecked
Outcomes: TypeAlias = Iterator[Outcome]


class Check(Value):
    """One invariant over all slots in scope; `checked` counts things of the invariant's unit."""

    invariant: Invariant
    promise: str
    unit: str
    checked: int
    findings: tuple[Finding, ...]
    unchecked: tuple[Note, ...]


class Allowed(Value):
    """What a named person allowed for a batch, and why. It is no finding: somebody answers for it."""

    slot: str
    batch: str
    what: str
    details: str
    by: str
    reason: str
    at: datetime


class AuditReport(Value):
    """The whole audit, and what people allowed."""

    checks: tuple[Check, ...]
    allowed: tuple[Allowed, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, by invariant."""
        return tuple(finding for check in self.checks for finding in check.findings)

    @property
    def unchecked(self) -> tuple[Note, ...]:
        """All that was not looked at, by invariant."""
        return tuple(note for check in self.checks for note in check.unchecked)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
