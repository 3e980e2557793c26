"""What DuckDB's errors ask for. DuckDB tells many of them apart by their text only; that reading is kept here."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from conductor.errors import ConductorError, FixTheConfiguration, RetryLater, StopAndCall

LOCKED = "Could not set lock on file"
HOLDER = re.compile(r"\(PID (\d+)\)")
CONFLICT = re.compile("conflict|constraint violat|duplicate key", re.IGNORECASE)
OF_DATA = (duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException)
"""Errors about values, which they quote."""
DISK_FULL = re.compile(r"no space left|disk quota|file too large|max_temp_directory_size", re.IGNORECASE)


def is_locked(error: Exception) -> bool:
    """Tell whether another process has the file."""
    return isinstance(error, duckdb.IOException) and LOCKED in str(error)


def is_conflict(error: Exception) -> bool:
    """Tell whether another thread of this process changed the same rows, or took the same place in the order of loads, at once."""
    return isinstance(error, duckdb.TransactionException | duckdb.ConstraintException) and bool(
        CONFLICT.search(str(error))
    )


def plainly(error: duckdb.Error) -> str:
    """Give the first line of an error without its category."""
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r"^[\w ]+ Error: ", "", first)


def translated(error: duckdb.Error, file: Path) -> ConductorError:
    """Give the error by what to do about it."""
    if is_locked(error):
        holder = HOLDER.search(str(error))
        who = f"process {holder[1]}" if holder else "another process"
        return RetryLater(f"{who} is writing the warehouse {file}", next_command="conductor status")
    if is_conflict(error):
        return RetryLater(f"another load changed the warehouse {file} at the same time")
    if DISK_FULL.search(str(error)):
        return StopAndCall(
            f"the disk of the warehouse {file} is full: {plainly(error)}", next_command="conductor doctor"
        )
    if isinstance(error, duckdb.IOException) and not file.parent.is_dir():
        return FixTheConfiguration(f"the warehouse {file} cannot be opened: its folder does not exist")
    if isinstance(error, duckdb.IOException) and re.search("permission denied", str(error), re.IGNORECASE):
        return FixTheConfiguration(f"the warehouse {file} cannot be opened: permission denied")
    said = type(error).__name__ if isinstance(error, OF_DATA) else plainly(error)
    return StopAndCall(f"the warehouse {file} failed: {said}", next_command="conductor doctor")
