"""Where a batch stands, and where a report of progress takes it."""

from __future__ import annotations

from dataclasses import dataclass

from conductor.values import State

ENDS = frozenset({State.QUARANTINED, State.REJECTED, State.DEAD, State.SUPERSEDED})
ROAD = tuple(state for state in State if state not in ENDS)
VISIBLE = ROAD[ROAD.index(State.PUBLISHED) :]
"""States in which readers of the curated table see the batch."""


@dataclass(frozen=True)
class Standing:
    """How far a batch came along the road, and how it left the road, if it did.

    The two are kept apart so that a batch taken up again after its end (a replay of a dead one) goes on from
    where it was.
    """

    reached: State = State.SEEN
    ended: State | None = None

    @property
    def state(self) -> State:
        """The one word for it."""
        return self.ended or self.reached

    def after(self, report: State) -> Standing:
        """Give the standing after a report: an end as given, else the further; superseded stays so."""
        if self.ended is State.SUPERSEDED:
            return self
        if report in ENDS:
            return Standing(self.reached, report)
        return Standing(max(self.reached, report, key=ROAD.index))
