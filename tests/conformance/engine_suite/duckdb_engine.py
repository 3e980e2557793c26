"""A second opinion: the same contract and SQL on DuckDB, written for clarity. It keeps all in memory and is
for tests only.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from conductor.contracts.casts import sql_type
from conductor.contracts.dialects import DUCKDB, identifier, literal
from conductor.contracts.model import Contract
from conductor.contracts.rules import RAW, SLOT_DAY, check_sql
from conductor.contracts.typed import schema_hash
from conductor.engines.protocol import RefineJob, RefineOutcome
from conductor.engines.row_text import OWN
from conductor.values import Counts, CurrencySum, DataFile

FATES = ("accepted", "rejected", "duplicates", "superseded")


class DuckDbEngine:
    name = "duckdb"

    def refine(self, job: RefineJob) -> RefineOutcome:
        con, contract = duckdb.connect(), job.product.contract
        con.execute(
            "SET TimeZone = 'UTC'; CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)"
        )
        _references(con, job)
        names = _records(con, job)
        _check(con, contract)
        con.execute(f"CREATE TABLE refined AS {job.product.refine_sql}")
        columns = ", ".join(
            f"CAST({column.name} AS {sql_type(column)}) AS {column.name}" for column in contract.columns
        )
        con.execute(f"CREATE TABLE curated AS SELECT {columns} FROM refined")
        counted = dict(con.execute("SELECT fate, count(*) FROM fated GROUP BY ALL").fetchall())
        counted["accepted"] = con.execute("SELECT count(*) FROM curated").fetchone()[0]
        counts = Counts(records=sum(counted.values()), **{fate: counted.get(fate, 0) for fate in FATES})
        return RefineOutcome(
            files=_write(con, job),
            rejected=_rejected(con, job, names) if counts.rejected else None,
            counts=counts,
            sums=_sums(con, contract),
            reasons=_codes(con, "_reasons", "rejected"),
            warnings=_codes(con, "_warnings", "accepted", "duplicates"),
            schema_hash=schema_hash(contract.columns),
        )


def _references(con: duckdb.DuckDBPyConnection, job: RefineJob) -> None:
    for reference in job.references.values():
        columns = ", ".join(f"{column.name} {sql_type(column)}" for column in reference.contract.columns)
        con.execute(f"CREATE TABLE {reference.contract.table} ({columns})")
        for uri in reference.uris:
            files = f"read_parquet({literal(uri)}, hive_partitioning = false)"
            con.execute(f"INSERT INTO {reference.contract.table} BY NAME SELECT * FROM {files}")


def _records(con: duckdb.DuckDBPyConnection, job: RefineJob) -> list[str]:
    """Make `records` with raw names and what the corrections supersede; give the names of its columns."""
    frames = [
        pl.read_parquet(file.path).with_columns(_object=pl.lit(file.object_id), _position=pl.lit(n))
        for n, file in enumerate(job.records)
    ]
    rows = pl.concat(frames, how="diagonal")
    names = [name for name in rows.columns if name not in ("_object", "_position")]
    con.register("delivered", rows.to_arrow())
    known = sorted(set(names) - OWN)
    text = ", ".join(f"{literal(name + '=')} || {identifier(name)}" for name in known)
    target = "_corrects" if "_corrects" in names else "CAST(NULL AS VARCHAR)"
    con.execute(
        f"CREATE TABLE told AS SELECT *, concat_ws(chr(31), {text}) AS t, {target} AS target FROM delivered"
    )
    superseded = """
        EXISTS (FROM told c WHERE c.target = r.t AND c._position > r._position)
        OR r.target IS NOT NULL
        AND NOT EXISTS (FROM told b WHERE b.t = r.target AND b._position < r._position)
    """
    raw = [f"r.{identifier(name)} AS {identifier(RAW + name)}" for name in names]
    absent = dict.fromkeys(
        field.path for field in job.product.contract.fields if field.path not in (*names, SLOT_DAY)
    )
    raw += [f"NULL::VARCHAR AS {identifier(RAW + path)}" for path in absent]
    con.execute(
        f"CREATE TABLE records AS SELECT {', '.join(raw)}, _object, _position, "
        f"CAST(_line AS BIGINT) AS _number, "
        f"'{job.batch.slot.day}' AS {identifier(RAW + SLOT_DAY)}, {superseded} AS _superseded FROM told r"
    )
    return names


def _check(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make `fated`, all rows with their fate, and `accepted`, the newest good row of each key."""
    order = ", ".join(f"{name} DESC NULLS LAST" for name in (*contract.newest, "_position", "_number"))
    con.execute(f"""
        CREATE TABLE fated AS WITH checked AS ({check_sql(contract, DUCKDB)}),
        first AS (
            SELECT *, CASE WHEN _superseded THEN 'superseded' WHEN _reasons = '' THEN 'accepted'
                ELSE 'rejected' END AS f
            FROM checked
        ),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY f, {", ".join(contract.key)} ORDER BY {order}) AS place
            FROM first
        )
        SELECT *, CASE WHEN f = 'accepted' AND place > 1 THEN 'duplicates' ELSE f END AS fate FROM ranked
    """)
    fields = ", ".join(field.name for field in contract.fields)
    con.execute(f"CREATE TABLE accepted AS SELECT {fields} FROM fated WHERE fate = 'accepted'")


