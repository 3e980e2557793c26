"""Rejected rows as people see them who need not see personal values."""

from __future__ import annotations

import polars as pl

from conductor.contracts.model import Contract
from conductor.engines.row_text import OWN
from conductor.records import CORRECTS, DOCUMENT

MASK = "•••"
"""Stands for a value that is there and not shown; handed in with a mended row it means: as it was."""
_OPEN = (OWN | {DOCUMENT, "_fault"}) - {CORRECTS}


def masked_columns(contract: Contract, columns: list[str]) -> frozenset[str]:
    """Give the columns of rejected rows that are masked: of a contract with personal fields all but those that it calls open.

    What it does not read nobody has classified; and the text of a row that could not be taken apart may hold anything.
    """
    personal = contract.personal
    if not personal:
        return frozenset()
    paths = {field.path for field in contract.fields} - {
        field.path for field in contract.fields if field.name in personal
    }
    return frozenset(name for name in columns if name not in paths | _OPEN)


def mask(rejected: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Give rejected rows with the mask for each value that need not be seen; a missing one stays missing."""
    hidden = masked_columns(contract, rejected.columns)
    return rejected.with_columns(
        pl.when(pl.col(name).is_not_null()).then(pl.lit(MASK)).alias(name) for name in sorted(hidden)
    )
