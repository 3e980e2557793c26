"""I8: made again from raw on another engine, a version has the same rows."""

from __future__ import annotations

import duckdb

from conductor.audit import lake
from conductor.audit.dossier import Dossier
from conductor.audit.rebuild import Joined, Recipe, Records, rebuild
from conductor.audit.report import CHECKED, Outcomes, Problem, Unchecked
from conductor.errors import StopAndCall
from conductor.tables import Commit
from conductor.values import Batch, Counts, Reference, Slot
from conductor.warehouses.protocol import RowHashes
from conductor.warehouses.rowhash import hash_rows

ROWS_PER_BATCH = 50_000
OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class Unavailable(Exception):
    """What a rebuild needs is not there any more; the message says what."""


def rebuilt(dossier: Dossier) -> Outcomes:
    """Rebuild the current version with its contract, SQL and joined versions, and compare rows with lake and warehouse."""
    current = dossier.current
    if current is None:
        return
    batch = current.note.batch
    if differs := dossier.differs(batch):
        yield Unchecked(sentence=f"version {batch.version} is not made again: {differs}")
        return
    try:
        recipe = _recipe(dossier, batch)
    except Unavailable as reason:
        yield Unchecked(sentence=f"version {batch.version} is not made again: {reason}")
        return
    counts, again = _made(dossier, recipe)
    yield CHECKED
    yield from _compared(dossier, current, counts, again)


def _compared(dossier: Dossier, current: Commit, counts: Counts, again: RowHashes) -> Outcomes:
    batch, contract = current.note.batch, dossier.product.contract
    refined = dossier.refined(batch)
    if refined and refined.counts != counts:
        yield _problem(batch, f"a rebuild counts {_told(counts)}; refine counted {_told(refined.counts)}")
    published = _published(dossier)
    if published != again:
        yield _problem(
            batch, f"a rebuild gives {again.rows:,} rows; the {published.rows:,} of the lake are others"
        )
    if dossier.loaded:
        there = dossier.evidence.warehouse.row_hashes(contract, dossier.slot)
        if there not in (again, published) and there != _held(dossier):
            yield _problem(
                batch, f"a rebuild gives {again.rows:,} rows; the {there.rows:,} of the warehouse are others"
            )


def _published(dossier: Dossier) -> RowHashes:
    table = dossier.table
    rows = lake.rows(table, table.keys(dossier.slot))
    return hash_rows(table.contract, lake.batches(table, rows))


def _held(dossier: Dossier) -> RowHashes:
    """Digest what the warehouse should hold where other slots have some of the rows in a newer version."""
    return hash_rows(dossier.product.contract, lake.batches(dossier.table, dossier.held()))


def _made(dossier: Dossier, recipe: Recipe) -> tuple[Counts, RowHashes]:
    contract = recipe.product.contract
    names = ", ".join(column.name for column in contract.columns)
    # A file, not memory: what does not fit is spilled beside it.
    with duckdb.connect(str(dossier.folder / "rebuild.duckdb"), config=OFFLINE) as connection:
        connection.execute(f"SET memory_limit = '{dossier.evidence.settings.memory_bytes}B'")
        try:
            counts = rebuild(connection, recipe)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise StopAndCall(f"the current version cannot be made again on DuckDB: {reason}") from error
        rows = connection.execute(f"SELECT {names} FROM curated").to_arrow_reader(ROWS_PER_BATCH)
        return counts, hash_rows(contract, rows)


def _recipe(dossier: Dossier, batch: Batch) -> Recipe:
    paths = zip(dossier.records(batch), batch.object_ids, strict=True)
    return Recipe(
        product=dossier.product,
        day=batch.slot.day,
        records=tuple(Records(path, object_id) for path, object_id in paths),
        joined=tuple(_joined(dossier, reference) for reference in batch.references),
    )


def _joined(dossier: Dossier, reference: Reference) -> Joined:
    """Have the files of a joined product on disk, at the version of its table that was joined."""
    if reference.dataset not in dossier.evidence.products:
        raise Unavailable(f"there is no product {reference.dataset} any more, which it joins")
    table = dossier.evidence.table(reference.dataset)
    slot = Slot(dataset=reference.dataset, day=dossier.slot.day)
    keys = lake.keys_at(table, slot, reference.table_version)
    if lake.gone(table, keys):
        raise Unavailable(f"the files of {reference.dataset} that it joins are swept")
    files = tuple(
        dossier.folder / f"{slot.dataset.replace('/', '-')}-{place}.parquet" for place in range(len(keys))
    )
    for key, file in zip(keys, files, strict=True):
        table.store.download(key, file)
    return Joined(table.contract, files)


def _told(counts: Counts) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.model_dump().items())


def _problem(batch: Batch, sentence: str) -> Problem:
    return Problem(
        sentence=f"version {batch.version}: {sentence}",
        next_command=f"conductor explain {batch.id}",
        batch=batch.id,
    )
