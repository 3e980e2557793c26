"""One dropped file: held against its contract byte by byte, then taken apart into records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from conductor.contracts.file_format import Compression, FileFormat, Format
from conductor.contracts.model import Contract
from conductor.errors import FixTheConfiguration
from conductor.files.confined import Done, Job, Task, confined
from conductor.files.csv_reader import read_csv
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.files.envelope import NAMED, Envelope, envelope, unpacked
from conductor.files.json_reader import read_json
from conductor.files.plain_csv import read_plain
from conductor.files.proof import Claim, check_claim, read_sidecar
from conductor.files.text import utf8
from conductor.plain_records import scan_plain
from conductor.values import PlainText

PLAIN = Envelope(Format.CSV, Compression.NONE)


@dataclass(frozen=True)
class Arrived:
    """The records of a file, all text; `rows` counts them, those that could not be taken apart too.

    They are in Parquet or, where `plain` says how to read it, the file itself.

    `canonical_sha256` is over what the rows say, so packing, encoding, line ends, quoting and the order of columns do
    not change it. `size` is the file's own, in bytes.
    """

    records: Path
    rows: int
    canonical_sha256: str
    format: Format
    compression: Compression
    columns: tuple[str, ...]
    size: int
    plain: PlainText | None = None


def arrive(file: Path, contract: Contract, scratch: Path) -> Arrived:
    """Make the records of a dropped file in the folder `scratch`, in flat memory.

    A file that can't be trusted is `Refused`, with a diagnosis; a row that can't be taken apart is set aside as it
    came. `FixTheConfiguration` for a product that takes no files.
    """
    said = contract.file_format
    if said is None:
        raise FixTheConfiguration(
            f"{contract.dataset} takes no files: its contract has no `fileFormat`",
            next_command=f"conductor contract check {contract.dataset}",
        )
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        return _arrived(file, contract, said, scratch)
    except Unacceptable as refusal:
        raise refusal.of(file.name) from None


def _arrived(file: Path, contract: Contract, said: FileFormat, scratch: Path) -> Arrived:
    records = scratch / "records.parquet"
    outer = envelope(file, said)
    beside = read_sidecar(file, said)
    inner, plain = _unwrapped(file, outer, said, scratch)
    own = read_plain(file, contract, said) if outer == PLAIN else None
    done, inside = (own.done, None) if own else _read(plain, inner, contract, said, records)
    rows = scan_plain(file, own.text) if own else pl.scan_parquet(records, hive_partitioning=False)
    for claimed in (beside, inside):
        check_claim(claimed, rows, done.rows, said)
    if not (done.rows or contract.empty_day_allowed):
        raise Unacceptable(
            Refusal.NO_ROWS,
            "it has no rows, and a day of this product is never empty",
            "ask the sender; set `emptyDayAllowed` in the contract if it is in order",
        )
    return Arrived(
        records=file if own else records,
        rows=done.rows,
        canonical_sha256=done.sha256,
        format=inner.format,
        compression=outer.compression,
        columns=done.columns,
        size=file.stat().st_size,
        plain=own.text if own else None,
    )


def _unwrapped(file: Path, outer: Envelope, said: FileFormat, scratch: Path) -> tuple[Envelope, Path]:
    """Give the file that lies in an archive, and what it is; text that gzip packed is unpacked while it is read."""
    if outer.compression is Compression.ZIP:
        plain = scratch / "unpacked"
        name = confined(Job(task=Task.UNZIP, file=file, to=plain, said=said), scratch).name
        suffix = Path(name).suffix.lower() if Path(name).suffix.lower() in NAMED else ""
        inner = plain.rename(scratch / f"unpacked{suffix}")
        return envelope(inner, replace(said, compressions=(Compression.NONE,))), inner
    if outer.compression is Compression.GZIP and outer.format in (Format.PARQUET, Format.XLSX):
        plain = scratch / f"unpacked.{outer.format}"
        with file.open("rb") as packed, plain.open("wb") as opened:
            opened.writelines(unpacked(packed, outer.compression, said.limits))
        return envelope(plain, replace(said, compressions=(Compression.NONE,))), plain
    return outer, file


def _read(
    file: Path, found: Envelope, contract: Contract, said: FileFormat, records: Path
) -> tuple[Done, Claim | None]:
    if found.format in (Format.PARQUET, Format.XLSX):
        task = Task(found.format.value)
        job = Job(task=task, file=file, to=records, said=said, delivered=contract.delivered)
        return confined(job, records.parent), None
    with file.open("rb") as opened:
        text = utf8(unpacked(opened, found.compression, said.limits), said.encoding)
        if found.format is Format.CSV:
            writer, inside = read_csv(text, contract, said, records, records.parent)
        else:
            writer, inside = read_json(text, found.format, contract, said, records), None
    return Done(columns=writer.columns, rows=writer.rows, sha256=writer.sha256), inside
