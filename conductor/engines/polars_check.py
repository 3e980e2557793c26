"""First stage: one streaming pass over the records, split into typed accepted rows, rejected rows as they
came, and counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from conductor.contracts.dialects import POLARS
from conductor.contracts.model import Contract
from conductor.contracts.rules import REASONS, TEXT, WARNINGS, check_sql
from conductor.engines.outcome import FATE, Fate, Tally
from conductor.engines.polars_records import (
    NUMBER,
    OBJECT,
    POSITION,
    SUPERSEDED,
    complete,
    scan_records,
    verbatim,
)
from conductor.engines.polars_references import scan_references
from conductor.engines.protocol import RefineJob


@dataclass(frozen=True)
class Plan:
    """The outputs of the pass, not yet computed. All come from one frame, so the records are read and checked
    once. `others` are the totals of the rows that are not accepted.
    """

    contract: Contract
    accepted: pl.LazyFrame
    rejected: pl.LazyFrame
    others: pl.LazyFrame


@dataclass(frozen=True)
class Checked:
    """The outputs of the pass."""

    accepted: Path
    rejected: Path
    tally: Tally


def plan(job: RefineJob) -> Plan:
    """Give the pass over a job's records."""
    contract = job.product.contract
    records = scan_records(job.records)
    frames: Mapping[str, pl.LazyFrame] = {
        "records": complete(records, contract, job.batch.slot.day),
        **scan_references(job.references),
    }
    fate = (
        pl.when(SUPERSEDED)
        .then(pl.lit(Fate.SUPERSEDED.value))
        .when(pl.col(REASONS) == "")
        .then(pl.lit(Fate.ACCEPTED.value))
        .otherwise(pl.lit(Fate.REJECTED.value))
    )
    checked = pl.SQLContext(frames=frames).execute(check_sql(contract, POLARS)).with_columns(fate.alias(FATE))
    return Plan(
        contract=contract,
        accepted=_of(checked, Fate.ACCEPTED).select(
            *(field.name for field in contract.fields), POSITION, NUMBER, WARNINGS
        ),
        rejected=_of(checked, Fate.REJECTED).select(
            *verbatim(records),
            OBJECT,
            REASONS,
            pl.lit(contract.version).alias("_contract_version"),
            pl.lit(contract.owner).alias("_owner"),
            pl.lit(job.batch.id).alias("_batch"),
        ),
        others=_totals(checked.filter(pl.col(FATE) != Fate.ACCEPTED.value), contract, _unparseable(contract)),
    )


def run(planned: Plan, scratch: Path) -> Checked:
    """Compute the pass, its row outputs into `scratch`.

    What can be counted in the files is counted there: each consumer of the pass that looks at every row makes Polars hold
    hundreds of megabytes more, for the slower ones.
    """
    accepted, rejected = scratch / "accepted.parquet", scratch / "rejected.parquet"
    *_, others = pl.collect_all(
        [
            planned.accepted.sink_parquet(accepted, compression="lz4", mkdir=True, lazy=True),
            planned.rejected.sink_parquet(rejected, compression="snappy", mkdir=True, lazy=True),
            planned.others,
        ],
        engine="streaming",
    )
    good = pl.scan_parquet(accepted, hive_partitioning=False).with_columns(
        pl.lit(Fate.ACCEPTED.value).alias(FATE)
    )
    # A good row has an amount that parses, or none.
    totals = _totals(good, planned.contract, pl.lit(0)).collect(engine="streaming")
    totals = pl.concat([totals, others], how="vertical_relaxed")
    tally = Tally(totals, _codes(rejected, REASONS), _codes(accepted, WARNINGS))
    return Checked(accepted, rejected, tally)


def _codes(file: Path, column: str) -> pl.DataFrame:
    rows = pl.scan_parquet(file, hive_partitioning=False).select(pl.col(column).alias("codes"))
    said = rows.filter(pl.col("codes") != "")
    return said.group_by("codes").agg(pl.len().alias("rows")).collect(engine="streaming")


def _of(frame: pl.LazyFrame, fate: Fate) -> pl.LazyFrame:
    return frame.filter(pl.col(FATE) == fate.value)


def _currency(contract: Contract) -> pl.Expr:
    """Give the currency that a row's amount counts under; empty where the record names none."""
    return pl.col(contract.control.currency).fill_null("") if contract.control else pl.lit("")


def _totals(rows: pl.LazyFrame, contract: Contract, unparseable: pl.Expr) -> pl.LazyFrame:
    """Count rows, and sum the control amount, by fate and currency."""
    amount = pl.col(contract.control.amount).sum() if contract.control else pl.lit(0)
    return rows.group_by(FATE, _currency(contract).alias("currency")).agg(
        pl.len().alias("rows"), amount.alias("amount"), unparseable.alias("unparseable")
    )


def _unparseable(contract: Contract) -> pl.Expr:
    """Count amounts that are no numbers."""
    if contract.control is None:
        return pl.lit(0)
    amount = contract.control.amount
    return (pl.col(TEXT + amount).is_not_null() & pl.col(amount).is_null()).sum()
