"""The shape in which rows reach a warehouse: Arrow batches with exactly the contract's columns and types."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from conductor.contracts.model import Column, Contract, Kind
from conductor.errors import FixTheConfiguration, FixTheData

# No kind takes a binary fraction, and none parses text: whoever sends such a column has skipped the contract.
ACCEPTED: Mapping[Kind, Callable[[pa.DataType], bool]] = {
    Kind.TEXT: lambda given: (
        pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_string_view(given)
    ),
    Kind.INTEGER: pa.types.is_integer,
    Kind.DECIMAL: pa.types.is_decimal,
    Kind.DATE: pa.types.is_date,
    Kind.TIMESTAMP: pa.types.is_timestamp,
    Kind.BOOLEAN: pa.types.is_boolean,
}


def arrow_schema(contract: Contract) -> pa.Schema:
    """Give the Arrow schema of the contract's columns. Timestamps are UTC without a zone, in microseconds."""
    return pa.schema([pa.field(column.name, arrow_type(column)) for column in contract.columns])


def arrow_type(column: Column) -> pa.DataType:
    """Give the Arrow type of a column; a decimal without precision and scale is `FixTheConfiguration`."""
    match column.kind:
        case Kind.TEXT:
            return pa.string()
        case Kind.INTEGER:
            return pa.int64()
        case Kind.DECIMAL:
            return pa.decimal128(*decimal_size(column))
        case Kind.DATE:
            return pa.date32()
        case Kind.TIMESTAMP:
            return pa.timestamp("us")
        case Kind.BOOLEAN:
            return pa.bool_()


def decimal_size(column: Column) -> tuple[int, int]:
    """Give precision and scale of a decimal column."""
    if column.precision is None or column.scale is None:
        raise FixTheConfiguration(
            f"the decimal column {column.name} has no precision and scale in its contract"
        )
    return column.precision, column.scale


def conform(contract: Contract, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Give the contract's columns of a batch in its order and types, every value unchanged.

    Errors: `FixTheConfiguration` for a missing column or one of another kind; `FixTheData` for a value that would lose digits.
    """
    arrays = [_column(contract, column, batch) for column in contract.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(contract))


def _column(contract: Contract, column: Column, batch: pa.RecordBatch) -> pa.Array:
    position = batch.schema.get_field_index(column.name)
    if position < 0:
        raise FixTheConfiguration(f"rows for {contract.dataset} come without the column {column.name}")
    array = batch.column(position)
    if not (ACCEPTED[column.kind](array.type) or pa.types.is_null(array.type)):
        raise FixTheConfiguration(
            f"rows for {contract.dataset} bring {column.name} as {array.type}; the contract says {column.kind.value}"
        )
    try:
        return array.cast(arrow_type(column), safe=True)
    except pa.ArrowInvalid as error:
        raise FixTheData(
            f"a value of {contract.dataset}.{column.name} does not fit its type: {error}"
        ) from None
