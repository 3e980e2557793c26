"""The engine for batches that one machine holds: Polars, streaming."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from conductor.contracts.load import ACCEPTED
from conductor.contracts.model import Contract
from conductor.contracts.typed import schema_hash
from conductor.engines import polars_check
from conductor.engines.polars_check import FATE, Checked, Fate
from conductor.engines.polars_dedupe import ROW, split_versions
from conductor.engines.polars_errors import sorted_errors
from conductor.engines.polars_references import scan_references
from conductor.engines.polars_write import curated, partitioned, read_back
from conductor.engines.protocol import RefineJob, RefineOutcome
from conductor.errors import FixTheConfiguration, StopAndCall
from conductor.values import Counts, CurrencySum, DataFile

Money = dict[str, Decimal]


@dataclass(frozen=True)
class Written:
    """What the second stage made: files, how many rows were older versions, and control totals by currency of
    both.
    """

    files: tuple[DataFile, ...] = ()
    duplicates: int = 0
    accepted_sums: tuple[tuple[str, Decimal], ...] = ()
    duplicate_sums: tuple[tuple[str, Decimal], ...] = ()


class PolarsEngine:
    """Refine in two stages: check and split row by row, then drop older versions, join and write."""

    name = "polars"

    def refine(self, job: RefineJob) -> RefineOutcome:
        """Refine a batch, as `Engine.refine` says."""
        with sorted_errors(job.product.contract.dataset):
            checked = polars_check.run(polars_check.plan(job), job.scratch)
            written = _write(job, checked) if _rows(checked, Fate.ACCEPTED) else Written()
        return _outcome(job.product.contract, checked, written)


def _write(job: RefineJob, checked: Checked) -> Written:
    contract = job.product.contract
    accepted = pl.scan_parquet(checked.accepted, row_index_name=ROW, hive_partitioning=False)
    newest, older = split_versions(accepted, _rows(checked, Fate.ACCEPTED), contract)
    fields = newest.select(field.name for field in contract.fields)
    frames = {ACCEPTED: fields, **scan_references(job.references)}
    rows = curated(pl.SQLContext(frames=frames).execute(job.product.refine_sql), contract)
    files: list[DataFile] = []
    partitioned(rows, contract, job.table_uri, job.attempt, dict(job.storage_options), files).collect(
        engine="streaming"
    )
    # What is in the files counts, not what was sent there; and a second consumer would cost the pass much memory.
    given = _totals(read_back(files, contract, job.table_uri, dict(job.storage_options)), contract)
    dropped = _totals(older, contract)
    duplicates = int(dropped["rows"].sum())
    if int(given["rows"].sum()) + duplicates != _rows(checked, Fate.ACCEPTED):
        raise FixTheConfiguration(
            f"refine.sql of {contract.dataset} gives {given['rows'].sum()} rows for "
            f"{_rows(checked, Fate.ACCEPTED) - duplicates} accepted ones; it has to give one for each"
        )
    return Written(tuple(files), duplicates, _by_currency(given), _by_currency(dropped))


def _totals(frame: pl.LazyFrame, contract: Contract) -> pl.DataFrame:
    """Count rows and sum the control amount, by currency."""
    if contract.control is None:
        found = frame.select(pl.lit("").alias("currency"), pl.len().alias("rows"))
    else:
        amount = pl.col(contract.control.amount).sum().alias("amount")
        found = frame.group_by(pl.col(contract.control.currency).fill_null("").alias("currency")).agg(
            pl.len().alias("rows"), amount
        )
    return found.collect(engine="streaming")


def _by_currency(totals: pl.DataFrame) -> tuple[tuple[str, Decimal], ...]:
    return tuple(zip(totals["currency"], totals["amount"], strict=True)) if "amount" in totals.columns else ()


def _rows(checked: Checked, fate: Fate) -> int:
    return int(checked.totals.filter(pl.col(FATE) == fate.value)["rows"].sum())


def _outcome(contract: Contract, checked: Checked, written: Written) -> RefineOutcome:
    accepted = _rows(checked, Fate.ACCEPTED)
    counts = Counts(
        records=int(checked.totals["rows"].sum()),
        accepted=accepted - written.duplicates,
        rejected=_rows(checked, Fate.REJECTED),
        duplicates=written.duplicates,
        superseded=_rows(checked, Fate.SUPERSEDED),
    )
    return RefineOutcome(
        files=written.files,
        rejected=checked.rejected if counts.rejected else None,
        counts=counts,
        sums=_sums(contract, checked, written),
        reasons=_codes(checked.reasons),
        warnings=_codes(checked.warnings),
        schema_hash=schema_hash(contract.columns),
    )


def _sums(contract: Contract, checked: Checked, written: Written) -> tuple[CurrencySum, ...]:
    """Give the control totals; they are taken before and after the SQL, so money that it changes or loses is
    `StopAndCall`.
    """
    if contract.control is None:
        return ()
    sums = [_sum(currency, checked, written) for currency in sorted(set(checked.totals["currency"]))]
    for found in sums:
        parts = found.accepted + found.rejected + found.duplicates + found.superseded
        if parts != found.records:
            raise StopAndCall(
                f"refine.sql of {contract.dataset} makes {parts} {found.currency} of {found.records}"
            )
    return tuple(sums)


def _sum(currency: str, checked: Checked, written: Written) -> CurrencySum:
    rows = checked.totals.filter(pl.col("currency") == currency)
    fates: Money = dict(zip(rows[FATE], rows["amount"], strict=True))
    nothing = Decimal(0)
    return CurrencySum(
        currency=currency,
        records=sum(fates.values(), nothing),
        accepted=dict(written.accepted_sums).get(currency, nothing),
        rejected=fates.get(Fate.REJECTED, nothing),
        duplicates=dict(written.duplicate_sums).get(currency, nothing),
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
