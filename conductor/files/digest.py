"""What identifies the rows of a file, whatever they came in.

Rows are digested as the plainest CSV that says the same: the contract's columns in its order, its delimiter, LF behind rows,
and quotes only around a value that holds one of these or a quote. So a file's own bytes are brought to that without taking it
apart.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import polars as pl


def canonical_order(columns: Sequence[str], delivered: Sequence[str]) -> tuple[str, ...]:
    """Give the columns as they are digested: those that the contract reads, in its order, then others by name."""
    own = [name for name in delivered if name in columns]
    return (*own, *sorted(set(columns) - set(own)))


def canonical_text(rows: pl.DataFrame, delimiter: str) -> bytes:
    """Give the text of rows; an empty value and none are the same."""
    text = io.BytesIO()
    told = rows.select(pl.when(pl.col(name) != "").then(pl.col(name)) for name in rows.columns)
    told.write_csv(text, include_header=False, separator=delimiter, quote_style="necessary")
    return text.getvalue()


def digest_of(columns: Sequence[str], sound: bytes, aside: bytes) -> str:
    """Give the digest of a file from its columns and two SHA-256: of the text of its rows, and of those that were set aside."""
    names = pl.DataFrame({"name": sorted(columns)})
    return hashlib.sha256(canonical_text(names, ",") + sound + aside).hexdigest()
