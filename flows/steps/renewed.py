"""Keep a lease while its turn lasts."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

from conductor.errors import ConductorError, LeaseLost
from conductor.ledger import Lease, Ledger


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
