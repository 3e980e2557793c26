"""The peer of the nightly flow: the library's functions one after another, without Prefect, leases or the ledger's memory.

What it leaves out is what the flow is for: it repeats nothing safely, remembers nothing and tells nobody.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conductor import journal, raw
from conductor.contracts.expectations import expectations
from conductor.contracts.model import Product
from conductor.engines.choose import choose_engine
from conductor.engines.engine import open_engine
from conductor.engines.protocol import RecordsFile, ReferenceFiles, RefineJob
from conductor.engines.spark_session import missing_part
from conductor.events.cloudevents import Facts
from conductor.ledger.identity import inputs_digest
from conductor.quality import docs
from conductor.quality.gate import judge
from conductor.quality.quarantine import quarantine
from conductor.tables import file_prefix
from conductor.values import Batch, Landed, Loaded, Published, Reference, Refined, Slot
from conductor.warehouses.build import build
from conductor.workspace import DBT_PROJECT, Workspace
from flows.steps.subscribers import aggregates, dashboard

EPOCH = 1


@dataclass(frozen=True)
class Lake:
    """A slot as far as the lake."""

    landed: Landed
    published: Published


def plain_night(workspace: Workspace, slot: Slot, scratch: Path) -> float:
    """Carry a slot and what it joins from the API to the books; give the seconds that dbt's build took of it."""
    contract = workspace.product(slot.dataset).contract
    references = [_reference(workspace, slot, dataset, scratch) for dataset in contract.references]
    lake = _lake(workspace, slot, references, scratch / "own")
    batch = lake.published.batch
    loaded = workspace.warehouse.load(
        contract, batch, EPOCH, workspace.table(contract).read(slot), workspace.now()
    )
    began = time.perf_counter()
    _build(workspace, loaded)
    building = time.perf_counter() - began
    _post(workspace, batch)
    facts = Facts.of(batch, loaded.rows)
    for subscriber in (dashboard(workspace), aggregates(workspace)):
        subscriber.effect(facts)
    raw.archive(workspace.raw, workspace.lake, [lake.landed], workspace.table(contract).keys(slot))
    return building


def _reference(workspace: Workspace, slot: Slot, dataset: str, scratch: Path) -> Reference:
    other = Slot(dataset=dataset, day=slot.day)
    published = _lake(workspace, other, (), scratch / dataset.replace("/", "-")).published
    return Reference(dataset=dataset, batch=published.batch.id, table_version=published.table_version)


def _lake(workspace: Workspace, slot: Slot, references: Sequence[Reference], scratch: Path) -> Lake:
    """Extract, land, back up, refine, judge, publish."""
    scratch.mkdir(parents=True)
    product = workspace.product(slot.dataset)
    contract = product.contract
    source = workspace.source(contract.source)
    landed = raw.land(workspace.raw, source.extract(contract.entity, slot, scratch / "extract"))
    raw.back_up(workspace.raw, workspace.backup, landed)
    refined = _refine(workspace, product, _batch(product, landed, references), landed, scratch)
    table = workspace.table(contract)
    files = table.uris(refined.files)
    verdict = judge(contract, expectations(contract), refined, files, workspace.lake.storage_options())
    docs.write(workspace.lake, workspace.home / "docs", contract, refined, verdict)
    assert verdict.passed, f"{slot.id} does not keep its contract: {verdict.failed}"
    return Lake(landed, table.publish(refined.batch, refined.files, EPOCH, workspace.now()))


def _batch(product: Product, landed: Landed, references: Sequence[Reference]) -> Batch:
    version = product.contract.version
    return Batch(
        id=inputs_digest(landed.slot, (landed.object_id,), version, product.refine_sha256, references),
        slot=landed.slot,
        version=1,
        object_ids=(landed.object_id,),
        contract_version=version,
        refine_sha256=product.refine_sha256,
        references=tuple(references),
    )


def _refine(workspace: Workspace, product: Product, batch: Batch, landed: Landed, scratch: Path) -> Refined:
    records = scratch / "records.parquet"
    raw.fetch_or_backup(workspace.raw, workspace.backup, landed.records, records)
    settings = workspace.settings
    choice = choose_engine(
        records.stat().st_size,
        landed.rows,
        settings.memory_bytes,
        settings,
        product.contract,
        missing=missing_part(),
    )
    job = RefineJob(
        product=product,
        batch=batch,
        records=(RecordsFile(uri=records, object_id=landed.object_id),),
        references={joined.dataset: _joined(workspace, batch.slot, joined) for joined in batch.references},
        table_uri=workspace.table(product.contract).uri,
        attempt=file_prefix(batch, EPOCH),
        scratch=scratch,
        storage_options=workspace.lake.storage_options(),
    )
    outcome = open_engine(choice.engine, settings.memory_bytes).refine(job)
    rejected = quarantine(workspace.lake, batch, outcome.rejected) if outcome.rejected else None
    return outcome.of(batch, choice, rejected)


def _joined(workspace: Workspace, slot: Slot, joined: Reference) -> ReferenceFiles:
    contract = workspace.product(joined.dataset).contract
    uris = workspace.table(contract).files(Slot(dataset=joined.dataset, day=slot.day))
    return ReferenceFiles(contract, uris, workspace.lake.storage_options())


def _build(workspace: Workspace, loaded: Loaded) -> None:
    slot = loaded.batch.slot
    contract = workspace.product(slot.dataset).contract
    select = f"source:{contract.schema}.{contract.table}+"
    build(workspace.warehouse.build_target(), DBT_PROJECT, workspace.home / "dbt", select, (slot.day,))
    workspace.warehouse.mark_built(loaded.sequence)
    workspace.warehouse.swap_read_copy()


def _post(workspace: Workspace, batch: Batch) -> None:
    books, settings = workspace.books(), workspace.settings
    names = (
        settings.journal_clearing_account,
        settings.journal_revenue_account,
        settings.journal_tax_account,
    )
    accounts = journal.find_accounts(books.accounts(), *names)
    revenue = workspace.warehouse.daily_revenue(batch.slot.day)
    found = books.find_entries(journal.document_prefix(batch.slot))
    for draft in journal.due(batch.slot, batch.version, revenue, found, accounts):
        books.post_entry(draft.entry, draft.request_id)
