"""I1: no row vanished and none came from nowhere."""

from __future__ import annotations

import io

import polars as pl
import pyarrow.parquet as pq

from conductor import zones
from conductor.audit import lake
from conductor.audit.dossier import Dossier
from conductor.audit.report import CHECKED, Outcomes, Problem, Unchecked
from conductor.errors import NotFound
from conductor.ledger.rows import BatchRow
from conductor.values import Batch, Refined


def counted(dossier: Dossier) -> Outcomes:
    """Count every refined batch again: records in raw, accepted in the lake, rejected in the quarantine.

    Duplicates and superseded rows lie nowhere; their numbers are refine's, which I8 computes again.
    """
    for row in dossier.batches:
        refined = dossier.refined(row.batch)
        if refined:
            yield from _batch(dossier, row, refined)
        elif dossier.commit(row.batch):
            yield Unchecked(sentence=f"the ledger does not remember how refine counted batch {row.batch.id}")


def _batch(dossier: Dossier, row: BatchRow, refined: Refined) -> Outcomes:
    batch, told = row.batch, refined.counts
    records = sum(pq.read_metadata(path).num_rows for path in dossier.records(batch))
    rejected = len(set_aside(dossier, refined))
    accepted = _accepted(dossier, batch)
    if accepted is None:
        yield Unchecked(
            sentence=f"the files of batch {batch.id} are swept: its accepted rows are refine's word"
        )
        accepted = told.accepted
    yield CHECKED
    total = accepted + rejected + told.duplicates + told.superseded
    if total != records:
        yield Problem(
            sentence=f"version {batch.version} has {records:,} rows of records but {accepted:,} accepted + "
            f"{rejected:,} rejected + {told.duplicates:,} duplicates + {told.superseded:,} superseded = {total:,}",
            next_command=f"conductor explain {batch.id}",
            batch=batch.id,
        )


def set_aside(dossier: Dossier, refined: Refined) -> pl.DataFrame:
    """Read the rows that the quarantine holds of a batch; none if its file is not there."""
    key = zones.quarantined(dossier.slot.dataset, refined.batch.id)
    version = refined.rejected.version_id if refined.rejected else None
    try:
        data = dossier.evidence.lake.read(key, version)
    except NotFound:
        return pl.DataFrame()
    with lake.readable(key):
        return pl.read_parquet(io.BytesIO(data), hive_partitioning=False)


def _accepted(dossier: Dossier, batch: Batch) -> int | None:
    """Count a batch's rows in the lake; None where it was never published, or is an older version that was swept."""
    commit = dossier.commit(batch)
    rows = dossier.rows(commit) if commit else None
    if rows is None:
        return None
    return int(lake.collected(dossier.table, rows.select(pl.len())).item())
