"""Which accepted rows are older versions or repetitions of another row."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from conductor.contracts.model import Contract
from conductor.engines.polars_records import NUMBER, POSITION

ROW = "_row"
ROWS_AT_ONCE = 16_000_000
"""Rows whose keys are compared in one go, by a hash of eight bytes each: with the copies of sorting, half a gigabyte."""
REPEATED_AT_ONCE = 250_000
"""Keys that stand more than once whose rows are put in order in one go."""


def split_versions(
    accepted: pl.LazyFrame, rows: int, contract: Contract
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Give the newest row of each business key, and the others. `accepted` numbers its `rows` rows in `ROW`.

    The order is total: `newest`, then the later object, then the later line. Only rows whose key may stand more than once are
    compared, some at a time: a day without repetitions costs one look at the keys, and memory grows with the rows by eight bytes for
    each that is older than another.
    """
    key, order = list(contract.key), [*contract.newest, POSITION, NUMBER, ROW]
    repeated = _repeated(accepted.select(_hash(key).alias("hash")), -(-rows // ROWS_AT_ONCE))
    if repeated.is_empty():
        return accepted, accepted.clear()
    some = range(0, len(repeated), REPEATED_AT_ONCE)
    found = [_older(accepted, key, order, repeated.slice(at, REPEATED_AT_ONCE)) for at in some]
    older = pl.concat(found).lazy()
    return accepted.join(older, on=ROW, how="anti"), accepted.join(older, on=ROW, how="semi")


def _older(
    accepted: pl.LazyFrame, key: Sequence[str], order: Sequence[str], hashes: pl.Series
) -> pl.DataFrame:
    """Give the places of the rows with these hashes that a newer one of their key replaces."""
    return (
        accepted.filter(_hash(key).is_in(hashes.implode()))
        .select(*dict.fromkeys([*key, *order]))
        .sort(order, nulls_last=False, maintain_order=True)
        .filter(pl.col(ROW) != pl.col(ROW).last().over(key))
        .select(ROW)
        .collect(engine="streaming")
    )


def _hash(key: Sequence[str]) -> pl.Expr:
    """Give 64 bits that equal keys share; that others may share them costs a comparison and no more."""
    return pl.sum_horizontal(pl.col(name).hash(seed) for seed, name in enumerate(key))


def _repeated(hashes: pl.LazyFrame, passes: int) -> pl.Series:
    """Give the hashes that stand more than once."""
    found = [pl.Series("hash", [], dtype=pl.UInt64)]
    for number in range(passes):
        part = hashes.filter(pl.col("hash") % passes == number) if passes > 1 else hashes
        values = part.collect(engine="streaming")["hash"].sort()
        found.append(values.filter(values == values.shift(1)).unique())
    return pl.concat(found)
