"""What Spark raises, sorted by what to do about it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, ParseException, PySparkException

from conductor.errors import ConductorError, FixTheConfiguration, FixTheData, RetryLater, StopAndCall

FULL = "No space left on device"
MEMORY = "java.lang.OutOfMemoryError"
STORAGE = ("java.io.IOException", "FAILED_READ_FILE")


@contextmanager
def sorted_spark_errors(dataset: str) -> Generator[None]:
    """Turn errors of Spark within into those of this product. Spark quotes values, so its own error is not kept."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise _sorted(error, dataset) from None


def words(error: PySparkException) -> str:
    """Give what Spark says of SQL, on one line without its codes and its plan; it may quote a value of the SQL."""
    first = str(error).splitlines()[0]
    return first.split("] ", 1)[-1].replace(" SQLSTATE", ";SQLSTATE").split(";SQLSTATE")[0].rstrip(" .")


def _sorted(error: PySparkException | Py4JError, dataset: str) -> ConductorError:
    if isinstance(error, AnalysisException | ParseException):
        return FixTheConfiguration(f"the SQL of {dataset} does not run: {words(error)}")
    text, kind = str(error), type(error).__name__
    if FULL in text:
        return StopAndCall(f"the disk is full while {dataset} is refined")
    if MEMORY in text:
        return FixTheConfiguration(
            f"Spark's memory is too small for {dataset}", next_command="raise the setting memory_bytes"
        )
    if isinstance(error, Py4JError) or any(part in text for part in STORAGE):
        return RetryLater(f"Spark or storage failed while {dataset} was refined ({kind})")
    return FixTheData(f"values of {dataset} do not fit the types of its SQL ({kind})")
