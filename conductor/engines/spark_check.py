"""First stage: the records typed and checked, each row with its fate, and counted."""

from __future__ import annotations

import polars as pl
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as fn

from conductor.contracts.dialects import SPARK
from conductor.contracts.model import Contract
from conductor.contracts.rules import REASONS, TEXT, WARNINGS, check_sql
from conductor.contracts.spark_sql import spark_sql
from conductor.engines.outcome import FATE, Fate, Tally
from conductor.engines.polars_records import SUPERSEDED
from conductor.engines.protocol import RefineJob
from conductor.engines.spark_records import complete, named


def check(session: SparkSession, job: RefineJob, records: DataFrame) -> DataFrame:
    """Give the records with the typed fields, the reasons and the fate of each row."""
    contract = job.product.contract
    complete(records, contract, job.batch.slot.day).createOrReplaceTempView("records")
    fate = (
        fn.when(fn.col(SUPERSEDED), Fate.SUPERSEDED.value)
        .when(fn.col(REASONS) == "", Fate.ACCEPTED.value)
        .otherwise(Fate.REJECTED.value)
    )
    return session.sql(spark_sql(check_sql(contract, SPARK))).withColumn(FATE, fate)


def tally(checked: DataFrame, contract: Contract) -> Tally:
    """Count rows and reasons by fate, and sum the control amount by currency."""
    return Tally(
        totals=totals(checked, contract, fate=True),
        reasons=_codes(checked.where(fn.col(FATE) == Fate.REJECTED.value), REASONS),
        warnings=_codes(checked.where(fn.col(FATE) == Fate.ACCEPTED.value), WARNINGS),
    )


def _codes(rows: DataFrame, column: str) -> pl.DataFrame:
    said = rows.where(fn.col(column) != "").groupBy(fn.col(column)).agg(fn.count("*"))
    schema = {"codes": pl.String(), "rows": pl.Int64()}
    return pl.DataFrame([tuple(row) for row in said.collect()], schema=schema, orient="row")


def totals(frame: DataFrame, contract: Contract, *, fate: bool = False) -> pl.DataFrame:
    """Count rows and sum the control amount, by currency; with `fate` by fate, too, and with amounts that are no numbers."""
    keys: dict[str, Column] = {FATE: fn.col(FATE)} if fate else {}
    keys["currency"] = (
        fn.coalesce(fn.col(contract.control.currency), fn.lit("")) if contract.control else fn.lit("")
    )
    counts = {"rows": fn.count("*")}
    if contract.control:
        counts["amount"] = fn.coalesce(fn.sum(contract.control.amount), fn.lit(0))
    if contract.control and fate:
        amount = contract.control.amount
        text = named(TEXT + amount)
        counts["unparseable"] = fn.count_if(text.isNotNull() & fn.col(amount).isNull())
    rows = (
        frame.groupBy(*(key.alias(name) for name, key in keys.items()))
        .agg(*(count.alias(name) for name, count in counts.items()))
        .collect()
    )
    types = {"rows": pl.Int64(), "amount": pl.Decimal(38, _scale(contract)), "unparseable": pl.Int64()}
    schema = {name: types.get(name, pl.String()) for name in (*keys, *counts)}
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def _scale(contract: Contract) -> int:
    return next(
        (f.scale or 0 for f in contract.fields if contract.control and f.name == contract.control.amount), 0
    )
