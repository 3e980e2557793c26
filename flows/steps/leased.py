"""Leases that are kept while somebody works under them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta

from conductor.errors import ConductorError
from conductor.ledger import Lease, Ledger
from conductor.workspace import Workspace
from flows.steps.holder import alive, holder


@contextmanager
def leased(workspace: Workspace, name: str, ttl: timedelta) -> Generator[Lease]:
    """Hold a lease of the workspace's own, such as `build`, for the body; `LeaseHeld` while another living run has it."""
    ledger = workspace.ledger
    lease = ledger.acquire(f"{name}:{workspace.name}", holder(workspace.run_id), ttl, alive)
    try:
        with renewed(ledger, lambda: lease, ttl):
            yield lease
    finally:
        ledger.release(lease)


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
