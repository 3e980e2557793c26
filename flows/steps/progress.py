"""Who wants to know how far a run is: the command line's live table, the log, a test that kills at a boundary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from conductor.values import Slot, Value

Moment = Literal["started", "done", "finished", "remembered"]


@dataclass(frozen=True)
class Progress:
    """A step at a moment: `started`, `done` (its effect stands, the ledger does not know), `finished`, or `remembered`.

    `seconds` is wall time, `peak_mib` the high-water mark of the process during the step; both 0 before the end.
    """

    slot: Slot
    step: str
    moment: Moment
    value: Value | None = None
    seconds: float = 0.0
    peak_mib: float = 0.0


Listener = Callable[[Progress], None]
listeners: list[Listener] = []


def tell_listeners(progress: Progress) -> None:
    """Pass a moment on to all listeners, in the order in which they came."""
    for listener in listeners:
        listener(progress)
