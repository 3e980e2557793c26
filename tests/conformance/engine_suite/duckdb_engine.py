"""The audit's rebuild on DuckDB behind the protocol of an engine, so that one suite runs on it, too. It keeps all in memory."""

from __future__ import annotations

from pathlib import Path

import duckdb

from conductor.audit.rebuild import FATES, Joined, Recipe, Records, columns_of, rebuild
from conductor.contracts.dialects import identifier
from conductor.contracts.model import Contract
from conductor.contracts.rules import RAW
from conductor.contracts.typed import schema_hash
from conductor.engines.protocol import RefineJob, RefineOutcome
from conductor.values import CurrencySum, DataFile


class DuckDbEngine:
    name = "duckdb"

    def refine(self, job: RefineJob) -> RefineOutcome:
        con, contract = duckdb.connect(), job.product.contract
        counts = rebuild(con, _recipe(job))
        return RefineOutcome(
            files=_write(con, job),
            rejected=_rejected(con, job, columns_of(con, "delivered")) if counts.rejected else None,
            counts=counts,
            sums=_sums(con, contract),
            reasons=_codes(con, "_reasons", "rejected"),
            warnings=_codes(con, "_warnings", "accepted", "duplicates"),
            schema_hash=schema_hash(contract.columns),
        )


def _recipe(job: RefineJob) -> Recipe:
    return Recipe(
        product=job.product,
        day=job.batch.slot.day,
        records=tuple(
            Records(Path(file.in_parquet(job.scratch).uri), file.object_id) for file in job.records
        ),
        joined=tuple(Joined(one.contract, tuple(map(Path, one.uris))) for one in job.references.values()),
    )


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
    contract = job.product.contract
    con.execute(
        f"COPY (SELECT {raw}, _object, _reasons, '{contract.version}' AS _contract_version, '{contract.owner}' AS _owner, "
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
