"""What an error of the database means to whoever called."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, StatementError

from conductor.errors import ConductorError, FixTheConfiguration, RetryLater, StopAndCall

# Only connecting has no SQLSTATE in libpq; these phrases are the server's own and mean that waiting will not
# help.
REFUSALS = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "pg_hba.conf",
    "not permitted to log in",
)
COLLISIONS = frozenset({"40001", "40P01"})


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
    return _of_postgres(getattr(cause, "sqlstate", None), str(cause), address)


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
    return unusable(address, name)


def _of_postgres(sqlstate: str | None, message: str, address: str) -> ConductorError:
    if sqlstate is None:
        if any(phrase in message for phrase in REFUSALS):
            return FixTheConfiguration(
                f"The ledger {address} refuses this user or database", next_command="conductor doctor"
            )
        return RetryLater(f"The ledger {address} does not answer")
    # Lock timeout, collision, connection lost, server stopping or starting, out of connections or memory.
    if sqlstate in COLLISIONS | {"55P03", "53200", "53300"} or sqlstate.startswith(("08", "57P")):
        return RetryLater(f"The ledger {address} is busy or restarting (SQLSTATE {sqlstate})")
    if sqlstate == "53100" or sqlstate.startswith(("58", "XX")):
        return StopAndCall(f"The disk under the ledger {address} is full or failing (SQLSTATE {sqlstate})")
    return unusable(address, f"SQLSTATE {sqlstate}")


def corrupt(address: str) -> FixTheConfiguration:
    """Say that the file is not, or no longer, a ledger."""
    return FixTheConfiguration(
        f"The ledger {address} is damaged: it is not a readable SQLite database",
        next_command="move that file aside, then type: conductor reconcile",
    )


def unusable(address: str, code: str) -> FixTheConfiguration:
    """Say that the database answered, but not as a ledger of this version would."""
    return FixTheConfiguration(
        f"The ledger {address} does not fit this program ({code})", next_command="conductor doctor"
    )
