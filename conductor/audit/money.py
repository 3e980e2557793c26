"""I3, first half: per currency what the source gave is in the lake, set aside or dropped, and the warehouse has the lake's."""

from __future__ import annotations

import polars as pl

from conductor.audit import lake
from conductor.audit.amounts import Sums, added, by_currency, differing, of_texts, told
from conductor.audit.counted import set_aside
from conductor.audit.dossier import Dossier
from conductor.audit.report import CHECKED, Outcomes, Problem, Unchecked
from conductor.contracts.model import Control
from conductor.tables import Commit
from conductor.values import Refined


def money(dossier: Dossier) -> Outcomes:
    """Add up each published version again from raw, quarantine and lake; compare the current one with the warehouse."""
    control = dossier.product.contract.control
    if control is None:
        return
    for commit in dossier.commits:
        yield from _conserved(dossier, commit, control)
    if dossier.loaded:
        yield from _carried_on(dossier, control)


def _conserved(dossier: Dossier, commit: Commit, control: Control) -> Outcomes:
    batch, contract = commit.note.batch, dossier.product.contract
    refined, differs = dossier.refined(batch), dossier.differs(batch)
    if refined is None or differs:
        reason = differs or "the ledger does not remember what refine dropped"
        yield Unchecked(sentence=f"amounts of batch {batch.id} are not added up again: {reason}")
        return
    source = added(of_texts(pl.scan_parquet(path), contract, control) for path in dossier.records(batch))
    rejected = of_texts(set_aside(dossier, refined).lazy(), contract, control)
    dropped = {row.currency: row.duplicates + row.superseded for row in refined.sums}
    kept = added((_curated(dossier, commit, refined, control), rejected, dropped))
    yield CHECKED
    for currency in differing(source, kept):
        yield Problem(
            sentence=f"version {batch.version}: the source gave {told(source, currency)}, and curated + rejected + "
            f"duplicates + superseded make {told(kept, currency)}",
            next_command=f"conductor explain {batch.id}",
            batch=batch.id,
        )


def _curated(dossier: Dossier, commit: Commit, refined: Refined, control: Control) -> Sums:
    """Add up a version in the lake; where an older one's files are swept, take refine's word."""
    rows = dossier.rows(commit)
    if rows is None:
        return {row.currency: row.accepted for row in refined.sums}
    return _in_lake(dossier, rows, control)


def _carried_on(dossier: Dossier, control: Control) -> Outcomes:
    """Compare lake and warehouse; where they differ, without what other slots have in a newer version."""
    contract, table = dossier.product.contract, dossier.table
    there = {row.currency: row.amount for row in dossier.evidence.warehouse.sums(contract, dossier.slot)}
    ours = _in_lake(dossier, lake.rows(table, table.keys(dossier.slot)), control)
    if differing(ours, there):
        ours = _in_lake(dossier, dossier.held(), control)
    yield CHECKED
    for currency in differing(ours, there):
        yield Problem(
            sentence=f"the lake has {told(ours, currency)}, the warehouse {told(there, currency)}",
            next_command=f"conductor explain {dossier.slot.id}",
        )


def _in_lake(dossier: Dossier, rows: pl.LazyFrame, control: Control) -> Sums:
    totals = lake.collected(dossier.table, by_currency(rows, control))
    return dict(zip(totals["currency"], totals["amount"], strict=True))
