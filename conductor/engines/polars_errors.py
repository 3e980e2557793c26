"""What Polars raises, sorted by what to do about it."""

from __future__ import annotations

import errno
import re
from collections.abc import Generator
from contextlib import contextmanager

from polars import exceptions

from conductor.errors import ConductorError, FixTheConfiguration, FixTheData, RetryLater, StopAndCall

SQL_ERRORS = (exceptions.SQLInterfaceError, exceptions.SQLSyntaxError, exceptions.ColumnNotFoundError)
FULL = re.compile(rf"\(os error ({errno.ENOSPC}|{errno.EDQUOT})\)")
"""A full disk: Polars raises it in the class of values that do not fit, so here the text has to tell."""


@contextmanager
def sorted_errors(dataset: str) -> Generator[None]:
    """Turn errors of Polars within into those of this product."""
    try:
        yield
    except (exceptions.PolarsError, OSError) as error:
        raise _sorted(error, dataset) from (error if isinstance(error, (*SQL_ERRORS, OSError)) else None)


def _sorted(error: exceptions.PolarsError | OSError, dataset: str) -> ConductorError:
    """Give the error to raise. Polars quotes values, so only its words on names in the SQL are passed on."""
    kind = type(error).__name__
    if FULL.search(str(error)):
        return StopAndCall(f"the disk is full while {dataset} is refined")
    if isinstance(error, SQL_ERRORS):
        return FixTheConfiguration(f"the SQL of {dataset} does not run: {str(error).splitlines()[0]}")
    if isinstance(error, exceptions.SchemaError):
        return FixTheConfiguration(f"the SQL of {dataset} compares or joins types that do not fit")
    if isinstance(error, PermissionError | FileNotFoundError):
        return FixTheConfiguration(f"storage refuses what {dataset} needs ({kind})")
    if isinstance(error, OSError):
        return RetryLater(f"storage failed while {dataset} was refined ({kind})")
    return FixTheData(f"values of {dataset} do not fit the types of its SQL ({kind})")
