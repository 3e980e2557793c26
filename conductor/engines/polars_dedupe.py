"""Which accepted rows are older versions or repetitions of another row."""

from __future__ import annotations

import polars as pl

from conductor.contracts.model import Contract
from conductor.engines.polars_records import NUMBER, POSITION

ROW = "_row"


def split_versions(accepted: pl.LazyFrame, contract: Contract) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Give the newest row of each business key, and the others. `accepted` numbers its rows in `ROW`.

    The order is total: `newest`, then the later object, then the later line. Only keys that stand more than
    once are sorted, so a day without repetitions costs one aggregation over the keys.
    """
    key, order = list(contract.key), [*contract.newest, POSITION, NUMBER, ROW]
    repeated = (
        accepted.group_by(key).len().filter(pl.col("len") > 1).select(key).collect(engine="streaming").lazy()
    )
    older = (
        accepted.join(repeated, on=key, how="semi")
        .select(*dict.fromkeys([*key, *order]))
        .sort(order, nulls_last=False, maintain_order=True)
        .filter(pl.col(ROW) != pl.col(ROW).last().over(key))
        .select(ROW)
        .collect(engine="streaming")
        .lazy()
    )
    return accepted.join(older, on=ROW, how="anti"), accepted.join(older, on=ROW, how="semi")
