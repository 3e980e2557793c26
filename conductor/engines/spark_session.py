"""Spark in this process: whether it is there, the one session that all refining here shares, and one with executors elsewhere."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conductor.engines.spark_cluster import SparkCluster, cluster_conf
from conductor.errors import Missing, RetryLater

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXTRA = "pip install 'cloud-conductor[spark]'"
OLDEST_JAVA = 17
LOG = Path(__file__).with_name("spark_log4j2.properties")
LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
"""They would print what an error says, and that quotes values."""
HEAP = "spark.driver.memory"
OF_PROCESS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={LOG.as_uri()}",
}
"""Nothing is shown and nothing logged."""
HERE = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
"""Nothing listens beyond this machine."""
OF_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "false",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
"""A value that does not fit is an error, never null and never rounded."""


@lru_cache(maxsize=1)
def missing_part() -> Missing | None:
    """Say what Spark lacks here, PySpark or Java, with what to do; None where it can run. It looks once per process."""
    if find_spec("pyspark") is None:
        return Missing("Spark is not here: the extra spark is not installed", next_command=EXTRA)
    java = shutil.which("java")
    if java is None or _java_version(java) < OLDEST_JAVA:
        return Missing(
            f"Spark is not here: it needs Java {OLDEST_JAVA} or newer on the PATH",
            next_command="apt-get install openjdk-17-jre-headless",
        )
    return None


def spark_session(memory_bytes: int) -> SparkSession:
    """Give a session with views and settings of its own in this process's Spark, which starts on first use in some seconds.

    `memory_bytes` is the heap that it starts with; later calls take it as it runs. Without Spark it is `Missing`.
    """
    if missing := missing_part():
        raise missing
    return _started("local[*]", HERE | {HEAP: f"{memory_bytes // 2**20}m"})


def given_session() -> SparkSession:
    """Give a session in the Spark that this process was submitted to; master, sizes and executors are its own."""
    if missing := missing_part():
        raise missing
    session = _built(None, {})
    # An error's words may quote values, and the service keeps its logs.
    session.sparkContext.setLogLevel("OFF")
    return session


@contextmanager
def cluster_session(cluster: SparkCluster) -> Generator[SparkSession]:
    """Give a session whose executors are pods of a cluster, for the body; they go with it.

    A cluster that has no room for a single one within `wait_seconds` is `RetryLater`: the work would wait for ever.
    """
    if missing := missing_part():
        raise missing
    # The executors' image is the driver's, so what Java reads there lies at the same place.
    logged = {"spark.executor.extraJavaOptions": OF_PROCESS["spark.driver.extraJavaOptions"]}
    session = _started(cluster.master, {**cluster_conf(cluster), **logged})
    try:
        _wait_for_executor(session, cluster)
        yield session
    finally:
        session.stop()


def _started(master: str, conf: Mapping[str, str]) -> SparkSession:
    session = _built(master, {**OF_PROCESS, **conf})
    session.sparkContext.pythonExec = sys.executable  # and not whichever python3 the PATH has
    return session


def _built(master: str | None, conf: Mapping[str, str]) -> SparkSession:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas, which Spark warns of, stands between no two parts here
        from pyspark.sql import SparkSession

        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        builder = SparkSession.builder.appName("cloud-conductor")
        if master:
            builder = builder.master(master)
        for name, value in conf.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate().newSession()
    for name, value in OF_SESSION.items():
        session.conf.set(name, value)
    return session


def _wait_for_executor(session: SparkSession, cluster: SparkCluster) -> None:
    until = time.monotonic() + cluster.wait_seconds
    java: Any = session.sparkContext._jsc  # pyright: ignore[reportPrivateUsage]
    while java.sc().getExecutorMemoryStatus().size() < 2:  # the driver is in Java's count, too
        if time.monotonic() > until:
            raise RetryLater(
                f"the cluster had no room for an executor of Spark in {cluster.wait_seconds} seconds",
                next_command=f"kubectl -n {cluster.namespace} get pods",
            )
        time.sleep(1)


def _java_version(java: str) -> int:
    """Give the major version; Java 8 and older call themselves 1.8 and so on."""
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
