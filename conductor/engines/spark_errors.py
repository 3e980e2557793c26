"""What Spark raises, sorted by what to do about it."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, ParseException, PySparkException

from conductor.errors import ConductorError, FixTheConfiguration, FixTheData, RetryLater, StopAndCall

CODE = re.compile(r"^\[[A-Z0-9_.]+\] ")
PLACE = re.compile(r"line (\d+),? (pos|position) (\d+)")
FULL = "No space left on device"
MEMORY = (
    "java.lang.OutOfMemoryError",
    "OOMKilled",
    "exit code: 137",
    "exit code: 52",
    "Python worker exited unexpectedly",
    "MemoryError",
)
"""A heap that is full, a pod that the kernel ended, and a Python beside the heap that it ended: Spark has a word for each."""
REFUSED = "conductor.errors.FixTheConfiguration"
STORAGE = ("java.io.IOException", "FAILED_READ_FILE", "conductor.errors.RetryLater")
"""What Java says, and what our own code in a task raised."""


@contextmanager
def sorted_spark_errors(dataset: str, memory_bytes: int) -> Generator[None]:
    """Turn errors of Spark within into those of this product. Spark quotes values, so its own error is not kept.

    Where `memory_bytes` were not enough, twice as many are proposed.
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise _sorted(error, dataset, memory_bytes) from None


def words(error: PySparkException | Py4JError) -> str:
    """Give what Spark says of SQL, on one line, with the place and without its codes; it may quote a value of the SQL."""
    text = str(error)
    said = text.splitlines()[0].split(" SQLSTATE")[0].rstrip(" .")
    found = PLACE.search(text)
    if found is None:
        return CODE.sub("", said)
    line, kind, column = found.groups()
    # Where an analysis failed Spark counts columns from 0, where a value did from 1.
    return f"{CODE.sub('', said)} (line {line}, column {int(column) + (kind == 'pos')})"


def _sorted(error: PySparkException | Py4JError, dataset: str, memory_bytes: int) -> ConductorError:
    if isinstance(error, AnalysisException | ParseException):
        return FixTheConfiguration(f"the SQL of {dataset} does not run: {words(error)}")
    text, kind = str(error), type(error).__name__
    if FULL in text:
        return StopAndCall(f"the disk is full while {dataset} is refined")
    if any(part in text for part in MEMORY):
        return FixTheConfiguration(
            f"Spark's memory is too small for {dataset}",
            next_command=f"export CONDUCTOR_MEMORY_BYTES={2 * memory_bytes}",
        )
    if REFUSED in text:
        return FixTheConfiguration(f"storage refuses what {dataset} needs")
    if isinstance(error, Py4JError) or any(part in text for part in STORAGE):
        return RetryLater(f"Spark or storage failed while {dataset} was refined ({kind})")
    return FixTheData(f"values of {dataset} do not fit the types of its SQL ({kind})")
