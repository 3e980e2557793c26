"""A change of a contract, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Step(IntEnum):
    """The step of a version number that a change takes: `MAJOR` breaks for somebody, `PATCH` changes words only."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True)
class Change:
    """One change, in a sentence. `column` is the curated column that it is about, as readers know it until now."""

    step: Step
    sentence: str
    column: str | None = None
