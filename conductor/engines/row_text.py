"""The text that identifies a row of records by its content, so that a correction can name the row it
replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from conductor.records import CORRECTS, LINE

SEPARATOR = "\x1f"
OWN = frozenset({LINE, CORRECTS, "_object", "_reasons", "_contract_version", "_owner", "_batch"})
"""Columns that say where a row came from or went to, not what it is."""


def row_text(row: Mapping[str, str | None]) -> str:
    """Give `name=value` of all columns with a value, in order of name. An absent column and an empty one are
    the same.
    """
    return SEPARATOR.join(f"{name}={row[name]}" for name in sorted(row.keys() - OWN) if row[name] is not None)


def row_text_expression(columns: Iterable[str], prefix: str = "") -> pl.Expr:
    """Give the same for a frame with these text columns, their names in the frame behind `prefix`."""
    parts = [pl.lit(f"{name}=") + pl.col(prefix + name) for name in sorted(set(columns) - OWN)]
    return pl.concat_str(parts, separator=SEPARATOR, ignore_nulls=True)
