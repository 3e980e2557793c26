"""I2: a business key stands once in a version."""

from __future__ import annotations

import polars as pl

from conductor.audit import lake
from conductor.audit.dossier import Dossier
from conductor.audit.report import CHECKED, Outcomes, Problem, Unchecked
from conductor.errors import NotFound
from conductor.tables import Commit
from conductor.warehouses import sql


def unique(dossier: Dossier) -> Outcomes:
    """Look for keys that stand twice: in every version of the lake, in the warehouse, and in the copy that people query."""
    for commit in dossier.commits:
        yield from _in_lake(dossier, commit)
    if dossier.current and dossier.loaded:
        yield from _in_warehouse(dossier, dossier.current)
        yield from _in_read_copy(dossier)


def _in_lake(dossier: Dossier, commit: Commit) -> Outcomes:
    rows, batch, key = dossier.rows(commit), commit.note.batch, list(dossier.product.contract.key)
    if rows is None:
        yield Unchecked(sentence=f"the files of version {batch.version} are swept")
        return
    twice = lake.collected(dossier.table, rows.group_by(key).len().filter(pl.col("len") > 1))
    yield CHECKED
    if len(twice):
        first = ", ".join(f"{name} {twice.item(0, name)}" for name in key)
        yield Problem(
            sentence=f"version {batch.version} in the lake has {len(twice):,} keys more than once, such as {first}",
            next_command=f"conductor explain {batch.id}",
            batch=batch.id,
        )


def _in_warehouse(dossier: Dossier, current: Commit) -> Outcomes:
    """Compare rows with the keys that they can have: where rows are more, a key stands twice or is nobody's."""
    contract, batch = dossier.product.contract, current.note.batch
    there = dossier.evidence.warehouse.row_hashes(contract, dossier.slot).rows
    keys = lake.rows(dossier.table, dossier.table.keys(dossier.slot)).select(contract.key).unique()
    known = int(lake.collected(dossier.table, keys.select(pl.len())).item())
    if there > known:
        yield Problem(
            sentence=f"the warehouse has {there:,} rows of version {batch.version}, which has {known:,} keys",
            next_command=f"conductor explain {batch.id}",
            batch=batch.id,
        )


def _in_read_copy(dossier: Dossier) -> Outcomes:
    contract = dossier.product.contract
    key = ", ".join(map(sql.quoted, contract.key))
    twice = (
        f"SELECT {key} FROM {sql.table(contract)} WHERE _slot = {sql.literal(dossier.slot.id)} "
        f"GROUP BY {key} HAVING count(*) > 1 ORDER BY {key}"
    )
    try:
        found = dossier.evidence.warehouse.query(twice)
    except NotFound:
        yield Unchecked(sentence="there is no copy yet for people to query")
        return
    if found.rows:
        first = ", ".join(f"{name} {value}" for name, value in zip(contract.key, found.rows[0], strict=True))
        yield Problem(
            sentence=f"people who query see {len(found.rows):,} keys more than once, such as {first}",
            next_command=f"conductor query {_shell(twice)}",
        )


def _shell(statement: str) -> str:
    escaped = statement.replace('"', '\\"')
    return f'"{escaped}"'
