"""The engine for batches that one process should not hold: Spark, with the same rules and SQL as Polars."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from conductor.contracts.load import ACCEPTED
from conductor.contracts.model import Contract
from conductor.contracts.rules import REASONS
from conductor.contracts.spark_sql import spark_sql
from conductor.engines.outcome import FATE, Fate, Tally, Written, outcome, written
from conductor.engines.polars_errors import sorted_errors
from conductor.engines.polars_records import NUMBER, OBJECT, POSITION
from conductor.engines.protocol import RefineJob, RefineOutcome
from conductor.engines.spark_check import check, tally, totals
from conductor.engines.spark_cluster import Executors, GivenSpark
from conductor.engines.spark_errors import sorted_spark_errors
from conductor.engines.spark_places import readable
from conductor.engines.spark_records import ROW, read_records, verbatim
from conductor.engines.spark_session import cluster_session, given_session, spark_session
from conductor.engines.spark_types import spark_schema
from conductor.engines.spark_write import curated, write_partitioned, write_whole

RANK = "_rank"
BYTES_PER_TASK = 64_000_000
FEWEST_TASKS = 4


class SparkEngine:
    """Refine in two stages, as Polars does: check and split row by row, then drop older versions, join and write.

    Spark works on this machine, with a heap of `memory_bytes` and what it spills beside it; or in `executors` elsewhere, which read
    records and joined products where they lie.
    """

    name = "spark"

    def __init__(self, memory_bytes: int, executors: Executors | None = None) -> None:
        self._memory = memory_bytes
        self._executors = executors

    def refine(self, job: RefineJob) -> RefineOutcome:
        """Refine a batch, as `Engine.refine` says."""
        contract = job.product.contract
        rejected = job.scratch / "rejected.parquet"
        with (
            sorted_errors(contract.dataset),
            sorted_spark_errors(contract.dataset, self._memory),
            self._session() as session,
        ):
            job = replace(job, records=tuple(file.in_parquet(job.scratch) for file in job.records))
            session.conf.set("spark.sql.shuffle.partitions", _tasks(job))
            with self._checked(session, job, rejected) as (checked, found):
                accepted = found.rows(Fate.ACCEPTED)
                done = self._write(session, job, checked, found) if accepted else Written()
        return outcome(contract, found, done, rejected)

    @contextmanager
    def _session(self) -> Generator[SparkSession]:
        match self._executors:
            case None:
                yield spark_session(self._memory)
            case GivenSpark():
                yield given_session()
            case cluster:
                with cluster_session(cluster) as session:
                    yield session

    @contextmanager
    def _checked(
        self, session: SparkSession, job: RefineJob, rejected: Path
    ) -> Generator[tuple[DataFrame, Tally]]:
        """Check the records once and count them; what is checked is kept, spilling to disk, until the body is over."""
        remote = self._executors is not None
        _read_references(session, job, remote=remote)
        records = read_records(session, job.records, remote=remote, into=job.scratch / "records")
        checked = check(session, job, records).persist()
        try:
            found = tally(checked, job.product.contract)
            if found.rows(Fate.REJECTED):
                write_whole(_rejected(job, records, checked), rejected)
            yield checked, found
        finally:
            checked.unpersist()

    def _write(self, session: SparkSession, job: RefineJob, checked: DataFrame, found: Tally) -> Written:
        contract = job.product.contract
        ranked = _ranked(checked.where(fn.col(FATE) == Fate.ACCEPTED.value), contract)
        fields = [field.name for field in contract.fields]
        ranked.where(fn.col(RANK) == 1).select(*fields).createOrReplaceTempView(ACCEPTED)
        rows = curated(session.sql(spark_sql(job.product.refine_sql)), contract)
        scratch = self._executors.scratch if self._executors else str(job.scratch)
        files, given = write_partitioned(rows, job, scratch)
        return written(contract, found, files, given, totals(ranked.where(fn.col(RANK) > 1), contract))


def _tasks(job: RefineJob) -> int:
    """Give in how many parts rows meet: few for little data, and none that would not fit a task's memory."""
    size = sum(file.size for file in job.records)
    return max(FEWEST_TASKS, size // BYTES_PER_TASK)


def _read_references(session: SparkSession, job: RefineJob, *, remote: bool) -> None:
    """Name each joined product's rows by its table, in the types of its contract; without files it is an empty table."""
    for reference in job.references.values():
        contract, schema = reference.contract, spark_schema(reference.contract.columns)
        into = job.scratch / "references" / contract.table
        found = readable(reference.uris, reference.storage_options, remote=remote, into=into)
        read = found.reader(session.read.schema(schema))
        frame = read.parquet(*found.paths) if found.paths else session.createDataFrame([], schema)
        frame.createOrReplaceTempView(contract.table)


def _rejected(job: RefineJob, records: DataFrame, checked: DataFrame) -> DataFrame:
    """Give the rejected rows as they came, in the order in which they came."""
    return (
        checked.where(fn.col(FATE) == Fate.REJECTED.value)
        .orderBy(POSITION, NUMBER, ROW)
        .select(
            *(column.alias(name) for name, column in verbatim(records)),
            OBJECT,
            REASONS,
            fn.lit(job.product.contract.version).alias("_contract_version"),
            fn.lit(job.product.contract.owner).alias("_owner"),
            fn.lit(job.batch.id).alias("_batch"),
        )
    )


def _ranked(accepted: DataFrame, contract: Contract) -> DataFrame:
    """Number the versions of each business key, the newest first.

    The order is total: `newest`, then the later object, then the later line.
    """
    order = [fn.col(name).desc_nulls_last() for name in (*contract.newest, POSITION, NUMBER, ROW)]
    return accepted.withColumn(RANK, fn.row_number().over(Window.partitionBy(*contract.key).orderBy(*order)))
