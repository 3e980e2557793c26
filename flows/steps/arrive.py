"""Take a dropped file."""

from __future__ import annotations

from pathlib import Path

from conductor import files
from conductor.errors import FixTheConfiguration, FixTheData
from conductor.files.aside import put_aside
from conductor.raw.copies import sha256_of
from conductor.values import Extract, LocalPart
from flows.steps.step import step
from flows.steps.turn import Turn

PACKED = {"none": "", "gzip": ".gz", "zip": ".zip"}


@step(Extract)
def arrive(turn: Turn, file: Path) -> Extract:
    """Hold the file against the contract byte by byte and take it apart into records.

    A file that can't be trusted goes to the errors zone with a diagnosis, and is `FixTheData`. Repeats: the same content is the
    same extract, whatever the file is called and however it is packed.
    """
    contract, workspace = turn.product.contract, turn.workspace
    if not file.is_file():
        raise FixTheConfiguration(f"there is no file {file}", next_command="conductor run --help")
    sha256 = sha256_of(file)
    try:
        arrived = files.arrive(file, contract, turn.scratch / "arrived")
    except files.Refused as refused:
        kept = put_aside(workspace.lake, turn.slot, file, sha256, refused.diagnosis)
        raise FixTheData(
            f"{refused.sentence}. Nothing of it was taken; it is kept with its diagnosis, {kept}",
            next_command=refused.next_command,
        ) from refused
    # Landing compares the checksum once more: a file that was still being written is not taken for a whole one.
    original = LocalPart(
        name=f"file.{arrived.format}{PACKED[arrived.compression]}",
        path=str(file.absolute()),
        size=arrived.size,
        sha256=sha256,
    )
    records = original if arrived.plain else _records(arrived.records)
    return Extract(
        slot=turn.slot,
        source=contract.source,
        request=f"file {file.name}",
        parts=(original,),
        records=records,
        rows=arrived.rows,
        documents=arrived.rows,
        canonical_sha256=arrived.canonical_sha256,
        as_of=workspace.now(),
        plain=arrived.plain,
    )


def _records(path: Path) -> LocalPart:
    return LocalPart(name="records.parquet", path=str(path), size=path.stat().st_size, sha256=sha256_of(path))
