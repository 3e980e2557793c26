"""From what an engine counted to what it gives: the same for every engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import polars as pl

from conductor.contracts.model import Contract
from conductor.contracts.typed import schema_hash
from conductor.engines.protocol import RefineOutcome
from conductor.errors import FixTheConfiguration, StopAndCall
from conductor.values import Counts, CurrencySum, DataFile

FATE = "_fate"
Money = dict[str, Decimal]


class Fate(StrEnum):
    """What the first stage decides of a row."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Tally:
    """What the first stage counted. `totals`: fate, currency, rows and, where the contract has a control amount, amount and
    unparseable. `reasons` and `warnings`: codes and rows, of rejected and of accepted rows.
    """

    totals: pl.DataFrame
    reasons: pl.DataFrame
    warnings: pl.DataFrame

    def rows(self, fate: Fate) -> int:
        """Count the rows of a fate."""
        return int(self.totals.filter(pl.col(FATE) == fate.value)["rows"].sum())


@dataclass(frozen=True)
class Written:
    """What the second stage made: files, how many rows were older versions, and control totals by currency of
    both.
    """

    files: tuple[DataFile, ...] = ()
    duplicates: int = 0
    accepted_sums: tuple[tuple[str, Decimal], ...] = ()
    duplicate_sums: tuple[tuple[str, Decimal], ...] = ()


def written(
    contract: Contract, tally: Tally, files: Sequence[DataFile], given: pl.DataFrame, dropped: pl.DataFrame
) -> Written:
    """Hold what `refine.sql` gave against what it took; both frames have rows and, under control, amount by currency.

    A row more or less than were accepted is `FixTheConfiguration`.
    """
    accepted, duplicates = tally.rows(Fate.ACCEPTED), int(dropped["rows"].sum())
    if int(given["rows"].sum()) + duplicates != accepted:
        raise FixTheConfiguration(
            f"refine.sql of {contract.dataset} gives {given['rows'].sum()} rows for "
            f"{accepted - duplicates} accepted ones; it has to give one for each"
        )
    return Written(tuple(files), duplicates, _by_currency(given), _by_currency(dropped))


def outcome(contract: Contract, tally: Tally, done: Written, rejected: Path) -> RefineOutcome:
    """Put together what refine gives; `rejected` is the file of the rejected rows, should there be any."""
    counts = Counts(
        records=int(tally.totals["rows"].sum()),
        accepted=tally.rows(Fate.ACCEPTED) - done.duplicates,
        rejected=tally.rows(Fate.REJECTED),
        duplicates=done.duplicates,
        superseded=tally.rows(Fate.SUPERSEDED),
    )
    return RefineOutcome(
        files=done.files,
        rejected=rejected if counts.rejected else None,
        counts=counts,
        sums=_sums(contract, tally, done),
        reasons=_codes(tally.reasons),
        warnings=_codes(tally.warnings),
        schema_hash=schema_hash(contract.columns),
    )


def _by_currency(totals: pl.DataFrame) -> tuple[tuple[str, Decimal], ...]:
    return tuple(zip(totals["currency"], totals["amount"], strict=True)) if "amount" in totals.columns else ()


def _sums(contract: Contract, tally: Tally, done: Written) -> tuple[CurrencySum, ...]:
    """Give the control totals; they are taken before and after the SQL, so money that it changes or loses is
    `StopAndCall`.
    """
    if contract.control is None:
        return ()
    sums = [_sum(currency, tally, done) for currency in sorted(set(tally.totals["currency"]))]
    for found in sums:
        parts = found.accepted + found.rejected + found.duplicates + found.superseded
        if parts != found.records:
            raise StopAndCall(
                f"refine.sql of {contract.dataset} makes {parts} {found.shown} of {found.records}"
            )
    return tuple(sums)


def _sum(currency: str, tally: Tally, done: Written) -> CurrencySum:
    rows = tally.totals.filter(pl.col("currency") == currency)
    fates: Money = dict(zip(rows[FATE], rows["amount"], strict=True))
    nothing = Decimal(0)
    return CurrencySum(
        currency=currency,
        records=sum(fates.values(), nothing),
        accepted=dict(done.accepted_sums).get(currency, nothing),
        rejected=fates.get(Fate.REJECTED, nothing),
        duplicates=dict(done.duplicate_sums).get(currency, nothing),
        superseded=fates.get(Fate.SUPERSEDED, nothing),
        unparseable=int(rows["unparseable"].sum()),
    )


def _codes(found: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    """Count codes over lists of codes, in alphabetical order."""
    counted: Counter[str] = Counter()
    for codes, rows in zip(found["codes"], found["rows"], strict=True):
        for code in codes.split(";"):
            counted[code] += rows
    return tuple(sorted(counted.items()))
