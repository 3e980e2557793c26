"""The ledger: one value with all its sections."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from conductor.ledger import upgrade
from conductor.ledger.attempts import Attempts
from conductor.ledger.batches import Batches
from conductor.ledger.database import Database
from conductor.ledger.inbox import Inbox
from conductor.ledger.incidents import Incidents
from conductor.ledger.leases import Leases
from conductor.ledger.objects import Objects
from conductor.ledger.outbox import Outbox
from conductor.ledger.people import People
from conductor.ledger.steps import Steps
from conductor.ledger.tokens import Tokens


class Ledger(Leases, Attempts, Objects, Batches, Steps, Outbox, Inbox, Incidents, People, Tokens):
    """The index over the evidence, in SQLite (`sqlite:////path/ledger.db`) or PostgreSQL (`postgresql://…`).

    Every method is one transaction: after it returned the change is on disk, and after a crash all of it or
    nothing is there. Any method may raise `RetryLater` (locked, restarting, not answering),
    `FixTheConfiguration` (refused, missing, damaged) or `StopAndCall` (disk full); all may be repeated.
    Usable from several threads and processes.
    """

    def __init__(
        self, url: str, now: Callable[[], datetime], patience: timedelta = timedelta(seconds=10)
    ) -> None:
        """Take the address, a clock that gives aware times, and how long to wait for somebody else's lock."""
        super().__init__(Database(url, now, patience))

    def migrate(self) -> None:
        """Create the tables or bring them up to this program. Repeats, and racing others, change nothing."""
        upgrade.migrate(self._database)

    def check(self) -> None:
        """Pass if the ledger can be read and has the tables of this program.

        `RetryLater` if it is locked or does not answer; `FixTheConfiguration` if it is missing, damaged, not
        set up, or of an older or newer program.
        """
        upgrade.check(self._database)

    def close(self) -> None:
        """Give all connections back."""
        self._database.engine.dispose()
