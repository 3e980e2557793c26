"""Amounts that a binary float cannot hold, from the API to the mart; and no binary float on the way."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pipeline.end_state import daily_revenue, journal
from pipeline.expected import Day, difference, expected
from pipeline.fixtures import NewSite
from pipeline.site import SEED

from sandbox.quickbooks.seed import HUGE

DAY = date(2026, 3, 2)


def test_amounts_above_2_to_the_53rd_cents_reach_the_mart_and_the_books(
    any_site: NewSite, tmp_path: Path
) -> None:
    assert HUGE * 100 > 2**53
    here = any_site(huge=True)
    here.run(DAY).well()
    wanted = expected(SEED, here.sandbox.receipts(DAY))
    assert wanted.revenue["GBP"].net > HUGE
    workspace = here.workspace()
    try:
        assert daily_revenue(workspace, DAY) == wanted.mart
        floats = [
            each for each in workspace.warehouse.schema_types() if each.type in ("FLOAT", "DOUBLE", "REAL")
        ]
        assert floats == []
        for store in (workspace.raw, workspace.lake, workspace.backup):
            for stat in store.list(""):
                if stat.key.endswith(".parquet"):
                    schema = pq.read_schema(pa.BufferReader(store.read(stat.key)))
                    assert not [field for field in schema if pa.types.is_floating(field.type)], stat.key
    finally:
        workspace.close()
    books = {currency: dict(lines) for _, currency, lines in journal(here)}
    assert books == difference(wanted, Day({}, Counter(), 0))
    assert all(isinstance(amount, Decimal) for lines in books.values() for amount in lines.values())
