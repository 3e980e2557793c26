"""The products that a batch joins, as lazy frames."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from conductor.contracts.typed import polars_schema
from conductor.engines.protocol import ReferenceFiles


def scan_references(references: Mapping[str, ReferenceFiles]) -> dict[str, pl.LazyFrame]:
    """Give each joined product under its table name, in the types of its contract; without files it is an
    empty table.
    """
    return {reference.contract.table: _scan(reference) for reference in references.values()}


def _scan(reference: ReferenceFiles) -> pl.LazyFrame:
    schema = polars_schema(reference.contract.columns)
    if not reference.uris:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(
        list(reference.uris),
        schema=schema,
        hive_partitioning=False,
        missing_columns="insert",
        extra_columns="ignore",
        storage_options=dict(reference.storage_options) or None,
    )
