"""Control totals per currency, exact to the last digit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import polars as pl

from conductor.contracts.casts import guard
from conductor.contracts.model import Contract, Control

Sums = Mapping[str, Decimal]
NOT_BLANK = re.compile("[^ \t\r\n]")
NOTHING = Decimal(0)


def by_currency(rows: pl.LazyFrame, control: Control) -> pl.LazyFrame:
    """Add up typed rows: `currency`, `amount`."""
    groups = rows.group_by(pl.col(control.currency).fill_null("").alias("currency"))
    return groups.agg(pl.col(control.amount).sum().alias("amount"))


def of_texts(frame: pl.LazyFrame, contract: Contract, control: Control) -> Sums:
    """Add up amounts as the source wrote them, those that are amounts by the contract.

    The texts are read here, not by the casts that an engine runs: so what those lose is missed.
    """
    fields = {field.name: field for field in contract.fields}
    amount, currency = fields[control.amount], fields[control.currency]
    shape = re.compile(guard(amount) or "")
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for code, text, rows in _distinct(frame, (currency.path, amount.path)):
        if text is not None and shape.fullmatch(text):
            sums[code if code is not None and NOT_BLANK.search(code) else ""] += (
                Decimal(text.replace(amount.decimal_mark, ".")) * rows
            )
    return sums


def added(parts: Iterable[Sums]) -> Sums:
    """Add totals, currency by currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for part in parts:
        for currency, amount in part.items():
            sums[currency] += amount
    return sums


def differing(left: Sums, right: Sums) -> list[str]:
    """Give the currencies whose totals differ; an absent one is zero."""
    currencies = sorted({*left, *right})
    return [code for code in currencies if left.get(code, NOTHING) != right.get(code, NOTHING)]


def told(sums: Sums, currency: str) -> str:
    """Write a total for people."""
    return f"{sums.get(currency, NOTHING):,} {currency or 'without a currency'}"


def _distinct(frame: pl.LazyFrame, columns: Sequence[str]) -> Iterable[tuple[str | None, str | None, int]]:
    """Count equal pairs of texts; a column that is not there is empty."""
    there = frame.collect_schema()
    wanted = [pl.col(name) if name in there else pl.lit(None, pl.String).alias(name) for name in columns]
    return frame.select(wanted).group_by(columns).len().collect(engine="streaming").iter_rows()
