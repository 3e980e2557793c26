"""Records as every reader writes them: Parquet, all text, with where each row stood."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from conductor.contracts.file_format import FileFormat
from conductor.contracts.model import FAULT
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.files.digest import canonical_order, canonical_text, digest_of
from conductor.records import LINE, SOURCE

OWN = (LINE, SOURCE, FAULT)


def check_rows(rows: int, said: FileFormat) -> None:
    """Refuse more rows than the contract takes."""
    if rows > said.limits.rows:
        raise Unacceptable(
            Refusal.TOO_MANY_ROWS,
            f"it has more than {said.limits.rows:,} rows",
            "ask the sender for several files, or raise `limits.rows` of the contract",
        )


class RecordsWriter:
    """Write rows as they come, in flat memory, and digest what they say.

    `_line` is where a row stood: the physical line, or the number of the record where a format has no lines. `_fault`
    says why a row could not be taken apart, and `_source` holds it as it came; both are empty for any other row.
    """

    def __init__(self, path: Path, columns: Sequence[str], delivered: Sequence[str], delimiter: str) -> None:
        self.columns = tuple(columns)
        self.rows = 0
        self._told, self._delimiter = canonical_order(columns, delivered), delimiter
        self._schema = pa.schema([(name, pa.large_string()) for name in (*self.columns, *OWN)])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", compression_level=1)
        self._sound, self._aside = hashlib.sha256(), hashlib.sha256()

    def __enter__(self) -> RecordsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    @property
    def sha256(self) -> str:
        """Digest of all rows so far: of the values under their names, whatever order the columns stand in, and not of
        the places. An empty text and none are the same.
        """
        return digest_of(self.columns, self._sound.digest(), self._aside.digest())

    def add(self, rows: pl.DataFrame, lines: pl.Series) -> None:
        """Write rows that could be taken apart: a text column for each of the file's, and their lines as numbers."""
        nothing = pl.lit(None, pl.String)
        self._sound.update(canonical_text(rows.select(self._told), self._delimiter))
        self._write(
            rows.with_columns(lines.cast(pl.String).alias(LINE), nothing.alias(SOURCE), nothing.alias(FAULT))
        )

    def set_aside(self, fault: str, sources: Sequence[str], lines: Sequence[int]) -> None:
        """Write rows that could not be taken apart, as they came."""
        frame = pl.DataFrame(
            {LINE: list(map(str, lines)), SOURCE: list(sources), FAULT: [fault] * len(sources)},
            schema=dict.fromkeys(OWN, pl.String),
        )
        self._aside.update(canonical_text(frame.select(SOURCE, FAULT), self._delimiter))
        self._write(frame.with_columns(pl.lit(None, pl.String).alias(name) for name in self.columns))

    def _write(self, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        ordered = rows.select(*self.columns, *OWN)
        self._writer.write_table(ordered.to_arrow(compat_level=pl.CompatLevel.oldest()))
        self.rows += len(rows)
