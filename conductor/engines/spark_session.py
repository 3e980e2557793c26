"""Spark in this process: whether it is there, and the one session that all refining shares."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import warnings
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from conductor.errors import Missing

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
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={LOG.as_uri()}",
}
"""Nothing listens beyond this machine, and nothing is logged."""
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas, which Spark warns of, stands between no two parts here
        from pyspark.sql import SparkSession

        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        builder = SparkSession.builder.master("local[*]").appName("cloud-conductor")
        for name, value in (OF_PROCESS | {HEAP: f"{memory_bytes // 2**20}m"}).items():
            builder = builder.config(name, value)
        session = builder.getOrCreate().newSession()
    for name, value in OF_SESSION.items():
        session.conf.set(name, value)
    return session


def _java_version(java: str) -> int:
    """Give the major version; Java 8 and older call themselves 1.8 and so on."""
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
