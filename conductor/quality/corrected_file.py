"""Mended rows as people hand them in."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from conductor.errors import FixTheData
from conductor.quality import cells
from conductor.records import Json, Row, parse_json


def read_corrected(file: Path) -> list[Row]:
    """Read rows of text from CSV (comma or semicolon, as exported), JSON (a list of objects) or Parquet.

    `FixTheData` for another kind of file, for one that can't be read, and for one whose values aren't text.
    """
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise FixTheData(f"{file.name} is none of {', '.join(_READERS)}")
    try:
        rows = reader(file)
    except (ValueError, OSError, csv.Error, PolarsError) as error:
        raise FixTheData(f"{file.name} can't be read as {file.suffix} ({type(error).__name__})") from None
    if not rows or any(row.keys() != rows[0].keys() for row in rows):
        raise FixTheData(f"{file.name} has to hold rows, all with the same columns")
    return rows


def _csv(file: Path) -> list[Row]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        header = text.readline()
        text.seek(0)
        delimiter = ";" if header.count(";") > header.count(",") else ","
        names, *lines = list(csv.reader(text, delimiter=delimiter, strict=True)) or [[]]
    if len(set(names)) != len(names):
        raise FixTheData(f"{file.name} names a column twice")
    if ragged := next((n for n, line in enumerate(lines, start=2) if len(line) != len(names)), None):
        raise FixTheData(f"row {ragged} of {file.name} has more or fewer cells than there are columns")
    return [dict(zip(names, map(cells.verbatim, line), strict=True)) for line in lines]


def _json(file: Path) -> list[Row]:
    found = parse_json(file.read_bytes())
    if not isinstance(found, list):
        raise FixTheData(f"{file.name} has to be a list of rows")
    return [_texts(file, row) for row in found]


def _texts(file: Path, row: Json) -> Row:
    if not isinstance(row, dict):
        raise FixTheData(f"{file.name} has to be a list of rows")
    texts: Row = {}
    for name, value in row.items():
        if not isinstance(value, str | None):
            raise FixTheData(f"{file.name}: {name} holds something else than a text or a number")
        texts[name] = value
    return texts


def _parquet(file: Path) -> list[Row]:
    frame = pl.read_parquet(file, hive_partitioning=False)
    wrong = [name for name, dtype in frame.schema.items() if not isinstance(dtype, pl.String | pl.Null)]
    if wrong:
        raise FixTheData(f"{file.name}: the column {wrong[0]} is not text")
    return frame.to_dicts()


_READERS: Mapping[str, Callable[[Path], list[Row]]] = {".csv": _csv, ".json": _json, ".parquet": _parquet}
