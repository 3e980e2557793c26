"""CSV as it comes, taken apart into records."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from conductor.contracts.file_format import FileFormat
from conductor.contracts.model import Contract
from conductor.errors import StopAndCall
from conductor.files.columns import check_names, check_no_names
from conductor.files.csv_structure import RESEND, Rows, rows
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.files.proof import Claim, claim, no_trailer
from conductor.files.records_writer import RecordsWriter, check_rows

WRONG_FIELD_COUNT = "WRONG_FIELD_COUNT"
BLOCK = 4 << 20
"""Bytes that the parser takes at once, or the longest row where that is longer."""


@dataclass
class Sound:
    """The rows that have as many fields as the header, as a text of their own, and the lines they stood on."""

    text: Path
    lines: Path
    rows: int = 0
    spread: bool = False


class Tail:
    """The rows without the last one, which is the trailer."""

    def __init__(self, found: Iterable[Rows]) -> None:
        self._found = found
        self.last: Rows | None = None

    def __iter__(self) -> Iterator[Rows]:
        for block in self._found:
            if len(block.starts):
                if self.last:
                    yield self.last
                yield block.part(0, -1)
                self.last = block.part(-1)


def read_csv(
    chunks: Iterable[bytes], contract: Contract, said: FileFormat, to: Path, scratch: Path
) -> tuple[RecordsWriter, Claim | None]:
    """Write the records of a UTF-8 text into the file `to`; give the closed writer, which knows their number and
    digest, and what the trailer says.

    A row with another number of fields than the header is set aside as it came.
    """
    found = (block for block in rows(chunks, said) if len(block.starts))
    first = next(found, None)
    if first is None:
        raise Unacceptable(Refusal.EMPTY_FILE, "the file holds blank lines alone", RESEND)
    header = _header(first, contract, said)
    body = _body(first, found) if said.header else chain([first], found)
    tail = Tail(body)
    sound = Sound(scratch / "sound.csv", scratch / "lines.bin")
    with RecordsWriter(to, header, contract.delivered, said.delimiter) as writer:
        _part(tail if said.trailer else body, len(header), sound, writer, said)
        for table, lines in _parsed(sound, header, said):
            writer.add(table, lines)
    return writer, _trailer(tail, said)


def _header(first: Rows, contract: Contract, said: FileFormat) -> tuple[str, ...]:
    """Give the names of the columns: those of the first line, or of the contract where no line names them."""
    reader = csv.reader(
        [first.source(0)],
        delimiter=said.delimiter,
        quotechar=said.quote or None,
        quoting=csv.QUOTE_MINIMAL if said.quote else csv.QUOTE_NONE,
        strict=True,
    )
    names, place = tuple(next(reader)), f"line {first.lines[0]}"
    if said.header:
        check_names(names, contract.delivered, said, place)
        return names
    check_no_names(names, contract.delivered, place)
    return contract.delivered


def _body(first: Rows, others: Iterator[Rows]) -> Iterator[Rows]:
    """Give all rows but the header."""
    yield first.part(1)
    yield from others


def _trailer(tail: Tail, said: FileFormat) -> Claim | None:
    if said.trailer is None:
        return None
    if tail.last is None:
        raise no_trailer("the end")
    return claim(said.trailer, tail.last.source(0), no_trailer(f"line {tail.last.lines[0]}"))


def _part(found: Iterable[Rows], width: int, sound: Sound, writer: RecordsWriter, said: FileFormat) -> None:
    """Part the rows into those that are sound and those that are set aside."""
    with sound.text.open("wb") as text, sound.lines.open("wb") as lines:
        for block in found:
            good = block.fields == width
            text.writelines(block.where(good))
            lines.write(block.lines[good].astype(np.int64).tobytes())
            sound.rows += int(np.count_nonzero(good))
            sound.spread = sound.spread or block.spread
            bad = [int(n) for n in np.flatnonzero(~good)]
            writer.set_aside(
                WRONG_FIELD_COUNT, [block.source(n) for n in bad], [int(block.lines[n]) for n in bad]
            )
            check_rows(sound.rows + writer.rows, said)


def _parsed(
    sound: Sound, header: tuple[str, ...], said: FileFormat
) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    """Give what the parser makes of the sound rows, with their lines. It has to find as many rows as there are."""
    if not sound.rows:
        return
    reading = arrow_csv.ReadOptions(
        column_names=list(header), block_size=max(BLOCK, said.limits.row_bytes + 1)
    )
    parsing = arrow_csv.ParseOptions(
        delimiter=said.delimiter, quote_char=said.quote or False, newlines_in_values=sound.spread
    )
    # Every value stays the text that it is; an empty one is none.
    converting = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.large_string()),
        check_utf8=False,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    seen = 0
    with (
        arrow_csv.open_csv(sound.text, reading, parsing, converting) as parser,
        sound.lines.open("rb") as lines,
    ):
        for batch in parser:
            numbers = np.frombuffer(lines.read(8 * batch.num_rows), np.int64)
            seen += batch.num_rows
            if len(numbers) != batch.num_rows:
                break
            yield pl.DataFrame(batch), pl.Series(numbers)
    if seen != sound.rows:
        raise StopAndCall(f"a CSV parser finds {seen} rows where {sound.rows} stand")
