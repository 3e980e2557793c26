"""The engine for batches that one machine holds: Polars, streaming."""

from __future__ import annotations

import json

import polars as pl

from conductor.contracts.load import ACCEPTED
from conductor.contracts.model import Contract
from conductor.engines import polars_check
from conductor.engines.outcome import Fate, Written, outcome, written
from conductor.engines.polars_check import Checked
from conductor.engines.polars_dedupe import ROW, split_versions
from conductor.engines.polars_errors import sorted_errors
from conductor.engines.polars_references import scan_references
from conductor.engines.polars_write import curated, partitioned, read_back
from conductor.engines.protocol import RefineJob, RefineOutcome
from conductor.values import DataFile

IN_MEMORY_PER_BYTE = 16
"""Bytes of memory that the work is taken to need per byte of records, where all rows stay in memory and records are packed."""

ROWS_SAMPLED = 100_000
"""Rows that a join looks at before it decides which side to hold in memory. Polars' own limit is ten million: where the other side
has to be computed first, as one without repetitions has, that many wide rows wait in memory; at 500 MB 2.4 GiB were seen, and 0.6 so.
"""


class PolarsEngine:
    """Refine in two stages: check and split row by row, then drop older versions, join and write.

    Between them rows are in memory if `memory_bytes` are enough for all of the work, and else on disk.
    """

    name = "polars"

    def __init__(self, memory_bytes: int = 0) -> None:
        self._memory = memory_bytes
        # There is no method for this one; it counts for the whole process.
        sampled = {"POLARS_JOIN_SAMPLE_LIMIT": str(ROWS_SAMPLED)}
        pl.Config.load(json.dumps({"environment": sampled, "direct": {}}))

    def refine(self, job: RefineJob) -> RefineOutcome:
        """Refine a batch, as `Engine.refine` says."""
        with sorted_errors(job.product.contract.dataset):
            fits = sum(file.size for file in job.records) * IN_MEMORY_PER_BYTE <= self._memory
            checked = polars_check.run(polars_check.plan(job), job.scratch, in_memory=fits)
            done = _write(job, checked) if checked.tally.rows(Fate.ACCEPTED) else Written()
        return outcome(job.product.contract, checked.tally, done, checked.rejected)


def _write(job: RefineJob, checked: Checked) -> Written:
    contract = job.product.contract
    accepted = checked.accepted.with_row_index(ROW)
    newest, older = split_versions(accepted, checked.tally.rows(Fate.ACCEPTED), contract)
    fields = newest.select(field.name for field in contract.fields)
    frames = {ACCEPTED: fields, **scan_references(job.references)}
    rows = curated(pl.SQLContext(frames=frames).execute(job.product.refine_sql), contract)
    files: list[DataFile] = []
    partitioned(rows, contract, job.table_uri, job.attempt, dict(job.storage_options), files).collect(
        engine="streaming"
    )
    # What is in the files counts, not what was sent there; and a second consumer would cost the pass much memory.
    given = _totals(read_back(files, contract, job.table_uri, dict(job.storage_options)), contract)
    return written(contract, checked.tally, files, given, _totals(older, contract))


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
