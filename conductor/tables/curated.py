"""A curated table. Its Delta commit is the lake's commit point: before it no reader sees a batch."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from conductor import zones
from conductor.contracts.model import Contract
from conductor.errors import LeaseLost, RetryLater, StopAndCall, Superseded
from conductor.stores.protocol import Store
from conductor.tables.actions import active_files, batch_prefix, name_of, put_in, take_out
from conductor.tables.faults import told_as_ours
from conductor.tables.log import NOTE, Commit, Note, newest_commit, note_of, slot_version, transactions
from conductor.tables.reading import read_batches
from conductor.tables.schema import PARTITIONS, missing_columns, table_schema
from conductor.values import Batch, DataFile, Published, Slot

DECISIONS = 10
"""How often a writer looks again after others came between; each time something of theirs took effect."""

PROPERTIES = {"delta.enableExpiredLogCleanup": "false", "delta.logRetentionDuration": "interval 36500 days"}
"""The log is evidence: it is never shortened."""


@dataclass(frozen=True)
class CuratedTable:
    """The Delta table of a data product, partitioned by year, month and day.

    Every question is answered from a fresh snapshot, none from memory. Errors: `RetryLater` where the store
    does not answer, `FixTheConfiguration` where it refuses us, `StopAndCall` where it is full.
    """

    store: Store
    contract: Contract

    @property
    def root(self) -> str:
        """Key of the table in its store."""
        return zones.curated_table(self.contract.dataset)

    @property
    def uri(self) -> str:
        """Address of the table for Polars, DuckDB and delta-rs, with the store's storage options."""
        return self.store.uri(self.root)

    def publish(
        self, batch: Batch, files: Sequence[DataFile], epoch: int, published_at: datetime
    ) -> Published:
        """Make the files all of the slot's data, in one commit that takes its older files out.

        A version that is published already is given as it was. `Superseded` where a newer one is, `LeaseLost`
        where the slot's newest commit has a higher epoch, `StopAndCall` where a file is not there in full.
        """
        rows = sum(file.rows for file in files)
        note = Note(batch=batch, epoch=epoch, files=len(files), rows=rows, published_at=published_at)
        for _ in range(DECISIONS):
            with told_as_ours(self.root):
                snapshot = self._up_to_date()
                if snapshot is None:
                    continue
                if (commit := self._decide(snapshot, note)) is not None:
                    return commit.published
                with suppress(CommitFailedError):  # somebody came between: look again
                    self._commit(snapshot, note, files)
        raise RetryLater(f"other writers kept changing {self.root} while {batch.slot.id} was to be published")

    def published(self, slot: Slot) -> Published | None:
        """Give the slot's newest version as it was published; None if there is none."""
        commit = self.commit(slot)
        return commit.published if commit else None

    def commit(self, slot: Slot) -> Commit | None:
        """Give the slot's newest commit with epoch and instant, as the table's log has it."""
        with told_as_ours(self.root):
            snapshot = self._snapshot()
            return newest_commit(self.store, self.root, snapshot, slot) if snapshot else None

    def version(self, slot: Slot) -> int | None:
        """Give the slot's newest version; None if there is none."""
        with told_as_ours(self.root):
            snapshot = self._snapshot()
            return slot_version(snapshot, slot) if snapshot else None

    def history(self) -> tuple[Commit, ...]:
        """Give all commits of batches, newest first. Reads the whole log."""
        with told_as_ours(self.root):
            snapshot = self._snapshot()
            facts = snapshot.history() if snapshot else []
            noted = ((note_of(fact), fact["version"]) for fact in facts)
            return tuple(Commit(note=note, table_version=version) for note, version in noted if note)

    def keys(self, slot: Slot | None = None) -> tuple[str, ...]:
        """Give the keys of the files that readers see, of one slot or of all, in order."""
        with told_as_ours(self.root):
            snapshot = self._snapshot()
            active = active_files(snapshot) if snapshot else ()
            wanted = (file for file in active if slot is None or file.holds(slot))
            return tuple(sorted(f"{self.root}/{file.path}" for file in wanted))

    def files(self, slot: Slot | None = None) -> tuple[str, ...]:
        """Give the addresses of the files that readers see, of one slot or of all, in order."""
        return tuple(self.store.uri(key) for key in self.keys(slot))

    def read(self, slot: Slot) -> Iterator[pa.RecordBatch]:
        """Give the slot's rows as Arrow batches with the contract's columns, as a warehouse takes them."""
        files = self.files(slot)
        with told_as_ours(self.root):
            yield from read_batches(files, self.contract, self.store.storage_options())

    def uris(self, files: Sequence[DataFile]) -> tuple[str, ...]:
        """Give the addresses of files that an engine wrote, published or not."""
        return tuple(self.store.uri(f"{self.root}/{file.path}") for file in files)

    def sweep(self, older_than: timedelta, *, dry_run: bool = True) -> tuple[str, ...]:
        """Remove files that no reader sees and that are older than that (whole hours); give their paths.

        These are files of attempts that never committed and of versions that newer ones replaced. Choose
        `older_than` longer than the longest refine and the longest query, or they lose their files.
        """
        hours = int(older_than / timedelta(hours=1))
        with told_as_ours(self.root):
            snapshot = self._snapshot()
            if snapshot is None:
                return ()
            gone = snapshot.vacuum(hours, dry_run=dry_run, enforce_retention_duration=False, full=True)
            return tuple(sorted(gone))

    def _snapshot(self) -> DeltaTable | None:
        try:
            return DeltaTable(self.uri, storage_options=dict(self.store.storage_options()))
        except TableNotFoundError:
            return None

    def _up_to_date(self) -> DeltaTable | None:
        """Give a snapshot that has the contract's columns; None if it had to be made or changed first."""
        snapshot = self._snapshot()
        with suppress(CommitFailedError):  # another writer did it at the same moment
            if snapshot is None:
                self._create()
            elif missing := missing_columns(snapshot, self.contract):
                snapshot.alter.add_columns(missing)
            else:
                return snapshot
        return None

    def _create(self) -> None:
        DeltaTable.create(
            self.uri,
            table_schema(self.contract),
            mode="ignore",
            partition_by=list(PARTITIONS),
            configuration=PROPERTIES,
            storage_options=dict(self.store.storage_options()),
        )

    def _decide(self, snapshot: DeltaTable, note: Note) -> Commit | None:
        """Give the commit if the note's batch is published, None if it is to be; raise if it must not be."""
        newest = newest_commit(self.store, self.root, snapshot, note.batch.slot)
        if newest is None:
            return None
        there, ours = newest.note.batch, note.batch
        if there.version > ours.version:
            raise Superseded(
                f"{ours.slot.id} is published as version {there.version}, newer than {ours.version}"
            )
        if there.version == ours.version and there.id != ours.id:
            raise StopAndCall(
                f"{ours.slot.id} version {ours.version} is published as batch {there.id}, not {ours.id}",
                next_command=f"conductor explain {there.id}",
            )
        if there.id == ours.id:
            return newest
        if newest.note.epoch > note.epoch:
            raise LeaseLost(
                f"{ours.slot.id} was published under epoch {newest.note.epoch}; this run's is {note.epoch}"
            )
        return None

    def _commit(self, snapshot: DeltaTable, note: Note, files: Sequence[DataFile]) -> None:
        batch, at = note.batch, note.published_at
        for file in files:
            self._require(file, batch)
        active = tuple(active_files(snapshot))
        if foreign := [file.path for file in active if not file.ours]:
            raise StopAndCall(
                f"{self.root} holds files that no batch wrote: {len(foreign)}, one is {foreign[0]}"
            )
        replaced = [take_out(file, at) for file in active if file.holds(batch.slot)]
        snapshot.create_write_transaction(
            [*(put_in(file, at) for file in files), *replaced],
            "append",
            snapshot.schema(),
            list(PARTITIONS),
            commit_properties=CommitProperties(
                custom_metadata={NOTE: note.model_dump_json()},
                app_transactions=transactions(batch, snapshot.version()),
            ),
        )

    def _require(self, file: DataFile, batch: Batch) -> None:
        if not name_of(file.path).startswith(batch_prefix(batch)):
            raise StopAndCall(f"{file.path} does not bear the name of a file of batch {batch.id}")
        there = self.store.stat(f"{self.root}/{file.path}")
        if there is None or there.size != file.size:
            found = "is not there" if there is None else f"has {there.size} bytes"
            raise StopAndCall(
                f"{file.path} was written with {file.size} bytes, and now {found}",
                next_command=f"conductor explain {batch.id}",
            )
