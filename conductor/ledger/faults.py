"""What an error of the database means to whoever called."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, StatementError

from conductor.errors import ConductorError, FixTheConfiguration, RetryLater, StopAndCall
from conductor.postgres import COLLISIONS, sorted_by_code, unusable


def collided(error: BaseException) -> bool:
    """Whether the database undid a transaction that may simply be run again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in COLLISIONS


def explain(error: StatementError, address: str) -> ConductorError:
    """Sort an error of SQLAlchemy by what to do. The sentence holds the address without user or password."""
    cause = error.orig
    if isinstance(cause, ConductorError):
        return cause
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(getattr(cause, "sqlite_errorname", ""), address)
    return sorted_by_code(getattr(cause, "sqlstate", None), str(cause), f"ledger {address}")


def _of_sqlite(name: str, address: str) -> ConductorError:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return RetryLater(f"The ledger {address} is locked by another process")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return corrupt(address)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_READONLY", "SQLITE_AUTH")):
        if not Path(address).exists():
            return FixTheConfiguration(f"There is no ledger at {address}", next_command="conductor up")
        return FixTheConfiguration(f"The ledger {address} may not be read and written by this user")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return StopAndCall(f"The disk under the ledger {address} is full or failing ({name})")
    return unusable(f"ledger {address}", name)


def corrupt(address: str) -> FixTheConfiguration:
    """Say that the file is not, or no longer, a ledger."""
    return FixTheConfiguration(
        f"The ledger {address} is damaged: it is not a readable SQLite database",
        next_command="move that file aside, then type: conductor reconcile",
    )
