"""XLSX as it comes: one sheet of plain cells, its header in the first row."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import TypeAlias

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from conductor.files.columns import check_names
from conductor.files.confined import Done, Job
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.files.envelope import STEP, check_growth
from conductor.files.records_writer import RecordsWriter, check_rows
from conductor.records import ROWS_PER_GROUP

Cells: TypeAlias = "list[str | None]"
WRONG_FIELD_COUNT = "WRONG_FIELD_COUNT"
FORMULA, ERROR = re.compile(rb"<(\w+:)?f[ />]"), re.compile(rb"<(\w+:)?c [^>]*\bt=\"e\"")
EXACT = 2**53
"""Whole numbers up to here are exact in a workbook, which keeps all numbers as floats."""


def read(job: Job) -> Done:
    """Write the records of a sheet; `_line` is its row. What a cell shows but does not hold is refused: formulas, whose
    values are only what some program last made of them, errors, and merged cells.
    """
    _check_parts(job)
    rows = _rows(job)
    header = _trimmed(next(rows, []))
    names = [name or "" for name in header]
    check_names(names, job.delivered, job.said, "row 1")
    with RecordsWriter(job.to, names, job.delivered, job.said.delimiter) as writer:
        _write(rows, len(names), writer, job)
    return Done(columns=writer.columns, rows=writer.rows, sha256=writer.sha256)


def _check_parts(job: Job) -> None:
    """Look at the bytes of all sheets, as a stream, before a parser believes in them."""
    try:
        with zipfile.ZipFile(job.file) as book:
            given = 0
            for part in book.infolist():
                tail, sheet = b"", part.filename.startswith("xl/worksheets/")
                with book.open(part) as opened:
                    while chunk := opened.read(STEP):
                        given += len(chunk)
                        check_growth(given, job.file.stat().st_size, job.said.limits)
                        if sheet:
                            _check_cells(tail + chunk)
                        tail = chunk[-200:]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise _corrupt() from None


def _check_cells(text: bytes) -> None:
    for pattern, code, sentence in (
        (
            FORMULA,
            Refusal.FORMULAS,
            "it has formulas, and their values are only what some program last made of them",
        ),
        (ERROR, Refusal.CELL_ERRORS, "it has cells that show an error"),
    ):
        if pattern.search(text):
            raise Unacceptable(code, sentence, "ask the sender to paste the values and save the file again")


def _rows(job: Job) -> Iterator[Cells]:
    """Give the cells of all rows as texts, from the first row of the sheet on."""
    try:
        with CalamineWorkbook.from_path(job.file) as book:
            sheet = book.get_sheet_by_name(_sheet(book.sheet_names, job))
            merged, rows = sheet.merged_cell_ranges, sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError):
        raise _corrupt() from None
    if merged:
        raise Unacceptable(
            Refusal.MERGED_CELLS, "it has merged cells", "ask the sender for one value in each cell"
        )
    for row in rows:
        yield [_text(cell) for cell in row]


def _sheet(names: list[str], job: Job) -> str:
    wanted = job.said.sheet or (names[0] if len(names) == 1 else None)
    if wanted is None or wanted not in names:
        sentence = f"it has {len(names)} sheets, and " + (
            f"none is called {wanted!r}" if wanted else "the contract names none"
        )
        raise Unacceptable(Refusal.NO_SHEET, sentence, "ask the sender, or name the `sheet` in the contract")
    return wanted


def _write(rows: Iterator[Cells], width: int, writer: RecordsWriter, job: Job) -> None:
    good, lines = list[Cells](), list[int]()

    def flush() -> None:
        frame = pl.DataFrame(good, schema=dict.fromkeys(writer.columns, pl.String), orient="row")
        writer.add(frame, pl.Series(lines, dtype=pl.Int64))
        good.clear()
        lines.clear()
        check_rows(writer.rows, job.said)

    for line, cells in enumerate(rows, start=2):
        found = _trimmed(cells)
        if len(found) > width:
            writer.set_aside(WRONG_FIELD_COUNT, [json.dumps(found, ensure_ascii=False)], [line])
        elif found:
            good.append([*found, *[None] * (width - len(found))])
            lines.append(line)
        if len(good) >= ROWS_PER_GROUP:
            flush()
    flush()


def _trimmed(cells: Cells) -> Cells:
    """Give the cells up to the last one that holds something."""
    last = max((n for n, cell in enumerate(cells, start=1) if cell), default=0)
    return cells[:last]


def _text(cell: object) -> str | None:
    """Give a cell as text. A number with a fraction is the shortest text that means it."""
    match cell:
        case None | "":
            return None
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) <= EXACT:
            return str(int(cell))
        case datetime() | date():
            return cell.isoformat()
        case _:
            return str(cell)


def _corrupt() -> Unacceptable:
    return Unacceptable(
        Refusal.CORRUPT, "it is no workbook that can be read", "ask the sender to send the file again"
    )
