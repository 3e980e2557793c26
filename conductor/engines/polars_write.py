"""Curated rows as partitioned Parquet, under names of this attempt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from conductor.contracts.model import Contract
from conductor.contracts.typed import polars_schema
from conductor.errors import FixTheConfiguration
from conductor.values import DataFile

if TYPE_CHECKING:
    from polars.io.partition import FileProviderArgs, SinkedPathsCallbackArgs

PARTITION = ("year", "month", "day")
ROWS_PER_GROUP = 25_000
"""Rows of a partition that are in memory before they are written; all partitions of a batch are open at once."""


def curated(frame: pl.LazyFrame, contract: Contract) -> pl.LazyFrame:
    """Hold the columns of `refine.sql` against the contract and give them in its order and types.

    Engines differ in the width of whole numbers and in the precision of decimals, so these are widened or
    narrowed; a kind or a scale that differs is `FixTheConfiguration`.
    """
    wanted = check_columns(frame.collect_schema(), contract)
    return frame.select(pl.col(name).cast(dtype) for name, dtype in wanted.items())


def check_columns(given: pl.Schema, contract: Contract) -> pl.Schema:
    """Give the contract's columns; what `refine.sql` gives has to be alike, or it is `FixTheConfiguration`."""
    wanted = polars_schema(contract.columns)
    wrong = [
        f"{name} is {given.get(name, 'absent')}, not {dtype}"
        for name, dtype in wanted.items()
        if not _alike(given.get(name), dtype)
    ]
    wrong += [f"{name} is not a column" for name in given if name not in wanted]
    if wrong:
        raise FixTheConfiguration(
            f"refine.sql of {contract.dataset} does not give what the contract says: {'; '.join(wrong)}"
        )
    return wanted


def partitioned(
    frame: pl.LazyFrame,
    contract: Contract,
    uri: str,
    attempt: str,
    options: dict[str, str],
    files: list[DataFile],
) -> pl.LazyFrame:
    """Give the sink of the curated rows below `uri`; when it has run, `files` holds what was written."""

    def name(args: FileProviderArgs) -> str:
        day: date = args.partition_keys.item()
        return f"year={day:%Y}/month={day:%m}/day={day:%d}/{attempt}-{args.index_in_partition}.parquet"

    def note(args: SinkedPathsCallbackArgs) -> None:
        files.extend(
            sorted(
                (_file(sunk.path, sunk.num_rows, sunk.num_bytes) for sunk in args.paths),
                key=lambda file: file.path,
            )
        )

    # By the day alone, which says all three: three texts as keys would cost half as much again.
    return frame.sink_parquet(
        pl.PartitionBy(uri, key=contract.day, include_key=True, file_path_provider=name),
        compression="snappy",
        row_group_size=ROWS_PER_GROUP,
        mkdir=True,
        storage_options=options or None,
        sinked_paths_callback=note,
        lazy=True,
    )


def read_back(
    files: Sequence[DataFile], contract: Contract, uri: str, options: dict[str, str]
) -> pl.LazyFrame:
    """Give the rows as they stand in the files that were written below `uri`; none where there is no file."""
    if not files:
        return pl.LazyFrame(schema=polars_schema(contract.columns))
    paths = [f"{uri.rstrip('/')}/{file.path}" for file in files]
    return pl.scan_parquet(paths, hive_partitioning=False, storage_options=options or None)


def _file(path: str, rows: int, size: int) -> DataFile:
    relative: Sequence[str] = path.split("/")[-len(PARTITION) - 1 :]
    path = "/".join(relative)
    return DataFile(path=path, rows=rows, size=size, partition=partition_of(path))


def partition_of(path: str) -> tuple[tuple[str, str], ...]:
    """Give the keys and values that the folders of a path below the table say."""
    pairs = (part.split("=", 1) for part in path.split("/")[:-1])
    return tuple((key, value) for key, value in pairs)


def _alike(given: pl.DataType | None, wanted: pl.DataType) -> bool:
    if isinstance(given, pl.Decimal) and isinstance(wanted, pl.Decimal):
        return given.scale == wanted.scale
    return given == wanted or (given is not None and given.is_integer() and wanted.is_integer())
