"""Each operator and function that contracts may use gives the same on Polars, DuckDB and Spark."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlglot import exp

from conductor.contracts.portable import MEASURED
from conductor.contracts.spark_sql import spark_sql
from conductor.engines.spark_session import spark_session

from .spark_here import MEMORY, on_spark

MONEY = "CAST(m AS DECIMAL(18,2))"
CASES: dict[type[exp.Expr], str] = {
    exp.And: "b AND n > 1",
    exp.Or: "b OR n > 1",
    exp.Not: "NOT b",
    exp.Paren: "(n)",
    exp.Is: "t IS NULL",
    exp.In: "t IN ('a', 'ß')",
    exp.Between: f"{MONEY} BETWEEN 0 AND 1",
    exp.Like: "t LIKE '_a%'",
    exp.EQ: f"{MONEY} = n",
    exp.NEQ: "t <> 'a'",
    exp.GT: f"{MONEY} > CAST('0.005' AS DECIMAL(18,3))",
    exp.GTE: "n >= 2",
    exp.LT: "t < 'b'",
    exp.LTE: "d <= CAST('2026-01-01' AS DATE)",
    exp.Add: f"{MONEY} + {MONEY}",
    exp.Sub: f"{MONEY} - CAST('0.005' AS DECIMAL(18,3))",
    exp.Mul: "CAST(m AS DECIMAL(20,2)) * CAST('1.083455' AS DECIMAL(12,6))",
    exp.Neg: f"-{MONEY}",
    exp.Abs: f"ABS({MONEY})",
    exp.Round: "ROUND(CAST(m AS DECIMAL(20,2)) * CAST('0.5' AS DECIMAL(12,6)), 2)",
    exp.Case: "CASE WHEN b THEN t WHEN n = 2 THEN 'two' END",
    exp.If: "CASE t WHEN 'a' THEN 1 ELSE 2 END",
    exp.Cast: "CAST(n AS DECIMAL(18,2))",
    exp.Coalesce: "COALESCE(t, 'none')",
    exp.Nullif: "NULLIF(t, 'a')",
    exp.RegexpLike: "REGEXP_LIKE(t, '^[a-z]+$')",
    exp.Length: "LENGTH(t)",
}
OVER_ROWS: dict[type[exp.Expr], str] = {
    exp.Sum: f"SELECT b, SUM({MONEY}) AS x FROM r GROUP BY b",
    exp.Count: "SELECT b, COUNT(t) AS x FROM r GROUP BY b",
    exp.Min: f"SELECT b, MIN({MONEY}) AS x FROM r GROUP BY b",
    exp.Max: "SELECT b, MAX(t) AS x FROM r GROUP BY b",
    exp.RowNumber: "SELECT n AS b, ROW_NUMBER() OVER (PARTITION BY b ORDER BY n) AS x FROM r",
}
QUERIES = {kind: f"SELECT n AS b, {sql} AS x FROM r" for kind, sql in CASES.items()} | OVER_ROWS


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    texts = ["a", "ß", None, "aa", "a\n", "😀é", "", "ba\nc"]
    money = ["0.01", "-0.01", "0.03", None, "12712349999999999.99", "-90071992547409.93", "1.00", "2"]
    return pl.DataFrame(
        {
            "n": pl.Series(range(8), dtype=pl.Int64),
            "t": texts,
            "m": pl.Series(money).str.to_decimal(scale=2).cast(pl.Decimal(20, 2)),
            "b": [True, False, None, True, True, False, None, False],
        }
    ).with_columns(
        d=pl.date(2025, 12, 27) + pl.duration(days=pl.col("n")), m=pl.col("m").clip(-(10**14), 10**14)
    )


def test_every_measured_part_is_measured_here():
    assert QUERIES.keys() == MEASURED


@pytest.mark.parametrize("kind", QUERIES, ids=lambda kind: kind.__name__)
def test_it_gives_the_same_on_polars_and_duckdb(rows: pl.DataFrame, kind: type[exp.Expr]):
    con = duckdb.connect()
    con.execute("CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)")
    con.register("r", rows.to_arrow())
    given = pl.SQLContext(frames={"r": rows.lazy()}).execute(QUERIES[kind]).collect(engine="streaming")
    other = con.sql(QUERIES[kind]).pl()
    assert_frame_equal(_wide(given), _wide(other), check_exact=True)


@on_spark
def test_it_gives_the_same_on_spark(rows: pl.DataFrame):
    from conductor.engines.spark_types import polars_schema_of  # PySpark is there only with its extra

    session = spark_session(MEMORY)
    session.createDataFrame(rows.to_arrow()).createOrReplaceTempView("r")
    for sql in QUERIES.values():
        given = pl.SQLContext(frames={"r": rows.lazy()}).execute(sql).collect(engine="streaming")
        found = session.sql(spark_sql(sql))
        schema = pl.Schema({"b": given.schema["b"], "x": polars_schema_of(found.schema)["x"]})
        other = pl.DataFrame([tuple(row) for row in found.collect()], schema=schema, orient="row")
        assert_frame_equal(_wide(given), _wide(other), check_exact=True)


def _wide(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out what may differ: the width of whole numbers, decimals' precision, the order of rows."""
    x = pl.col("x")
    if frame["x"].dtype.is_integer():
        x = x.cast(pl.Int64)
    elif isinstance(frame["x"].dtype, pl.Decimal):
        x = x.cast(pl.Decimal(38, 8))
    return frame.select(pl.col("b"), x).sort("b", "x")
