"""What people type for a batch: its id, or the first six or more characters of it."""

from __future__ import annotations

import re

from conductor.errors import FixTheConfiguration
from conductor.ledger import BatchRow, Ledger

PREFIX = re.compile(r"[0-9a-f]{6,32}")


def find_batch(ledger: Ledger, text: str) -> BatchRow | None:
    """Give the batch whose id is or begins with the text; None if there is none.

    A beginning that several share is `FixTheConfiguration` that names them.
    """
    if not PREFIX.fullmatch(text):
        return None
    found = ledger.beginning(text)
    if len(found) < 2:
        return found[0] if found else None
    told = "; ".join(f"{row.batch.id} ({row.batch.slot.id}, version {row.batch.version})" for row in found)
    raise FixTheConfiguration(
        f"several batches begin with {text}: {told}", next_command=f"conductor explain {found[0].batch.id}"
    )


def need_batch(ledger: Ledger, text: str) -> BatchRow:
    """Give the batch; none is `FixTheConfiguration`."""
    if row := find_batch(ledger, text):
        return row
    raise FixTheConfiguration(
        f"there is no batch {text!r}: it is named by its id or six or more of its first characters",
        next_command="conductor status",
    )
