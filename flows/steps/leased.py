"""Leases that are kept while somebody works under them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta

from conductor.errors import ConductorError, LeaseHeld
from conductor.ledger import Lease, Ledger
from conductor.workspace import Workspace
from flows.steps.holder import alive, holder

BETWEEN_LOOKS = 2.0
"""Seconds between two looks whether a lease is free."""


@contextmanager
def leased(workspace: Workspace, name: str, ttl: timedelta, *, wait: bool = False) -> Generator[Lease]:
    """Hold a lease of the workspace's own, such as `build`, for the body.

    While another living run has it: `LeaseHeld` or, with `wait`, until that one gives it back; what a killed pod had runs out.
    """
    lease = _taken(workspace, f"{name}:{workspace.name}", ttl, wait)
    try:
        with renewed(workspace.ledger, lambda: lease, ttl):
            yield lease
    finally:
        workspace.ledger.release(lease)


def _taken(workspace: Workspace, name: str, ttl: timedelta, wait: bool) -> Lease:
    while True:
        try:
            return workspace.ledger.acquire(name, holder(workspace.run_id), ttl, alive)
        except LeaseHeld:
            if not wait:
                raise
        time.sleep(BETWEEN_LOOKS)


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
