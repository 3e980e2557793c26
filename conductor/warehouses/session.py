"""An open connection to a warehouse, as the steps of a load see it."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeAlias

import pyarrow as pa
from pydantic import TypeAdapter

from conductor.contracts.model import Contract

Row: TypeAlias = tuple[object, ...]
NUMBER = TypeAdapter(int)
ROWS_PER_BATCH = 50_000


class Session(Protocol):
    """An open connection that runs SQL with `?` for its values."""

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Give the rows of a query."""
        ...

    def change(self, statement: str, *values: object) -> int:
        """Run a statement that changes rows; give how many."""
        ...

    def run(self, *statements: str) -> None:
        """Run statements that give nothing back."""
        ...

    def columns(self, table: str) -> Mapping[str, str]:
        """Give the columns of a table and their types, in order and in the warehouse's own words; none if there is no such table."""
        ...

    def hold(self, table: str) -> None:
        """Keep other writers off a table until the transaction ends; readers go on."""
        ...

    def batches(self, contract: Contract, statement: str, *values: object) -> Iterator[pa.RecordBatch]:
        """Give the rows of a query for the contract's columns, in bounded memory."""
        ...
