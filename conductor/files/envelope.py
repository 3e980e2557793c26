"""What a file is and what it is packed in, told by its name and proved by its first bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from conductor.contracts.file_format import Compression, FileFormat, Format, Limits
from conductor.files.diagnosis import Refusal, Unacceptable

STEP = 1 << 20
"""Bytes that are looked at at once."""
GRACE = 10_000_000
"""Unpacked bytes below which no ratio is asked for: so few harm nobody."""
PACKED = {".gz": Compression.GZIP, ".gzip": Compression.GZIP, ".zip": Compression.ZIP}
NAMED = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".txt": Format.CSV,
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".json": Format.JSON,
    ".parquet": Format.PARQUET,
    ".xlsx": Format.XLSX,
}
GZIP, ZIP, PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"


@dataclass(frozen=True)
class Envelope:
    """What a file is, and what it is packed in."""

    format: Format
    compression: Compression


def envelope(file: Path, said: FileFormat) -> Envelope:
    """Tell what a file is; one that is no file of the contract is `Unacceptable`."""
    with file.open("rb") as opened:
        start = opened.read(4)
    if not start:
        raise Unacceptable(
            Refusal.EMPTY_FILE, "the file has no bytes", "ask the sender to send the file again"
        )
    compression = _compression(file, start)
    name = Path(file.stem) if file.suffix.lower() in PACKED else file
    found = NAMED.get(name.suffix.lower()) or (said.formats[0] if len(said.formats) == 1 else None)
    if compression is Compression.NONE:
        _prove(found, start)
    if found is None or found not in said.formats:
        takes = ", ".join(said.formats)
        raise Unacceptable(
            Refusal.WRONG_FORMAT,
            f"it is {found or 'of no format that its name tells'}, and the contract takes {takes}",
            f"ask the sender for {takes}, or add the format to `formats` of the contract",
        )
    if compression not in said.compressions:
        raise Unacceptable(
            Refusal.WRONG_COMPRESSION,
            f"its compression is {compression}, and the contract takes {', '.join(said.compressions)}",
            "ask the sender, or add it to `compressions` of the contract",
        )
    return Envelope(found, compression)


def _compression(file: Path, start: bytes) -> Compression:
    named = PACKED.get(file.suffix.lower(), Compression.NONE)
    found = Compression.NONE
    if start.startswith(GZIP):
        found = Compression.GZIP
    elif start == ZIP and file.suffix.lower() != ".xlsx":
        found = Compression.ZIP
    if named is not Compression.NONE and found is not named:
        raise Unacceptable(
            Refusal.WRONG_COMPRESSION,
            f"its name says {named}, and its first bytes do not",
            "ask the sender to send the file again",
        )
    return found


def _prove(found: Format | None, start: bytes) -> None:
    """Compare the name with what binary formats begin with."""
    begins = {Format.PARQUET: start == PARQUET, Format.XLSX: start == ZIP}
    if found is not None and (not begins[found] if found in begins else any(begins.values())):
        raise Unacceptable(
            Refusal.WRONG_FORMAT,
            f"its name says {found}, and its first bytes do not",
            "ask the sender to send the file again",
        )


def unpacked(file: IO[bytes], compression: Compression, limits: Limits) -> Iterator[bytes]:
    """Give the bytes of a file as it was before it was packed with gzip, never more than the limits allow."""
    given = 0
    for chunk in _gunzip(file) if compression is Compression.GZIP else iter(lambda: file.read(STEP), b""):
        given += len(chunk)
        check_growth(given, file.tell(), limits)
        yield chunk


def check_growth(given: int, read: int, limits: Limits) -> None:
    """Refuse what grows beyond the limits: `given` bytes came out of `read`."""
    if given > limits.bytes:
        raise Unacceptable(
            Refusal.TOO_LARGE,
            f"it has more than {limits.bytes:,} bytes",
            "ask the sender for several files, or raise `limits.bytes` of the contract",
        )
    if given > GRACE and given > limits.ratio * read:
        raise Unacceptable(
            Refusal.BOMB,
            f"it grows to more than {limits.ratio} times its size when it is unpacked",
            "ask the sender what it is; raise `limits.ratio` of the contract if it is in order",
        )


def _gunzip(file: IO[bytes]) -> Iterator[bytes]:
    """Give what gzip packed; several members stand one behind the other."""
    engine = zlib.decompressobj(wbits=31)
    try:
        while data := file.read(STEP // 16):
            while True:
                piece = engine.decompress(data, STEP)
                if piece:
                    yield piece
                if engine.eof:
                    data = engine.unused_data or file.read(STEP // 16)
                    if not data:
                        return
                    engine = zlib.decompressobj(wbits=31)
                    continue
                data = engine.unconsumed_tail
                if not data and len(piece) < STEP:
                    break
    except zlib.error:
        raise Unacceptable(
            Refusal.CORRUPT,
            "what is packed in it is damaged",
            "ask the sender to send the file again",
            f"byte {file.tell()}",
        ) from None
    raise Unacceptable(
        Refusal.CUT_OFF,
        "it ends before what is packed in it does",
        "ask the sender to send the file again",
        f"byte {file.tell()}",
    )
