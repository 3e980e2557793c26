"""Lines of sales receipts for the tests of what comes after refining: rows as the shipped contract describes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from conductor.contracts.load import load
from conductor.contracts.typed import arrow_schema
from conductor.values import Batch, Slot, digest

CONTRACT = load(Path(__file__).parents[1] / "products" / "finance" / "sales_receipts").contract
NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
Line = dict[str, object]


def slot(day: str, part: str = "") -> Slot:
    """Give the slot of a day."""
    return Slot(dataset=CONTRACT.dataset, day=date.fromisoformat(day), part=part)


def batch(of: Slot, version: int = 1) -> Batch:
    """Give a version of a slot."""
    return Batch(
        id=digest(of.id, str(version)),
        slot=of,
        version=version,
        object_ids=(digest("object", of.id, str(version)),),
        contract_version=CONTRACT.version,
        refine_sha256="0" * 64,
    )


def line(receipt: str, number: int, day: str, amount: str, **other: object) -> Line:
    """Give a sales line in the home currency; other values replace or join these."""
    return {
        "receipt_id": receipt,
        "line_id": str(number),
        "line_type": "sales",
        "business_date": date.fromisoformat(day),
        "customer_id": "C1",
        "customer_name": "Ada",
        "item_id": "I1",
        "currency": "USD",
        "amount": Decimal(amount),
        "net_amount": Decimal(amount),
        "tax_amount": Decimal("0.00"),
        "rate": Decimal("1.000000"),
        "net_home": Decimal(amount),
        "tax_home": Decimal("0.00"),
        "home_currency": "USD",
        "sync_token": 0,
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
        "voided": False,
        **other,
    }


def tax(receipt: str, number: int, day: str, amount: str, **other: object) -> Line:
    """Give a tax line."""
    nothing = Decimal("0.00")
    money: Line = {
        "net_amount": nothing,
        "net_home": nothing,
        "tax_amount": Decimal(amount),
        "tax_home": Decimal(amount),
    }
    return line(receipt, number, day, amount, line_type="tax", **{**money, **other})


def rows(lines: Sequence[Line]) -> list[pa.RecordBatch]:
    """Give lines as Arrow batches in the contract's types; one batch per line, so that batches meet."""
    return [pa.RecordBatch.from_pylist([one], schema=arrow_schema(CONTRACT.columns)) for one in lines]
