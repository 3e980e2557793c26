"""Leases that are kept while somebody works under them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import repeat

from conductor.errors import ConductorError, LeaseHeld
from conductor.ledger import Lease, Ledger
from conductor.workspace import Workspace
from flows.steps.holder import Errand, alive, holder

BETWEEN_LOOKS = 2.0
"""Seconds between two looks whether a lease of the workspace's own is free."""


@contextmanager
def leased(workspace: Workspace, name: str, ttl: timedelta, *, wait: bool = False) -> Generator[Lease]:
    """Hold a lease of the workspace's own, such as `build`, for the body.

    While another living run has it: `LeaseHeld` or, with `wait`, until that one gives it back; what a killed pod had runs out.
    """
    lease = acquired(workspace, f"{name}:{workspace.name}", ttl, lambda: wait, repeat(BETWEEN_LOOKS))
    try:
        with renewed(workspace.ledger, lambda: lease, ttl):
            yield lease
    finally:
        workspace.ledger.release(lease)


def acquired(
    workspace: Workspace,
    name: str,
    ttl: timedelta,
    waits: Callable[[], bool],
    pauses: Iterable[float],
    errand: Errand = Errand.CARRY,
) -> Lease:
    """Take a lease, under a higher epoch than anyone had before.

    While another living run has it: `LeaseHeld` once `waits` says no. `pauses` are seconds between two looks, without an end.
    """
    for pause in pauses:
        try:
            return workspace.ledger.acquire(name, holder(workspace.run_id, errand), ttl, alive)
        except LeaseHeld:
            if not waits():
                raise
        time.sleep(pause)
    raise AssertionError("pauses never end")


@contextmanager
def renewed(ledger: Ledger, lease: Callable[[], Lease], ttl: timedelta) -> Generator[None]:
    """Renew the lease of the moment from a thread of its own, three times per time to live, until the body ends."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(ttl.total_seconds() / 3):
            # Lost or given back: the next step asks for itself and stops there. No answer: there are two more beats before the
            # lease runs out.
            with suppress(ConductorError):
                ledger.renew(lease())

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
