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
from conductor.contracts.rules import BAD, JUDGED, REASONS, TEXT, WARNINGS, coded_sql, typed_sql, warnings_sql
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
    once; what is wrong is asked of bad rows alone. `others` are the totals of the rows that are not accepted.
    """

    contract: Contract
    accepted: pl.LazyFrame
    rejected: pl.LazyFrame
    others: pl.LazyFrame


@dataclass(frozen=True)
class Checked:
    """The outputs of the pass; `accepted` lies in memory or on disk."""

    accepted: pl.LazyFrame
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
    judged = pl.SQLContext(frames=frames).execute(typed_sql(contract, POLARS)).cache()
    lost = pl.col(BAD) | pl.col(SUPERSEDED)
    coded = pl.SQLContext({JUDGED: judged.filter(lost)}).execute(coded_sql(contract, POLARS))
    fate = pl.when(SUPERSEDED).then(pl.lit(Fate.SUPERSEDED.value)).otherwise(pl.lit(Fate.REJECTED.value))
    others = coded.with_columns(fate.alias(FATE))
    return Plan(
        contract=contract,
        accepted=judged.filter(~lost).select(
            *(field.name for field in contract.fields), POSITION, NUMBER, pl.sql_expr(warnings_sql(contract))
        ),
        rejected=others.filter(pl.col(FATE) == Fate.REJECTED.value).select(
            *verbatim(records),
            OBJECT,
            REASONS,
            pl.lit(contract.version).alias("_contract_version"),
            pl.lit(contract.owner).alias("_owner"),
            pl.lit(job.batch.id).alias("_batch"),
        ),
        others=_totals(others, contract, _unparseable(contract)),
    )


def run(planned: Plan, scratch: Path, *, in_memory: bool = False) -> Checked:
    """Compute the pass, rejected rows into `scratch` and accepted ones, too, unless they are few enough to stay `in_memory`.

    What can be counted afterwards is counted there: each consumer of the pass that looks at every row makes Polars hold
    hundreds of megabytes more, for the slower ones.
    """
    file, rejected = scratch / "accepted.parquet", scratch / "rejected.parquet"
    to_disk = planned.accepted.sink_parquet(file, compression="lz4", mkdir=True, lazy=True)
    rows, _, others = pl.collect_all(
        [
            planned.accepted if in_memory else to_disk,
            planned.rejected.sink_parquet(rejected, compression="snappy", mkdir=True, lazy=True),
            planned.others,
        ],
        engine="streaming",
    )
    accepted = rows.lazy() if in_memory else _scan(file)
    good = accepted.with_columns(pl.lit(Fate.ACCEPTED.value).alias(FATE))
    # A good row has an amount that parses, or none.
    totals = _totals(good, planned.contract, pl.lit(0)).collect(engine="streaming")
    totals = pl.concat([totals, others], how="vertical_relaxed")
    tally = Tally(totals, _codes(_scan(rejected), REASONS), _codes(accepted, WARNINGS))
    return Checked(accepted, rejected, tally)


def _scan(file: Path) -> pl.LazyFrame:
    return pl.scan_parquet(file, hive_partitioning=False)


def _codes(rows: pl.LazyFrame, column: str) -> pl.DataFrame:
    said = rows.select(pl.col(column).alias("codes")).filter(pl.col("codes") != "")
    return said.group_by("codes").agg(pl.len().alias("rows")).collect(engine="streaming")


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
