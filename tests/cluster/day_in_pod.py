"""What a workspace holds of a business day, as JSON: a program for a pod, `python -c … WORKSPACE DAY`."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter, defaultdict
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any

from conductor import zones
from conductor.journal import document_prefix
from conductor.values import Refined, Slot
from conductor.workspace import Workspace
from flows.steps.opening import open_workspace, utc_now

PRODUCT = "finance/sales_receipts"
PAGE = re.compile(r"page-[0-9]+")
"""On how many pages a source answers is its own whim."""


def trace(workspace: Workspace, slot: Slot) -> dict[str, Any]:
    """Give what carrying a slot leaves that depends neither on its figures nor on how often it was cut."""
    ledger, table = workspace.ledger, workspace.table(workspace.product(slot.dataset).contract)
    rows = ledger.history(slot)
    raw, backup = (_keys(store, slot) for store in (workspace.raw, workspace.backup))
    return {
        "batches": [(row.batch.version, row.state.value) for row in rows],
        "steps": [
            step.step for row in rows for step in sorted(ledger.steps(row.batch.id), key=lambda s: s.step)
        ],
        "objects": len(ledger.objects(slot)),
        "raw": sorted({PAGE.sub("page", key) for key in raw.values()}),
        "all of it backed up": raw == backup,
        "commits": sum(commit.note.batch.slot == slot for commit in table.history()),
        "loads": len(workspace.warehouse.loads(slot)),
        "events": sorted(
            (event.type, event.version) for row in rows for event in ledger.events(row.batch.id)
        ),
    }


def figures(workspace: Workspace, slot: Slot) -> dict[str, Any]:
    """Give what a day came to: in the lake, aside, in the warehouse and in the books."""
    contract, ledger = workspace.product(slot.dataset).contract, workspace.ledger
    current = ledger.current(slot)
    refined = current and ledger.remembered(current.batch.id, "refine", Refined)
    revenue = workspace.warehouse.daily_revenue(slot.day)
    return {
        "lake": sum(batch.num_rows for batch in workspace.table(contract).read(slot)),
        "warehouse": workspace.warehouse.row_hashes(contract, slot).rows,
        "rejected": dict(Counter(dict(refined.reasons))) if refined else {},
        "mart": {
            row.currency: [
                row.receipts, row.lines, row.net, row.tax, row.gross, row.net_home, row.tax_home, row.gross_home
            ]
            for row in revenue
        },
        "books": _books(workspace, slot),
    }  # fmt: skip


def _keys(store: Any, slot: Slot) -> dict[str, str]:
    """Give the slot's keys in a store, and what each is called within its object."""
    day = f"{zones.raw_day(slot.dataset, slot.day)}/"
    return {stat.key: stat.key.removeprefix(day).partition("/")[2] for stat in store.list(day)}


def _books(workspace: Workspace, slot: Slot) -> dict[str, dict[str, Decimal]]:
    sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for entry in workspace.books().find_entries(document_prefix(slot)):
        for line in entry.lines:
            sums[entry.currency][line.account_id] += line.debit - line.credit
    return {currency: dict(accounts) for currency, accounts in sums.items()}


def exactly(amount: object) -> str:
    """Write an amount so that equal ones are written alike, however many zeros they end with."""
    return f"{amount.normalize():f}" if isinstance(amount, Decimal) else str(amount)


def main() -> None:
    """Read the workspace and print."""
    name, day = sys.argv[1], date.fromisoformat(sys.argv[2])
    with closing(open_workspace(name, os.environ, utc_now, "looking")) as workspace:
        slots = [Slot(dataset=dataset, day=day) for dataset in sorted(workspace.products)]
        known = [slot for slot in slots if slot in workspace.ledger.slots(slot.dataset)]
        found = {
            "traces": {slot.dataset: trace(workspace, slot) for slot in known},
            "figures": figures(workspace, Slot(dataset=PRODUCT, day=day)),
        }
    print(json.dumps(found, default=exactly))


if __name__ == "__main__":
    main()
