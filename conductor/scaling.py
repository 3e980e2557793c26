"""How many runs a work pool should let run at once: from how many wait, within bounds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """What a pool has at the least and at the most, in runs at once."""

    baseline: int
    ceiling: int

    def __post_init__(self) -> None:
        if not 1 <= self.baseline <= self.ceiling:
            raise ValueError(
                f"a pool's baseline is at least 1 and its ceiling no lower: {self.baseline}, {self.ceiling}"
            )


@dataclass(frozen=True)
class Load:
    """A work pool as it is: its limit (None is without), the runs that are due and wait for a place, and those that have one."""

    pool: str
    limit: int | None
    waiting: int
    running: int


@dataclass(frozen=True)
class Scaled:
    """What a pool's limit should be, and why."""

    pool: str
    limit: int
    reason: str


def scale(load: Load, bounds: Bounds) -> Scaled | None:
    """Give another limit for the pool, or None where it is right as it is.

    Room is made at once for all that waits, and given back by halves, so that a pause between two waves takes little away. A limit
    of 0 is a person's word that nothing may run, and stays.
    """
    if load.limit == 0:
        return None
    wanted = min(max(load.waiting + load.running, bounds.baseline), bounds.ceiling)
    if load.limit is not None and wanted < load.limit:
        wanted = min(max(wanted, (wanted + load.limit) // 2), bounds.ceiling)
    if wanted == load.limit:
        return None
    return Scaled(load.pool, wanted, f"{load.waiting} wait and {load.running} run; {_told(bounds)}")


def _told(bounds: Bounds) -> str:
    return f"at least {bounds.baseline}, at most {bounds.ceiling} may run at once"
