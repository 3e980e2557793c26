"""JSON objects as rows: every leaf a text under its dotted path, numbers as the characters that the sender wrote."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import polars as pl

from conductor.contracts.file_format import FileFormat
from conductor.contracts.model import Contract
from conductor.files.records_writer import RecordsWriter, check_rows
from conductor.records import ROWS_PER_GROUP, Document, Json, Row, leaves

BAD_JSON, DUPLICATE_KEY, UNKNOWN_KEY, BAD_TEXT = "BAD_JSON", "DUPLICATE_KEY", "UNKNOWN_KEY", "BAD_TEXT"
EXTRA = "_extra"
"""Column for keys that the contract does not name, where it lets them be: their leaves as one JSON object."""


class Decoder:
    """Reads JSON without losing anything of it: numbers stay text, and a key that stands twice is noticed."""

    def __init__(self) -> None:
        self.doubled = False
        self._json = json.JSONDecoder(
            object_pairs_hook=self._pairs,
            parse_float=cast(Any, str),
            parse_int=cast(Any, str),
            parse_constant=_refuse,
        )

    def decode(self, text: str, start: int = 0) -> tuple[Json, int]:
        """Give the value that begins at a place, and where it ends. ValueError for what is no JSON, and for what is
        nested so deeply that only an attack is.
        """
        self.doubled = False
        try:
            return self._json.raw_decode(text, start)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def _pairs(self, pairs: list[tuple[str, Json]]) -> Document:
        found = dict(pairs)
        self.doubled = self.doubled or len(found) != len(pairs)
        return found


class JsonRows:
    """Gathers rows and writes them group by group."""

    def __init__(self, writer: RecordsWriter, contract: Contract, said: FileFormat) -> None:
        self._writer, self._said = writer, said
        self._wanted = frozenset(contract.delivered)
        self._rows, self._lines = list[Row](), list[int]()

    def add(self, value: Json, *, doubled: bool, source: str, line: int) -> None:
        """Take one value; what is no object with the keys of the contract is set aside as it came."""
        found: Sequence[tuple[str, str | None]] = ()
        fault = None if isinstance(value, dict) else BAD_JSON
        try:
            if isinstance(value, dict):
                found = list(leaves(value, ""))
                fault = self._fault(found, doubled=doubled)
        except RecursionError:
            fault = BAD_JSON
        if fault:
            self.set_aside(fault, source, line)
            return
        self._rows.append(self._row(dict(found)))
        self._lines.append(line)
        if len(self._rows) >= ROWS_PER_GROUP:
            self.flush()

    def set_aside(self, fault: str, source: str, line: int) -> None:
        """Write one row as it came."""
        self.flush()
        self._writer.set_aside(fault, [source], [line])

    def flush(self) -> None:
        """Write what was gathered."""
        columns = {name: [row.get(name) for row in self._rows] for name in self._writer.columns}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(self._writer.columns, pl.String))
        self._writer.add(frame, pl.Series(self._lines, dtype=pl.Int64))
        self._rows, self._lines = [], []
        check_rows(self._writer.rows, self._said)

    def _fault(self, found: Sequence[tuple[str, str | None]], *, doubled: bool) -> str | None:
        names = Counter(name for name, _ in found)
        if doubled or len(names) != len(found):
            return DUPLICATE_KEY
        if not all(map(_storable, (text for pair in found for text in pair))):
            return BAD_TEXT
        return None if self._said.extra_columns or names.keys() <= self._wanted else UNKNOWN_KEY

    def _row(self, found: Row) -> Row:
        extra = {name: found[name] for name in sorted(found.keys() - self._wanted)}
        return found | {EXTRA: json.dumps(extra, ensure_ascii=False)} if extra else found


def json_columns(contract: Contract, said: FileFormat) -> tuple[str, ...]:
    """Give the columns of the records of JSON."""
    return (*contract.delivered, EXTRA) if said.extra_columns else contract.delivered


def _storable(text: str | None) -> bool:
    """Tell whether a text can be stored anywhere: escapes can write NUL and halves of characters."""
    return text is None or ("\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text))


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is not JSON")
