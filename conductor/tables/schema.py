"""The schema of a curated table: the contract's columns and the three partition columns."""

from __future__ import annotations

import pyarrow as pa
from deltalake import DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType

from conductor.contracts.model import PARTITIONS, Contract
from conductor.contracts.typed import arrow_schema
from conductor.errors import FixTheConfiguration

"""Names of the partition columns, whole numbers, outermost first."""


def table_schema(contract: Contract) -> Schema:
    """Give the Delta schema of a contract. Any column may be null: what is required, rules enforce."""
    taken = sorted({column.name for column in contract.columns} & set(PARTITIONS))
    if taken:
        raise FixTheConfiguration(
            f"{contract.dataset} can't have a column {taken[0]!r}: its table is partitioned by that name"
        )
    columns = [field.with_nullable(True) for field in arrow_schema(contract.columns)]
    return Schema.from_arrow(pa.schema([*columns, *((name, pa.int32()) for name in PARTITIONS)]))


def missing_columns(snapshot: DeltaTable, contract: Contract) -> list[Field]:
    """Give the columns that the contract has and the table has not.

    A column that the contract no longer has stays, empty in new rows. One whose type changed is
    `FixTheConfiguration`: older rows would be read wrongly.
    """
    there = {field.name: field for field in snapshot.schema().fields}
    wanted = table_schema(contract).fields
    for field in wanted:
        old = there.get(field.name, field)
        if old.type != field.type:
            raise FixTheConfiguration(
                f"{contract.dataset}.{field.name} is {_told(old)} in its table, {_told(field)} by contract"
            )
    return [field for field in wanted if field.name not in there]


def _told(field: Field) -> str:
    return field.type.type if isinstance(field.type, PrimitiveType) else str(field.type)
