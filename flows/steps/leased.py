"""Leases that are kept while somebody works under them."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

from conductor.errors import ConductorError, LeaseLost
from conductor.ledger import Lease, Ledger
from conductor.workspace import Workspace
from flows.steps.holder import alive, holder


@contextmanager
def leased(workspace: Workspace, name: str, ttl: timedelta) -> Generator[Lease]:
    """Hold a lease of the workspace's own, such as `build`, for the body; `LeaseHeld` while another living run has it."""
    ledger = workspace.ledger
    lease = ledger.acquire(f"{name}:{workspace.name}", holder(workspace.run_id), ttl, alive)
    try:
        with renewed(ledger, lease, ttl):
            yield lease
    finally:
        ledger.release(lease)


@contextmanager
def renewed(ledger: Ledger, lease: Lease, ttl: timedelta) -> Generator[None]:
    """Renew the lease from a thread of its own, three times per time to live, until the body ends or the lease is lost."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(ttl.total_seconds() / 3):
            try:
                ledger.renew(lease)
            except LeaseLost:
                return  # the next step asks for itself and stops there
            except ConductorError:
                continue  # the ledger does not answer now; there are two more beats before the lease runs out

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
