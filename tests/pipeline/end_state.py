"""What is left of runs, in a form that does not depend on how often they were cut: for comparing two sites."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from conductor.warehouses.rowhash import hash_rows
from conductor.workspace import Workspace
from pipeline.site import PRODUCT, Site


@dataclass(frozen=True)
class EndState:
    """The evidence, and what people see."""

    warehouse: dict[str, tuple[int, str]]
    marts: dict[str, list[tuple[Any, ...]]]
    loads: list[tuple[str, int, int]]
    lake: dict[str, tuple[int, str]]
    delta_log: dict[str, list[tuple[str, int, int]]]
    quarantine: dict[str, Counter[tuple[str, ...]]]
    raw: list[str]
    backup: list[str]
    states: list[tuple[str, int, str]]
    events: Counter[tuple[str, str, int]]
    journal: list[tuple[str, str, tuple[tuple[str, Decimal], ...]]]

    def differences(self, other: EndState) -> list[str]:
        """Name the parts that differ."""
        return [
            f"{field.name}: {getattr(self, field.name)!r} != {getattr(other, field.name)!r}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        ]


def end_state(site: Site) -> EndState:
    """Read what a site holds now."""
    workspace = site.workspace()
    try:
        contracts = {name: product.contract for name, product in sorted(workspace.products.items())}
        ledger, warehouse = workspace.ledger, workspace.warehouse
        slots = [slot for name in contracts for slot in ledger.slots(name)]
        rows = [row for slot in slots for row in ledger.history(slot)]
        return EndState(
            warehouse={name: _hash(warehouse.row_hashes(each)) for name, each in contracts.items()},
            marts={name: _mart(workspace, name) for name in MARTS},
            loads=[(load.batch.slot.id, load.batch.version, load.rows) for load in warehouse.loads()],
            lake={
                slot.id: _hash(
                    hash_rows(contracts[slot.dataset], workspace.table(contracts[slot.dataset]).read(slot))
                )
                for slot in slots
            },
            delta_log={
                name: [
                    (c.note.batch.slot.id, c.note.batch.version, c.note.rows)
                    for c in workspace.table(each).history()
                ]
                for name, each in contracts.items()
            },
            quarantine=_quarantine(workspace),
            raw=_keys(workspace.raw, "raw/"),
            backup=_keys(workspace.backup, ""),
            states=[(row.batch.slot.id, row.batch.version, row.state.value) for row in rows],
            events=_events(workspace, [row.batch.id for row in rows]),
            journal=journal(site),
        )
    finally:
        workspace.close()


MARTS = {
    "mart_daily_revenue": "SELECT * FROM marts.mart_daily_revenue ORDER BY business_date, currency",
    "fct_sales": "SELECT * FROM marts.fct_sales ORDER BY receipt_id, line_id",
    "dim_customer": "SELECT * FROM marts.dim_customer ORDER BY customer_id",
    "dim_date": "SELECT min(date_day), max(date_day), count(*) FROM marts.dim_date",
}


def daily_revenue(workspace: Workspace, day: date) -> dict[str, tuple[Any, ...]]:
    """Give a day of the revenue mart by currency, in the order of `pipeline.expected.Revenue.row`."""
    found = workspace.warehouse.query(
        "SELECT currency, receipts, lines, net, tax, gross, net_home, tax_home, gross_home "
        f"FROM marts.mart_daily_revenue WHERE business_date = DATE '{day}' ORDER BY currency"
    )
    return {str(row[0]): row[1:] for row in found.rows}


def journal(site: Site) -> list[tuple[str, str, tuple[tuple[str, Decimal], ...]]]:
    """Give the group company's entries as the vendor holds them: document, currency, signed lines by account (debit positive)."""
    workspace = site.workspace()
    try:
        entries = workspace.books().find_entries("CC")
    finally:
        workspace.close()
    return sorted(
        (
            entry.document,
            entry.currency,
            tuple(sorted((line.account_id, line.debit - line.credit) for line in entry.lines)),
        )
        for entry in entries
    )


def _mart(workspace: Workspace, name: str) -> list[tuple[Any, ...]]:
    """Give a mart's rows; none where nothing was ever loaded that it is made of."""
    if not workspace.ledger.slots(PRODUCT):
        return []
    return list(workspace.warehouse.query(MARTS[name]).rows)


def _hash(found: Any) -> tuple[int, str]:
    return (found.rows, found.sha256)


def _keys(store: Any, prefix: str) -> list[str]:
    return sorted(stat.key for stat in store.list(prefix))


def _quarantine(workspace: Workspace) -> dict[str, Counter[tuple[str, ...]]]:
    found: dict[str, Counter[tuple[str, ...]]] = {}
    for stat in workspace.lake.list("quarantine/"):
        if not stat.key.endswith(".parquet"):
            continue
        rows = pq.read_table(pa.BufferReader(workspace.lake.read(stat.key))).to_pylist()
        found[stat.key] = Counter(
            tuple(f"{key}={value}" for key, value in sorted(row.items())) for row in rows
        )
    return found


def _events(workspace: Workspace, batches: list[str]) -> Counter[tuple[str, str, int]]:
    found: Counter[tuple[str, str, int]] = Counter()
    for batch in batches:
        for event in workspace.ledger.events(batch):
            found[(batch, event.type, len(workspace.ledger.deliveries(event.id)))] += 1
    return found


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """Give every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
