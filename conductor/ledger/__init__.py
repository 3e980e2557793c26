"""The ledger: slots, batches, steps, leases, outbox and inbox, in SQLite or PostgreSQL."""

from conductor.ledger.ledger import Ledger
from conductor.ledger.rows import (
    Approval,
    Attempt,
    BatchRow,
    Delivery,
    ErrorRecord,
    Event,
    Incident,
    KnownDay,
    Lease,
    Note,
    Size,
    StepRow,
    Verdict,
)

__all__ = [
    "Approval",
    "Attempt",
    "BatchRow",
    "Delivery",
    "ErrorRecord",
    "Event",
    "Incident",
    "KnownDay",
    "Lease",
    "Ledger",
    "Note",
    "Size",
    "StepRow",
    "Verdict",
]
