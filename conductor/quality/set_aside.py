"""Which batches have rows set aside, and what a rule looked at in each of those rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlglot import exp, parse_one

from conductor.contracts.codes import field_codes
from conductor.contracts.model import Contract
from conductor.ledger import BatchRow, Ledger
from conductor.quality.masked import MASK
from conductor.quality.quarantine import REASONS
from conductor.records import DOCUMENT, LINE, Row
from conductor.values import Refined, Slot, State


@dataclass(frozen=True)
class SetAside:
    """The rejected rows of one batch: how many, each reason with its count, and since when they lie aside.

    A row may have several reasons, so these may add up to more than `rows`. `since` is when rows of the slot were first set
    aside of those versions that follow each other without one that has none. `whole` says why no row of the batch was taken.
    """

    slot: str
    version: int
    batch: str
    rows: int
    reasons: tuple[tuple[str, int], ...]
    since: datetime
    whole: str | None = None

    @property
    def dataset(self) -> str:
        """The product that the rows are of."""
        return Slot.parse(self.slot).dataset

    def days(self, now: datetime) -> int:
        """Give for how many whole days rows of the slot lie aside."""
        return (now - self.since).days


@dataclass(frozen=True)
class RejectedRow:
    """A rejected row: where it stood in the source, why it was rejected, and what the rules saw."""

    document: str
    line: str
    reasons: tuple[str, ...]
    looked_at: tuple[tuple[str, str | None], ...]


def set_aside(ledger: Ledger, datasets: Sequence[str], *, older: bool = False) -> Iterator[SetAside]:
    """Give the batches with rejected rows, newest day first: of each slot the newest refined version, or all versions."""
    slots = [slot for dataset in datasets for slot in ledger.slots(dataset)]
    for slot in sorted(slots, key=lambda slot: slot.day, reverse=True):
        yield from _of_slot(ledger, slot, older=older)


def rejected_of(ledger: Ledger, row: BatchRow) -> Refined | None:
    """Give what refining the batch rejected; None if it rejected nothing or was not refined."""
    refined = ledger.remembered(row.batch.id, "refine", Refined)
    return refined if refined and refined.rejected else None


def looked_at(
    contract: Contract, rows: Sequence[Row], reason: str | None = None, *, reveal: bool = False
) -> Iterator[RejectedRow]:
    """Give the rows in the order of their documents, those with one reason where one is named.

    Personal values are masked unless `reveal` says that they may be seen.
    """
    paths = _paths_by_code(contract)
    hidden = {field.path for field in contract.fields if field.name in contract.personal and not reveal}
    for row in sorted(rows, key=lambda row: (row.get(DOCUMENT) or "", int(row[LINE] or 0))):
        reasons = tuple((row[REASONS] or "").split(";"))
        if reason is None or reason in reasons:
            names = dict.fromkeys(name for code in reasons for name in paths.get(code, ()))
            seen = tuple((name, _shown(row.get(name), masked=name in hidden)) for name in names)
            yield RejectedRow(row.get(DOCUMENT) or "", row[LINE] or "", reasons, seen)


def _of_slot(ledger: Ledger, slot: Slot, *, older: bool) -> Iterator[SetAside]:
    found = [each for row in ledger.history(slot) if (each := _of_version(ledger, row)) is not None]
    since: datetime | None = None
    told: list[SetAside] = []
    for each in found:
        since = (since or each.since) if each.rows else None
        told.append(replace(each, since=since or each.since))
    chosen = reversed(told) if older else told[-1:]
    yield from (each for each in chosen if each.rows)


def _of_version(ledger: Ledger, row: BatchRow) -> SetAside | None:
    """Give what a version set aside, be it nothing; None of one that was never refined."""
    slot, version, batch = row.batch.slot.id, row.batch.version, row.batch.id
    if row.state is State.QUARANTINED:
        rows = sum(
            each.rows for each in ledger.objects(row.batch.slot) if each.object_id in row.batch.object_ids
        )
        return SetAside(slot, version, batch, rows, (("OTHER_RECORDS", rows),), row.changed_at, row.note)
    done = {step.step: step.finished_at for step in ledger.steps(batch)}
    refined = ledger.remembered(batch, "refine", Refined)
    if refined is None or "refine" not in done:
        return None
    return SetAside(slot, version, batch, refined.counts.rejected, refined.reasons, done["refine"])


def _shown(value: str | None, *, masked: bool) -> str | None:
    return MASK if masked and value else value


def _paths_by_code(contract: Contract) -> Mapping[str, tuple[str, ...]]:
    """Give the columns of the records that each code is about."""
    paths = {field.name: field.path for field in contract.fields}
    found = {code: (field.path,) for field in contract.fields for code in field_codes(field)}
    found |= {rule.code: _named(rule.sql, paths) for rule in contract.rules}
    for foreign in contract.foreign_keys:
        found[foreign.code] = tuple(dict.fromkeys(paths[name] for name in foreign.columns))
    return found


def _named(sql: str, paths: Mapping[str, str]) -> tuple[str, ...]:
    columns = (column.name for column in parse_one(sql).find_all(exp.Column))
    return tuple(dict.fromkeys(paths[name] for name in columns if name in paths))
