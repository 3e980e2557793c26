"""What an engine needs for a batch: its records and what it joins, on this machine's disk or where a cluster's executors read them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from conductor import raw
from conductor.engines.places import put, remove
from conductor.engines.protocol import RecordsFile, ReferenceFiles, RefineJob
from conductor.errors import RetryLater
from conductor.tables import file_prefix
from conductor.values import Batch, Landed
from flows.steps.turn import Turn


def objects_of(turn: Turn, batch: Batch) -> list[Landed]:
    """Give the batch's objects in its own order: what the source gave, then the corrections of it."""
    known = {landed.object_id: landed for landed in turn.workspace.ledger.objects(turn.slot)}
    return [known[name] for name in batch.object_ids]


@contextmanager
def refine_job(turn: Turn, batch: Batch, *, remote: bool) -> Generator[RefineJob]:
    """Give the job for the body. `remote` leaves large files where they lie, for executors to read.

    The bytes are those that were landed: on disk their checksum is compared; in the store the version that was written has to be the
    one that a reader gets, before the body and after it. What has no version that proves it, or is lost, goes by way of this disk
    into the lake for as long as the body takes.
    """
    workspace, objects = turn.workspace, objects_of(turn, batch)
    options = dict(workspace.lake.storage_options())
    in_place = {
        each.object_id
        for each in objects
        if remote and not each.plain and raw.unchanged(workspace.raw, each.records)
    }
    records = tuple(
        _in_place(turn, each) if each.object_id in in_place else _fetched(turn, each) for each in objects
    )
    table = workspace.table(turn.product.contract)
    attempt = file_prefix(batch, turn.lease.epoch)
    staged = [file for file in records if remote and file.object_id not in in_place]
    away = {
        file.object_id: _staged(
            file.in_parquet(turn.scratch / "staged"), f"{table.uri}/{attempt}-{file.object_id}", options
        )
        for file in staged
    }
    try:
        yield RefineJob(
            product=turn.product,
            batch=batch,
            records=tuple(away.get(file.object_id, file) for file in records),
            references={each.dataset: _reference(turn, each.dataset, batch) for each in batch.references},
            table_uri=table.uri,
            storage_options=options,
            attempt=attempt,
            scratch=turn.scratch,
        )
    finally:
        for file in away.values():
            remove(str(file.uri), options)
    for each in objects:
        if each.object_id in in_place and not raw.unchanged(workspace.raw, each.records):
            raise RetryLater(
                f"{each.records.key} was changed while it was read; the version that was landed is still there"
            )


def _in_place(turn: Turn, landed: Landed) -> RecordsFile:
    store = turn.workspace.raw
    return RecordsFile(
        uri=store.uri(landed.records.key),
        object_id=landed.object_id,
        corrects=landed.corrects,
        length=landed.records.size,
        storage_options=dict(store.storage_options()),
    )


def _fetched(turn: Turn, landed: Landed) -> RecordsFile:
    """Have the records on disk: the recorded version, its checksum compared, from the backup if raw does not give it."""
    to = turn.scratch / f"{landed.object_id}{Path(landed.records.key).suffix}"
    raw.fetch_or_backup(turn.workspace.raw, turn.workspace.backup, landed.records, to)
    return RecordsFile(uri=to, object_id=landed.object_id, corrects=landed.corrects, plain=landed.plain)


def _staged(file: RecordsFile, uri: str, options: dict[str, str]) -> RecordsFile:
    """Bring records from the disk into the lake, under a name of this attempt that no table knows."""
    size = file.size
    put(file.uri, f"{uri}.parquet", options)
    return RecordsFile(f"{uri}.parquet", file.object_id, file.corrects, size, options)


def _reference(turn: Turn, dataset: str, batch: Batch) -> ReferenceFiles:
    table = turn.workspace.table(turn.workspace.product(dataset).contract)
    slot = batch.slot.model_copy(update={"dataset": dataset})
    return ReferenceFiles(
        contract=table.contract, uris=table.files(slot), storage_options=turn.workspace.lake.storage_options()
    )
