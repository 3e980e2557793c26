"""Row hashes that come out the same wherever the rows are kept and in whatever order they are read."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa

from conductor.contracts.model import Contract
from conductor.warehouses.arrow import conform
from conductor.warehouses.protocol import RowHashes

MODULUS = 1 << 256


def hash_rows(contract: Contract, batches: Iterable[pa.RecordBatch]) -> RowHashes:
    """Digest rows by their business columns, in bounded memory.

    A row's hash is the SHA-256 of its values as a JSON list of texts, in the contract's order; the digest is the sum of the
    row hashes modulo 2^256, so order does not count and a row that is there twice does.
    """
    rows = total = 0
    for batch in batches:
        columns = [column.to_pylist() for column in conform(contract, batch).columns]
        for values in zip(*columns, strict=True):
            text = json.dumps(
                [canonical(value) for value in values], ensure_ascii=False, separators=(",", ":")
            )
            total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
        rows += batch.num_rows
    return RowHashes(rows, f"{total % MODULUS:064x}")


def canonical(value: object) -> str | None:
    """Give the one text of a value: decimals with all places of their scale, instants in UTC with microseconds, null as null."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case _:
            return str(value)
