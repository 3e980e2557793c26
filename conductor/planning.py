"""What a run would do, decided without writing anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conductor.engines.choose import choose_engine
from conductor.engines.spark_session import missing_part
from conductor.ledger import BatchRow
from conductor.road import BEYOND_THE_LAKE, TO_THE_LAKE
from conductor.values import EngineChoice, Extract, Slot
from conductor.workspace import Workspace


@dataclass(frozen=True)
class SlotPlan:
    """What is to be done for a slot: `steps` in order, none where the `version` is done; `changes` say why it is a new one."""

    slot: Slot
    why: str
    version: int
    changes: tuple[str, ...]
    documents: int
    rows: int
    engine: EngineChoice
    steps: tuple[str, ...]


def plan_slot(
    workspace: Workspace, slot: Slot, why: str, scratch: Path, *, fresh: bool
) -> tuple[SlotPlan, ...]:
    """Decide for a slot and, before it, for the products that it joins; `fresh` asks the source for these, too.

    The source is really asked, with all its errors; `scratch` is a folder for what it gives.
    """
    contract = workspace.product(slot.dataset).contract
    joined = tuple(
        plan
        for dataset in contract.references
        for plan in _joined(workspace, Slot(dataset=dataset, day=slot.day), slot, scratch, fresh=fresh)
    )
    return (*joined, _plan(workspace, slot, why, scratch, joined, (*TO_THE_LAKE, *BEYOND_THE_LAKE)))


def _joined(workspace: Workspace, slot: Slot, by: Slot, scratch: Path, *, fresh: bool) -> Iterator[SlotPlan]:
    table = workspace.table(workspace.product(slot.dataset).contract)
    if fresh or table.version(slot) is None:
        yield _plan(workspace, slot, f"joined by {by.dataset}", scratch, (), TO_THE_LAKE)


def _plan(
    workspace: Workspace,
    slot: Slot,
    why: str,
    scratch: Path,
    joined: tuple[SlotPlan, ...],
    steps: tuple[str, ...],
) -> SlotPlan:
    settings, contract = workspace.settings, workspace.product(slot.dataset).contract
    into = scratch / slot.id.replace("/", "-")
    into.mkdir(parents=True)
    extracted = workspace.source(contract.source).extract(contract.entity, slot, into)
    current = workspace.ledger.current(slot)
    changes = tuple(_changes(workspace, extracted, current, joined))
    done = set() if changes or not current else {row.step for row in workspace.ledger.steps(current.batch.id)}
    return SlotPlan(
        slot=slot,
        why=why,
        version=(current.batch.version if current else 0) + bool(changes),
        changes=changes,
        documents=extracted.documents,
        rows=extracted.rows,
        engine=choose_engine(
            extracted.records.size,
            extracted.rows,
            settings.memory_bytes,
            settings,
            contract,
            missing=None if settings.spark_runs == "pool" else missing_part(),
        ),
        steps=tuple(step for step in steps if step not in done),
    )


def _changes(
    workspace: Workspace, extracted: Extract, current: BatchRow | None, joined: tuple[SlotPlan, ...]
) -> Iterator[str]:
    """Say what makes the batch another one than the current (R1)."""
    if current is None:
        yield "nothing was carried before"
        return
    product, batch = workspace.product(extracted.slot.dataset), current.batch
    objects = workspace.ledger.objects(extracted.slot)
    if extracted.object_id not in batch.object_ids:
        yield f"the source gives other content than version {batch.version} has"
    if new := [found for found in objects if found.corrects and found.object_id not in batch.object_ids]:
        yield f"{len(new)} corrections were landed since"
    if product.contract.version != batch.contract_version:
        yield f"the contract is version {product.contract.version}, was {batch.contract_version}"
    if product.refine_sha256 != batch.refine_sha256:
        yield "refine.sql has changed"
    for plan in joined:
        if plan.changes:
            yield f"{plan.slot.dataset} gets version {plan.version}"
    for reference in batch.references:
        slot = Slot(dataset=reference.dataset, day=extracted.slot.day)
        now = workspace.ledger.current(slot)
        if (
            now
            and now.batch.id != reference.batch
            and not any(plan.changes for plan in joined if plan.slot == slot)
        ):
            yield f"{reference.dataset} has version {now.batch.version} now"
