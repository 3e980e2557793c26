"""A correction of rejected rows by a person, as an extract that is landed like any other."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from conductor.contracts.model import FAULT
from conductor.engines.row_text import OWN, row_text
from conductor.errors import FixTheConfiguration, FixTheData
from conductor.quality import quarantine
from conductor.quality.corrected_file import read_corrected
from conductor.quality.masked import MASK
from conductor.records import CORRECTS, DOCUMENT, LINE, Row
from conductor.stores.protocol import Store
from conductor.values import Extract, Landed, LocalPart, Refined

IDENTITY = ("_object", DOCUMENT, LINE)
"""Columns by which a mended row is found among the rejected ones, as far as both have them."""


@dataclass(frozen=True)
class Edit:
    """What a person wants changed, who that is, and why.

    Either `file` holds the mended rows (CSV as exported, JSON or Parquet), or `assignments` are set in the rows
    that have all values of `where`. An empty text is no value.
    """

    by: str
    reason: str
    file: Path | None = None
    assignments: Mapping[str, str] = field(default_factory=dict[str, str])
    where: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Change:
    """A rejected row and what it becomes."""

    old: Row
    new: Row

    @property
    def changes(self) -> bool:
        """Whether the two differ in what a row is, not only in where it came from."""
        return row_text(self.old) != row_text(self.new)

    @property
    def record(self) -> Row:
        """The new row as a record that names the old one; a person has taken it apart, whatever a reader could not."""
        kept = {name: value for name, value in self.new.items() if name not in (*OWN, FAULT)}
        return kept | {LINE: self.new[LINE], CORRECTS: row_text(self.old)}


def extract(
    store: Store, refined: Refined, base: Landed, edit: Edit, folder: Path, as_of: datetime
) -> Extract:
    """Make an extract of the rows that the edit really changes; its files are written into `folder`.

    Each row names in `_corrects`, by its text, the row that it replaces; `corrects` names the object `base`.
    `FixTheData` where the edit names rows or columns that are not there, or changes nothing.
    """
    if not (edit.by.strip() and edit.reason.strip()):
        raise FixTheConfiguration(
            "a correction says who makes it and why", next_command="conductor replay --help"
        )
    rejected = _rejected(store, refined)
    named = _from_file(rejected, edit.file) if edit.file else _assigned(rejected, edit)
    changes = [change for change in named if change.changes]
    _refuse_unclear(rejected, changes)
    records = sorted((change.record for change in changes), key=_content)
    folder.mkdir(parents=True, exist_ok=True)
    return Extract(
        slot=refined.batch.slot,
        source=f"correction:{base.source}",
        request=f"correction of batch {refined.batch.id} by {edit.by.strip()}: {edit.reason.strip()}",
        parts=(_original(edit, folder),),
        records=_records(records, folder / "records.parquet"),
        rows=len(records),
        documents=len({row.get(DOCUMENT) for row in records}),
        canonical_sha256=sha256(json.dumps([_content(row) for row in records]).encode()).hexdigest(),
        as_of=as_of,
        corrects=base.object_id,
    )


def _rejected(store: Store, refined: Refined) -> list[Row]:
    if refined.rejected is None:
        raise FixTheData(
            f"batch {refined.batch.id} has no rejected rows", next_command="conductor quarantine list"
        )
    return quarantine.rows(store, refined.rejected.key, refined.rejected.version_id).to_dicts()


def _assigned(rejected: Sequence[Row], edit: Edit) -> list[Change]:
    known = rejected[0].keys()
    _require(edit.where, known)
    _require(edit.assignments, {name for name in known if not name.startswith("_")})
    chosen = [
        row for row in rejected if all((row[name] or "") == value for name, value in edit.where.items())
    ]
    if not chosen:
        raise FixTheData(f"no rejected row has all the values asked for of {', '.join(edit.where)}")
    return [_changed(row, edit.assignments) for row in chosen]


def _from_file(rejected: Sequence[Row], file: Path) -> list[Change]:
    """Find the rejected row of each mended one; columns that the file leaves out stay as they are."""
    mended, known = read_corrected(file), rejected[0].keys()
    _require(mended[0], known)
    by = [name for name in IDENTITY if name in known and name in mended[0]]
    if LINE not in by:
        raise FixTheData(f"{file.name} does not say in {LINE} which rows it mends")
    there: dict[str, list[Row]] = {}
    for row in rejected:
        there.setdefault(_told(row, by), []).append(row)
    changes: list[Change] = []
    for row in mended:
        found = there.pop(_told(row, by), [])
        if len(found) != 1:
            why = (
                f"stands for {len(found)} rejected rows" if found else "is no rejected row, or is named twice"
            )
            raise FixTheData(f"{file.name}: {_told(row, by)} {why}")
        values = {name: value for name, value in row.items() if not name.startswith("_")}
        changes.append(_changed(found[0], values))
    return changes


def _changed(old: Row, values: Mapping[str, str | None]) -> Change:
    """Set values in a row. One that is masked stays as it is, and where both are empty, the row keeps its own emptiness."""
    said = {name: new for name, new in values.items() if new != MASK}
    return Change(
        old, old | {name: new or None for name, new in said.items() if (new or "") != (old[name] or "")}
    )


def _refuse_unclear(rejected: Sequence[Row], changes: Sequence[Change]) -> None:
    """Refuse a correction of nothing, and one of a row with twins: by its content it would replace them all."""
    if not changes:
        raise FixTheData("the correction differs in nothing from the rejected rows")
    corrected = [id(change.old) for change in changes]
    texts = {row_text(change.old) for change in changes}
    twins = [row for row in rejected if id(row) not in corrected and row_text(row) in texts]
    if twins:
        raise FixTheData(
            f"{_told(twins[0], IDENTITY)} has the same content as a corrected row: correct it too"
        )


def _require(named: Collection[str], known: Collection[str]) -> None:
    if unknown := sorted(set(named) - set(known)):
        raise FixTheData(f"{unknown[0]!r} is no column of the rejected rows that can be used here")


def _told(row: Row, by: Sequence[str]) -> str:
    return ", ".join(f"{name}={row[name]}" for name in by if name in row)


def _content(row: Row) -> tuple[str, str | None]:
    return row_text(row), row[CORRECTS]


def _original(edit: Edit, folder: Path) -> LocalPart:
    """Keep what the person gave: the file as it is, or the edit in writing."""
    if edit.file:
        return _part(folder / f"correction{edit.file.suffix.lower()}", edit.file.read_bytes())
    said = {"set": dict(edit.assignments), "where": dict(edit.where), "by": edit.by, "reason": edit.reason}
    text = json.dumps(said, sort_keys=True, indent=2, ensure_ascii=False)
    return _part(folder / "correction.json", text.encode())


def _records(rows: Sequence[Row], path: Path) -> LocalPart:
    schema = pa.schema([(name, pa.string()) for name in sorted(rows[0])])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    return _part(path, sink.getvalue().to_pybytes())


def _part(path: Path, data: bytes) -> LocalPart:
    path.write_bytes(data)
    return LocalPart(name=path.name, path=str(path), size=len(data), sha256=sha256(data).hexdigest())
