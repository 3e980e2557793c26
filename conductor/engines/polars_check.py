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
    once.
    """

    accepted: pl.LazyFrame
    rejected: pl.LazyFrame
    totals: pl.LazyFrame
    reasons: pl.LazyFrame


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
    said = pl.when(pl.col(FATE) == Fate.REJECTED.value).then(REASONS).otherwise(WARNINGS)
    return Plan(
        accepted=_of(checked, Fate.ACCEPTED).select(
            *(field.name for field in contract.fields), POSITION, NUMBER
        ),
        rejected=_of(checked, Fate.REJECTED).select(
            *verbatim(records),
            OBJECT,
            REASONS,
            pl.lit(contract.version).alias("_contract_version"),
            pl.lit(job.batch.id).alias("_batch"),
        ),
        totals=checked.group_by(FATE, _currency(contract).alias("currency")).agg(
            pl.len().alias("rows"), *_amounts(contract)
        ),
        reasons=checked.group_by(FATE, said.alias("codes")).agg(pl.len().alias("rows")),
    )


def run(planned: Plan, scratch: Path) -> Checked:
    """Compute the pass, its row outputs into `scratch`."""
    accepted, rejected = scratch / "accepted.parquet", scratch / "rejected.parquet"
    *_, totals, reasons = pl.collect_all(
        [
            planned.accepted.sink_parquet(accepted, compression="lz4", mkdir=True, lazy=True),
            planned.rejected.sink_parquet(rejected, compression="snappy", mkdir=True, lazy=True),
            planned.totals,
            planned.reasons,
        ],
        engine="streaming",
    )
    return Checked(accepted, rejected, Tally(totals, reasons))


def _of(frame: pl.LazyFrame, fate: Fate) -> pl.LazyFrame:
    return frame.filter(pl.col(FATE) == fate.value)


def _currency(contract: Contract) -> pl.Expr:
    """Give the currency that a row's amount counts under; empty where the record names none."""
    return pl.col(contract.control.currency).fill_null("") if contract.control else pl.lit("")


def _amounts(contract: Contract) -> list[pl.Expr]:
    if contract.control is None:
        return []
    amount = pl.col(contract.control.amount)
    unparseable = pl.col(TEXT + contract.control.amount).is_not_null() & amount.is_null()
    return [amount.sum().alias("amount"), unparseable.sum().alias("unparseable")]