def _write(con: duckdb.DuckDBPyConnection, job: RefineJob) -> tuple[DataFile, ...]:
    files: list[DataFile] = []
    day = job.product.contract.day
    for (value,) in con.execute(f"SELECT DISTINCT {day} FROM curated ORDER BY 1").fetchall():
        parts = (("year", f"{value:%Y}"), ("month", f"{value:%m}"), ("day", f"{value:%d}"))
        relative = "/".join([*(f"{key}={text}" for key, text in parts), f"{job.attempt}-0.parquet"])
        path = Path(job.table_uri) / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = con.execute(
            f"COPY (FROM curated WHERE {day} = '{value}') TO '{path}' (FORMAT parquet)"
        ).fetchone()[0]
        files.append(DataFile(path=relative, rows=rows, size=path.stat().st_size, partition=parts))
    return tuple(files)


def _rejected(con: duckdb.DuckDBPyConnection, job: RefineJob, names: list[str]) -> Path:
    path = job.scratch / "rejected.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = ", ".join(f"{identifier(RAW + name)} AS {identifier(name)}" for name in names)
    con.execute(
        f"COPY (SELECT {raw}, _object, _reasons, '{job.product.contract.version}' AS _contract_version, "
        f"'{job.batch.id}' AS _batch FROM fated WHERE fate = 'rejected') TO '{path}' (FORMAT parquet)"
    )
    return path


def _sums(con: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[CurrencySum, ...]:
    if contract.control is None:
        return ()
    amount, currency = contract.control.amount, f"coalesce({contract.control.currency}, '')"
    parts = ", ".join(f"coalesce(sum({amount}) FILTER (fate = '{fate}'), 0)" for fate in FATES)
    rows = con.execute(f"""
        SELECT {currency} AS c, coalesce(sum({amount}), 0), {parts},
            count(*) FILTER ("text.{amount}" IS NOT NULL AND {amount} IS NULL)
        FROM fated GROUP BY c ORDER BY c
    """).fetchall()
    names = ("currency", "records", *FATES, "unparseable")
    return tuple(CurrencySum(**dict(zip(names, row, strict=True))) for row in rows)


def _codes(con: duckdb.DuckDBPyConnection, column: str, *fates: str) -> tuple[tuple[str, int], ...]:
    found = con.execute(f"""
        WITH said AS (
            SELECT unnest(string_split({column}, ';')) AS code FROM fated WHERE fate IN {(*fates, "")}
        )
        SELECT code, count(*) FROM said WHERE code <> '' GROUP BY code ORDER BY code
    """)
    return tuple(found.fetchall())
