"""A home in which one day was refined, with three rows set aside; made by the product's own ledger and store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from typer.testing import CliRunner, Result

from conductor.cli.main import cli
from conductor.ledger import ErrorRecord, Lease
from conductor.quality.quarantine import quarantine
from conductor.values import (
    Batch,
    Counts,
    EngineChoice,
    Landed,
    Refined,
    Slot,
    State,
    StoredPart,
)
from conductor.workspace import Workspace

SLOT = Slot(dataset="finance/sales_receipts", day=date(2026, 11, 20))
START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
AMOUNT, ITEM = "Line.Amount", "Line.SalesItemLineDetail.ItemRef.value"
QUANTITY, NAME = "Line.SalesItemLineDetail.Qty", "CustomerRef.name"
LONG_NAME = "Ada " + "Lovelace " * 60
ROWS = [
    {
        "_document": "17",
        "_line": "1",
        AMOUNT: "=12,3",
        ITEM: "4",
        QUANTITY: "1",
        NAME: "Bo",
        "_reasons": "BAD_AMOUNT",
    },
    {
        "_document": "18",
        "_line": "2",
        AMOUNT: "5.00",
        ITEM: None,
        QUANTITY: "-1",
        NAME: "Cy",
        "_reasons": "MISSING_ITEM;NEGATIVE_QUANTITY",
    },
    {
        "_document": "19",
        "_line": "1",
        AMOUNT: "7.00",
        ITEM: "4",
        QUANTITY: "1",
        NAME: LONG_NAME,
        "_reasons": "TOO_LONG_CUSTOMER_NAME",
    },
]
REASONS = (("BAD_AMOUNT", 1), ("MISSING_ITEM", 1), ("NEGATIVE_QUANTITY", 1), ("TOO_LONG_CUSTOMER_NAME", 1))


@dataclass
class Office:
    """A home, its workspace opened, and the command line on it."""

    home: Path
    workspace: Workspace

    def run(self, *arguments: object) -> Result:
        """Run a command on this home."""
        return CliRunner().invoke(cli, [*map(str, arguments), "--home", str(self.home)])

    def read(self, *arguments: object) -> Any:
        """Give what a reading command says to a program."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def lease(self, run_id: str = "run-1", holder: str = "here:boot:1|1|1") -> Lease:
        """Take the slot's lease, for a holder that nobody doubts."""
        return self.workspace.ledger.acquire(
            SLOT.id, f"{holder}|{run_id}", timedelta(minutes=5), lambda _: True
        )

    def refine(self, object_id: str, rows: list[dict[str, str | None]], run_id: str = "run-1") -> Batch:
        """Take the slot as far as refined, with these rows set aside and ten accepted."""
        ledger, lease = self.workspace.ledger, self.lease(run_id)
        attempt = ledger.begin(SLOT, run_id, lease.epoch)
        ledger.record_object(a_landed(object_id, len(rows) + 10))
        batch = ledger.open_batch(SLOT, [object_id], "1.0.0", "0" * 64, (), lease.epoch)
        kept = self._set_aside(batch, rows) if rows else None
        value = a_refined(batch, len(rows), kept)
        ledger.remember(
            batch.id,
            "refine",
            value,
            state=State.REFINED,
            rows=10,
            seconds=0.1,
            peak_mib=1.0,
            epoch=lease.epoch,
        )
        ledger.end(SLOT, attempt, "done", batch.id)
        ledger.release(lease)
        return batch

    def fail(self, error: ErrorRecord, run_id: str) -> None:
        """Have an attempt at the slot that failed before its batch was known."""
        lease = self.lease(run_id)
        attempt = self.workspace.ledger.begin(SLOT, run_id, lease.epoch)
        self.workspace.ledger.end(SLOT, attempt, "failed", None, error)
        self.workspace.ledger.release(lease)

    def _set_aside(self, batch: Batch, rows: list[dict[str, str | None]]) -> StoredPart:
        file = self.home / "rejected.parquet"
        pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).write_parquet(file)
        return quarantine(self.workspace.lake, batch, file)


def a_landed(object_id: str, rows: int) -> Landed:
    part = StoredPart(key=f"raw/{object_id}", size=1, sha256="0" * 64)
    return Landed(
        slot=SLOT,
        object_id=object_id,
        source="quickbooks",
        parts=(part,),
        records=part,
        manifest=part,
        rows=rows,
        documents=rows,
        canonical_sha256="0" * 64,
        as_of=START,
    )


def a_refined(batch: Batch, rejected: int, kept: StoredPart | None) -> Refined:
    return Refined(
        batch=batch,
        files=(),
        rejected=kept,
        counts=Counts(records=10 + rejected, accepted=10, rejected=rejected, duplicates=0, superseded=0),
        sums=(),
        reasons=REASONS if rejected else (),
        schema_hash="0" * 64,
        choice=EngineChoice(engine="polars", reason="small", size=1, rows=10 + rejected),
    )


class Clock:
    """A clock that gains a second each time somebody looks."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time
