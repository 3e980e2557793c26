"""The shape in which rows reach a warehouse: Arrow batches with exactly the contract's columns and types."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from conductor.contracts.model import Column, Contract, Kind
from conductor.contracts.typed import arrow_schema, arrow_type
from conductor.errors import FixTheConfiguration, FixTheData

# No kind takes a binary fraction, and none parses text: whoever sends such a column has skipped the contract.
ACCEPTED: Mapping[Kind, Callable[[pa.DataType], bool]] = {
    Kind.TEXT: lambda given: (
        pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_string_view(given)
    ),
    Kind.INTEGER: pa.types.is_integer,
    Kind.DECIMAL: pa.types.is_decimal,
    Kind.DATE: pa.types.is_date,
    # An instant without a zone could be anybody's local time.
    Kind.TIMESTAMP: lambda given: pa.types.is_timestamp(given) and given.tz is not None,
    Kind.BOOLEAN: pa.types.is_boolean,
}


def conform(contract: Contract, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Give the contract's columns of a batch in its order and types, every value unchanged; other columns are left out.

    Errors: `FixTheConfiguration` for a missing column or one of another kind; `FixTheData` for a value that would
    lose digits.
    """
    arrays = [_column(contract, column, batch) for column in contract.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(contract.columns))


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
