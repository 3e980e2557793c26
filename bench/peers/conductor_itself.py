"""Ours: a dropped file, byte by byte held against its contract, to a commit of the curated table."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from conductor.contracts.load import load
from conductor.contracts.model import Product
from conductor.engines.engine import open_engine
from conductor.engines.protocol import RecordsFile, ReferenceFiles, RefineJob, RefineOutcome
from conductor.files import arrive
from conductor.stores.folder import FolderStore
from conductor.tables import CuratedTable, file_prefix
from conductor.values import Batch, Slot

PRODUCT = Path(__file__).parents[1] / "products" / "sales" / "tills"
MEMORY = 4_000_000_000


def run(file: Path, out: Path, engine: str = "polars") -> None:
    """Take the file apart, type, check, split, drop older lines, transform, partition and commit."""
    job = received(file, out)
    publish(job, refined(job, engine), out)
    shutil.rmtree(job.scratch.parent)


def received(
    file: Path,
    out: Path,
    product: Product | None = None,
    references: Mapping[str, ReferenceFiles] | None = None,
) -> RefineJob:
    """Take the file apart; give what refines its records into the table at `out`."""
    product = product or load(PRODUCT)
    contract, scratch = product.contract, out.parent / "scratch"
    arrived = arrive(file, contract, scratch / "arrived")
    batch = Batch(
        id=arrived.canonical_sha256[:32],
        slot=Slot(dataset=contract.dataset, day=date(2026, 11, 20)),
        version=1,
        object_ids=(arrived.canonical_sha256,),
        contract_version=contract.version,
        refine_sha256=product.refine_sha256,
    )
    return RefineJob(
        product=product,
        batch=batch,
        records=(RecordsFile(arrived.records, arrived.canonical_sha256, plain=arrived.plain),),
        references=references or {},
        table_uri=CuratedTable(FolderStore(out), contract).uri,
        attempt=file_prefix(batch, 1),
        scratch=scratch / "refine",
    )


def refined(job: RefineJob, engine: str = "polars") -> RefineOutcome:
    """Type, check, split, drop older lines, transform and write."""
    outcome = open_engine(engine, MEMORY).refine(job)
    assert outcome.counts.balanced
    assert outcome.counts.rejected
    assert outcome.counts.duplicates
    return outcome


def publish(job: RefineJob, outcome: RefineOutcome, out: Path) -> None:
    """Commit what was written."""
    table = CuratedTable(FolderStore(out), job.product.contract)
    table.publish(job.batch, outcome.files, 1, datetime(2026, 11, 21, tzinfo=UTC))
