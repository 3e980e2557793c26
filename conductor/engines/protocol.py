"""What every engine offers, whatever computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import polars as pl

from conductor.contracts.model import Contract, Product
from conductor.plain_records import in_parquet, scan_plain
from conductor.values import (
    Batch,
    Counts,
    CurrencySum,
    DataFile,
    EngineChoice,
    PlainText,
    Refined,
    StoredPart,
)


@dataclass(frozen=True)
class RecordsFile:
    """The records of one raw object, every column text, one row per record line: Parquet, or a `plain` text on disk.

    `_line` counts the lines from 1. In the records of a correction, `_corrects` is the `row_text` of the row
    that each replaces; `corrects` names the corrected object. `uri` is a local path or, for Spark on a cluster, an address, whose
    `length` in bytes has to be given; `storage_options` may hold secrets, so they stay out of its `repr`.
    """

    uri: Path | str
    object_id: str
    corrects: str | None = None
    length: int | None = None
    storage_options: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    plain: PlainText | None = None

    @property
    def size(self) -> int:
        """Give the size in bytes."""
        return Path(self.uri).stat().st_size if self.length is None else self.length

    def scan(self) -> pl.LazyFrame:
        """Give the rows."""
        if self.plain:
            return scan_plain(Path(self.uri), self.plain)
        options = dict(self.storage_options) or None
        return pl.scan_parquet(self.uri, hive_partitioning=False, glob=False, storage_options=options)

    def in_parquet(self, scratch: Path) -> RecordsFile:
        """Give the same records in Parquet, for engines that need that."""
        if self.plain is None:
            return self
        into = scratch / f"{self.object_id}.parquet"
        return replace(self, uri=in_parquet(Path(self.uri), self.plain, into), plain=None)


@dataclass(frozen=True)
class ReferenceFiles:
    """The files of another product that this one joins, at one version of its table. There may be none.

    `storage_options` may hold secrets, so they stay out of its `repr`.
    """

    contract: Contract
    uris: tuple[str, ...]
    storage_options: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True)
class RefineJob:
    """All that decides what refine gives.

    `records` stand in the order in which they were landed: of two equal versions of a key the later stays,
    and a correction replaces rows of earlier objects only. `table_uri` is the root of the curated table, a
    local path or an address; `attempt` begins the names of the files written below it; `scratch` is a local
    folder of this attempt's own.
    """

    product: Product
    batch: Batch
    records: tuple[RecordsFile, ...]
    references: Mapping[str, ReferenceFiles]
    table_uri: str
    attempt: str
    scratch: Path
    storage_options: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True)
class RefineOutcome:
    """What refine made: files that no table knows of yet, rejected rows as Parquet in scratch, and what
    proves both.

    `reasons` counts the codes of rejected rows, a row with two codes under both; `warnings` those of accepted
    rows.
    """

    files: tuple[DataFile, ...]
    rejected: Path | None
    counts: Counts
    sums: tuple[CurrencySum, ...]
    reasons: tuple[tuple[str, int], ...]
    warnings: tuple[tuple[str, int], ...]
    schema_hash: str

    def of(self, batch: Batch, choice: EngineChoice, rejected: StoredPart | None = None) -> Refined:
        """Give it as what the run remembers of a batch; `rejected` is where the rejected rows were put."""
        return Refined(
            batch=batch,
            files=self.files,
            rejected=rejected,
            counts=self.counts,
            sums=self.sums,
            reasons=self.reasons,
            schema_hash=self.schema_hash,
            choice=choice,
            warnings=self.warnings,
        )


class Engine(Protocol):
    """Types, checks and splits records, drops older versions, and writes the curated files of a batch."""

    name: str

    def refine(self, job: RefineJob) -> RefineOutcome:
        """Refine a batch in bounded memory.

        Rejected rows keep the columns of the records verbatim, with `_object`, `_reasons`,
        `_contract_version`, `_owner` and `_batch`. Files are Snappy Parquet under `year=YYYY/month=MM/day=DD/`, their
        names begin with the attempt; a batch without accepted rows has none.

        Errors: `FixTheData` for records that are not text or values that the SQL cannot hold;
        `FixTheConfiguration` for SQL that does not give the contract's columns; `StopAndCall` when rows or
        money vanish, or the disk is full; `RetryLater` when storage fails.
        """
        ...
