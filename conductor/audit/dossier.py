"""All that is known of one slot, read once and shared by the checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from conductor.audit import lake
from conductor.audit.evidence import Evidence
from conductor.audit.landed import Unreadable
from conductor.contracts.model import Product
from conductor.errors import StopAndCall
from conductor.ledger.rows import BatchRow
from conductor.plain_records import in_parquet
from conductor.raw.copies import fetch_or_backup
from conductor.tables import Commit, CuratedTable
from conductor.values import Batch, Landed, Refined, Slot


@dataclass(frozen=True)
class Dossier:
    """A slot with its evidence. `commits` are its commits in the table's order, `found` what the raw store lists of it.

    `folder` is an empty local folder for files that are read more than once.
    """

    evidence: Evidence
    slot: Slot
    commits: tuple[Commit, ...]
    found: tuple[Landed | Unreadable, ...]
    folder: Path

    @property
    def product(self) -> Product:
        """The product as it is shipped now."""
        return self.evidence.products[self.slot.dataset]

    @property
    def table(self) -> CuratedTable:
        """The product's curated table."""
        return self.evidence.table(self.slot.dataset)

    @property
    def busy(self) -> bool:
        """Whether a run works on the slot now."""
        return self.evidence.ledger.lease(self.slot.id) is not None

    @cached_property
    def batches(self) -> tuple[BatchRow, ...]:
        """All versions of the slot, first one first."""
        return self.evidence.ledger.history(self.slot)

    @cached_property
    def known(self) -> dict[str, Landed]:
        """The slot's objects as the ledger recorded them, by id, in order of recording."""
        return {landed.object_id: landed for landed in self.evidence.ledger.objects(self.slot)}

    @property
    def objects(self) -> dict[str, Landed]:
        """The slot's objects that the ledger or the raw store knows; where both do, as the ledger recorded them."""
        listed = {item.object_id: item for item in self.found if isinstance(item, Landed)}
        return listed | self.known

    @property
    def current(self) -> Commit | None:
        """The commit that readers of the lake see."""
        return self.commits[-1] if self.commits else None

    @property
    def loaded(self) -> bool:
        """Whether the warehouse holds the version that readers of the lake see."""
        if self.current is None:
            return False
        return self.evidence.warehouse.highest_version(self.slot) == self.current.note.batch.version

    def commit(self, batch: Batch) -> Commit | None:
        """Give the commit that published a batch; None if none did."""
        return next((commit for commit in self.commits if commit.note.batch.id == batch.id), None)

    def rows(self, commit: Commit) -> pl.LazyFrame | None:
        """Give the rows that a commit made the slot's data; None where an older version's files are swept.

        `StopAndCall` if files are gone that readers see now.
        """
        keys = lake.keys_at(self.table, self.slot, commit.table_version)
        if missing := lake.gone(self.table, keys):
            if commit != self.current:
                return None
            raise StopAndCall(f"{missing[0]} is gone, which readers need", next_command="conductor reconcile")
        return lake.rows(self.table, keys)

    def refined(self, batch: Batch) -> Refined | None:
        """Give what refine said of a batch; None if it never finished or the ledger lost it."""
        return self.evidence.ledger.remembered(batch.id, "refine", Refined)

    def records(self, batch: Batch) -> tuple[Path, ...]:
        """Have the records of a batch on disk, in the batch's order, each compared with its checksum.

        `StopAndCall` for records that neither place has as they were landed.
        """
        there = self.objects
        if lost := [name for name in batch.object_ids if name not in there]:
            raise StopAndCall(f"{self.slot.id} is made of raw object {lost[0]}, which is nowhere")
        return tuple(self._fetched(there[name]) for name in batch.object_ids)

    def differs(self, batch: Batch) -> str | None:
        """Say how contract or SQL of a batch differ from those shipped now; None if they do not."""
        contract = self.product.contract
        if contract.version != batch.contract_version:
            return (
                f"it was made with contract {batch.contract_version}; {contract.version} is the one here now"
            )
        if self.product.refine_sha256 != batch.refine_sha256:
            return "it was made with another refine.sql than the one here now"
        return None

    def held(self) -> pl.LazyFrame:
        """Give the rows of the current version that the warehouse should hold as the slot's. Reads all loaded slots."""
        evidence = self.evidence
        others = [
            slot
            for slot in evidence.ledger.slots(self.slot.dataset)
            if slot != self.slot and evidence.warehouse.highest_version(slot)
        ]
        return lake.not_overtaken(self.table, self.slot, others)

    def _fetched(self, landed: Landed) -> Path:
        path = self.folder / f"{landed.object_id}.parquet"
        if not path.exists():
            there = path.with_suffix(Path(landed.records.key).suffix)
            fetch_or_backup(self.evidence.raw, self.evidence.backup, landed.records, there)
            if landed.plain:
                in_parquet(there, landed.plain, path)
        return path
