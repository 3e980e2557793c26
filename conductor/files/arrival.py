"""One dropped file: held against its contract byte by byte, then taken apart into records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conductor.contracts.file_format import Compression, FileFormat, Format
from conductor.contracts.model import Contract
from conductor.errors import FixTheConfiguration
from conductor.files.csv_reader import read_csv
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.files.envelope import Envelope, envelope, unpacked
from conductor.files.proof import Claim, check_claim, read_sidecar
from conductor.files.records_writer import RecordsWriter
from conductor.files.text import utf8


@dataclass(frozen=True)
class Arrived:
    """The records of a file, all text, in Parquet; `rows` counts them, those that could not be taken apart too.

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
    records = scratch / "records.parquet"
    try:
        found = envelope(file, said)
        beside = read_sidecar(file, said)
        writer, inside = _read(file, found, contract, said, records)
        for claimed in (beside, inside):
            check_claim(claimed, records, writer.rows, said)
        if not (writer.rows or contract.empty_day_allowed):
            raise Unacceptable(
                Refusal.NO_ROWS,
                "it has a header and no rows, and a day of this product is never empty",
                "ask the sender; set `emptyDayAllowed` in the contract if it is in order",
            )
    except Unacceptable as refusal:
        raise refusal.of(file.name) from None
    return Arrived(
        records=records,
        rows=writer.rows,
        canonical_sha256=writer.sha256,
        format=found.format,
        compression=found.compression,
        columns=writer.columns,
        size=file.stat().st_size,
    )


def _read(
    file: Path, found: Envelope, contract: Contract, said: FileFormat, records: Path
) -> tuple[RecordsWriter, Claim | None]:
    with file.open("rb") as opened:
        text = utf8(unpacked(opened, found.compression, said.limits), said.encoding)
        return read_csv(text, contract, said, records, records.parent)
