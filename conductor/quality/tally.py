"""A suite counted over all rows without Great Expectations, for batches on which that would cost more than refining them.

One streaming pass gives all counts but those of uniqueness, for which rows have to meet: they meet in buckets by a hash of
their values, so that memory does not grow with the batch. The counts are those that Great Expectations gives; a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from conductor.contracts.expectations import Argument, Expectation

KEYS_AT_ONCE = 2_000_000
"""Rows whose keys are compared at the same time: some 200 MB."""
HASHES_AT_ONCE = 8_000_000
"""Rows whose hashes are compared at the same time: some 200 MB, too."""
EXAMPLES = 10
COLUMN_SET = "expect_table_columns_to_match_set"
COMPOUND = "expect_compound_columns_to_be_unique"
UNIQUE = "expect_column_values_to_be_unique"
NOT_NULL = "expect_column_values_to_not_be_null"
Arguments = Mapping[str, Argument]


@dataclass(frozen=True)
class Tally:
    """What an expectation came to over all rows; of a column set, `unexpected` counts columns missing or too many.

    `missing` are rows without a value, which break nothing, and None where the expectation is about them. `examples` are values
    that break it, a few of them, each with the number of times it was seen among those.
    """

    rows: int
    missing: int | None
    unexpected: int
    examples: tuple[tuple[str, int], ...] = ()


def tally(
    rows: pl.LazyFrame, suite: Sequence[Expectation], classified: frozenset[str]
) -> tuple[Tally | None, ...]:
    """Count each expectation; None for one that is not known here or names a column that is not there.

    Of values in `classified` columns no examples are taken.
    """
    return tally_beside(rows, rows.clear(), suite, classified)[0]


def tally_beside(
    rows: pl.LazyFrame,
    beside: pl.LazyFrame,
    suite: Sequence[Expectation],
    classified: frozenset[str],
    differ: Sequence[str] = (),
) -> tuple[tuple[Tally | None, ...], pl.DataFrame]:
    """Give the same, and a second frame made of these rows, which the same pass computes.

    `differ` are columns in which no two rows are the same, as the caller knows.
    """
    names = rows.collect_schema().names()
    known = [found if _possible(found, names) else None for found in suite]
    wanted = [
        expression.alias(f"{place}.{what}")
        for place, found in enumerate(known)
        if found
        for what, expression in _measures(found).items()
    ]
    asked = rows.select(pl.len().alias("rows"), *wanted)
    counted, other = pl.collect_all([asked, beside], engine="streaming")
    counts = counted.row(0, named=True)
    tallies: list[Tally | None] = []
    for place, found in enumerate(known):
        if found is None:
            tallies.append(None)
            continue
        unexpected = counts.get(f"{place}.unexpected")
        if unexpected is None:
            unexpected = _apart(rows, found, names, counts["rows"], differ)
        examples = _examples(rows, found, unexpected, classified)
        tallies.append(Tally(counts["rows"], counts.get(f"{place}.missing"), unexpected, examples))
    return tuple(tallies), other


def _apart(
    rows: pl.LazyFrame, found: Expectation, names: Sequence[str], count: int, differ: Sequence[str]
) -> int:
    """Count what no look at single rows tells."""
    if found.type == COLUMN_SET:
        return len(set(names) ^ set(_texts(found, "column_set")))
    columns = _columns(found)
    return 0 if set(columns) == set(differ) else repeated(rows, columns, count)


def all_differ(rows: pl.LazyFrame, names: Sequence[str], count: int) -> bool:
    """Say whether surely no two rows have the same values in these columns, a missing one being equal to another.

    Hashes tell: where they differ, so do the values. Equal ones may be a coincidence; then it takes a count.
    """
    hashes = rows.select(pl.struct(names).hash(1).alias("hash"))
    parts = -(-count // HASHES_AT_ONCE) or 1
    each = (
        hashes.filter(pl.col("hash") % parts == part).collect(engine="streaming").to_series()
        for part in range(parts)
    )
    return all(part.n_unique() == part.len() for part in each)


def repeated(rows: pl.LazyFrame, names: Sequence[str], count: int) -> int:
    """Count the rows whose values in these columns another row has, too; `count` is about how many rows there are.

    Rows without any of the values are left out; a missing value is equal to another.
    """
    if all_differ(rows, names, count):
        return 0
    there = rows.select(names).filter(pl.any_horizontal(pl.col(names).is_not_null()))
    again = pl.col("len").filter(pl.col("len") > 1).sum()
    return sum(
        int(part.group_by(names).len().select(again).collect(engine="streaming").item())
        for part in buckets(there, names, count)
    )


def buckets(rows: pl.LazyFrame, names: Sequence[str], count: int) -> Iterator[pl.LazyFrame]:
    """Give rows in parts that fit into memory, equal values of these columns in the same part."""
    parts = -(-count // KEYS_AT_ONCE) or 1
    for part in range(parts):
        yield rows.filter(pl.struct(names).hash(1) % parts == part) if parts > 1 else rows


def _measures(found: Expectation) -> Mapping[str, pl.Expr]:
    """Give the counts that need no other row than the row itself."""
    if found.type == COLUMN_SET:
        return {}
    columns = pl.col(_columns(found))
    missing = pl.all_horizontal(columns.is_null()).sum()
    if found.type == NOT_NULL:
        return {"unexpected": missing}
    if found.type in (UNIQUE, COMPOUND):
        return {"missing": missing}
    return {"missing": missing, "unexpected": _broken(found).sum()}


def _broken(found: Expectation) -> pl.Expr:
    """Say for each row whether it breaks an expectation on one value; null where there is no value."""
    column = pl.col(_columns(found))
    return BROKEN[found.type](column, dict(found.kwargs))


def _outside(value: pl.Expr, arguments: Arguments) -> pl.Expr:
    ends = (arguments.get("min_value"), arguments.get("max_value"))
    least, most = (end if isinstance(end, int) else None for end in ends)
    inside = [value >= least] if least is not None else []
    inside += [value <= most] if most is not None else []
    return ~pl.all_horizontal(*inside)


BROKEN: Mapping[str, Callable[[pl.Expr, Arguments], pl.Expr]] = {
    "expect_column_values_to_be_between": _outside,
    "expect_column_value_lengths_to_be_between": lambda column, arguments: _outside(
        column.str.len_chars().cast(pl.Int64), arguments
    ),
    "expect_column_values_to_be_in_set": lambda column, arguments: (
        ~column.is_in(pl.lit(pl.Series(_tuple(arguments["value_set"]), dtype=pl.String)).implode())
    ),
    "expect_column_values_to_match_regex": lambda column, arguments: (
        ~column.str.contains(str(arguments["regex"]))
    ),
}
KNOWN = frozenset({COLUMN_SET, COMPOUND, UNIQUE, NOT_NULL, *BROKEN})


def _possible(found: Expectation, names: Sequence[str]) -> bool:
    return found.type in KNOWN and set(_columns(found)) <= set(names)


def _columns(found: Expectation) -> list[str]:
    if found.type == COLUMN_SET:
        return []
    return list(_texts(found, "column_list")) or [str(dict(found.kwargs)["column"])]


def _texts(found: Expectation, name: str) -> tuple[str, ...]:
    return _tuple(dict(found.kwargs).get(name))


def _tuple(value: Argument) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _examples(
    rows: pl.LazyFrame, found: Expectation, unexpected: int, classified: frozenset[str]
) -> tuple[tuple[str, int], ...]:
    """Look for a few values that break an expectation, only where there are any to be shown."""
    names = _columns(found)
    if not unexpected or found.type not in BROKEN or classified.intersection(names):
        return ()
    seen = rows.filter(_broken(found)).select(names).head(EXAMPLES).collect(engine="streaming")
    counted = seen.to_series().cast(pl.String).value_counts(sort=True)
    return tuple((str(value), int(times)) for value, times in counted.iter_rows())
