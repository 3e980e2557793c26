"""A file tried out: what would become of it if it were dropped for good. Nothing is kept but what the caller asks for."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import polars as pl

from conductor.contracts.expectations import expectations
from conductor.contracts.model import Product
from conductor.contracts.typed import polars_schema
from conductor.engines.protocol import Engine, RecordsFile, ReferenceFiles, RefineJob, RefineOutcome
from conductor.files.arrival import Arrived, arrive
from conductor.files.diagnosis import Diagnosis, Refusal, Refused
from conductor.quality import gate
from conductor.values import Batch, Counts, CurrencySum, EngineChoice, Slot, Value

ACCEPTED, REJECTED, REPORT = "accepted.parquet", "rejected.parquet", "report.json"


class Outcome(StrEnum):
    """What becomes of a file: all rows taken, some set aside, or none taken."""

    ACCEPTED = "accepted"
    PARTLY = "partly"
    REFUSED = "refused"


class Report(Value):
    """What became of a file, for people and programs. No value of the data stands in it but sums per currency.

    `reasons` counts the codes of rows that were set aside, `warnings` those of rows that were taken.
    """

    product: str
    contract_version: str
    file: str
    day: date
    verdict: Outcome
    counts: Counts | None = None
    reasons: tuple[tuple[str, int], ...] = ()
    warnings: tuple[tuple[str, int], ...] = ()
    sums: tuple[CurrencySum, ...] = ()
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class Trial:
    """What is tried: a file, for a business day. `references` are the products that this one joins, by dataset."""

    product: Product
    file: Path
    day: date
    references: Mapping[str, ReferenceFiles]
    engine: Engine


def try_file(trial: Trial, scratch: Path, out: Path | None = None) -> Report:
    """Take a file through pre-flight, records, refine and gate, in the folder `scratch`, and say what came of it.

    Into the folder `out` go the report and, unless the file was refused, its rows: those that were taken as readers
    would get them, and those that were set aside as they came, with their reasons.
    """
    try:
        report = _tried(trial, scratch, out)
    except Refused as refused:
        report = _report(trial, Outcome.REFUSED, None, refused.diagnosis)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / REPORT).write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return report


def _tried(trial: Trial, scratch: Path, out: Path | None) -> Report:
    arrived = arrive(trial.file, trial.product.contract, scratch / "arrived")
    job = _job(trial, arrived, scratch)
    outcome = trial.engine.refine(job)
    files = [str(scratch / "table" / file.path) for file in outcome.files]
    _judge(trial, job, outcome, files)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        _keep(trial, outcome, files, out)
    verdict = Outcome.PARTLY if outcome.counts.rejected else Outcome.ACCEPTED
    return _report(trial, verdict, outcome, None)


def _job(trial: Trial, arrived: Arrived, scratch: Path) -> RefineJob:
    contract = trial.product.contract
    batch = Batch(
        id="trial",
        slot=Slot(dataset=contract.dataset, day=trial.day),
        version=1,
        object_ids=(arrived.canonical_sha256,),
        contract_version=contract.version,
        refine_sha256=trial.product.refine_sha256,
    )
    return RefineJob(
        product=trial.product,
        batch=batch,
        records=(RecordsFile(arrived.records, arrived.canonical_sha256, plain=arrived.plain),),
        references=trial.references,
        table_uri=str(scratch / "table"),
        attempt="trial",
        scratch=scratch / "refined",
    )


def _judge(trial: Trial, job: RefineJob, outcome: RefineOutcome, files: list[str]) -> None:
    """Ask the gate; a batch that it would stop is a file that is refused."""
    contract = trial.product.contract
    size, rows = trial.file.stat().st_size, outcome.counts.records
    refined = outcome.of(job.batch, EngineChoice(engine="polars", reason="a trial", size=size, rows=rows))
    verdict = gate.judge(contract, expectations(contract, contract.usual_rows), refined, files)
    if not verdict.passed:
        worst = "; ".join(
            f"{each.expectation} on {each.column}: {each.observed}" for each in verdict.failed[:3]
        )
        told = ", ".join(f"{code} {rows:,}" for code, rows in outcome.reasons)
        raise Refused(
            Diagnosis(
                file=trial.file.name,
                code=Refusal.GATE_FAILED,
                sentence=f"the gate would stop it: {worst}"
                + (f"; rows were set aside for {told}" if told else ""),
                place="",
                what_to_do="look at the rows with the reasons that it names, and ask the sender",
            )
        )


def _keep(trial: Trial, outcome: RefineOutcome, files: list[str], out: Path) -> None:
    rows = pl.scan_parquet(files, hive_partitioning=False) if files else None
    empty = pl.LazyFrame(schema=polars_schema(trial.product.contract.columns))
    (empty if rows is None else rows).sink_parquet(out / ACCEPTED)
    if outcome.rejected:
        shutil.copyfile(outcome.rejected, out / REJECTED)


def _report(
    trial: Trial, verdict: Outcome, outcome: RefineOutcome | None, diagnosis: Diagnosis | None
) -> Report:
    contract = trial.product.contract
    return Report(
        product=contract.dataset,
        contract_version=contract.version,
        file=trial.file.name,
        day=trial.day,
        verdict=verdict,
        counts=outcome.counts if outcome else None,
        reasons=outcome.reasons if outcome else (),
        warnings=outcome.warnings if outcome else (),
        sums=outcome.sums if outcome else (),
        diagnosis=diagnosis,
    )
