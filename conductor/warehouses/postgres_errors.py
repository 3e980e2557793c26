"""What PostgreSQL's errors ask for, in a warehouse."""

from __future__ import annotations

import re

import psycopg

from conductor.errors import ConductorError, FixTheConfiguration
from conductor.postgres import sorted_by_code

# No such role, may not act as it, no right, no such schema or table: what `prepare` makes.
UNPREPARED = frozenset({"22023", "42501", "3F000", "42P01", "42704"})
PREPARE = "conductor warehouse prepare"
# What dbt says of its connection when waiting helps.
BUSY = re.compile(
    "connection refused|could not connect|server closed the connection|terminating connection|deadlock detected"
    "|lock timeout|could not serialize|the database system is|timeout expired|too many clients|connection has been closed",
    re.IGNORECASE,
)


def translated(error: psycopg.Error, address: str) -> ConductorError:
    """Give the error by what to do about it. The sentence holds neither user, password nor a value."""
    if error.sqlstate in UNPREPARED:
        return FixTheConfiguration(
            f"the warehouse {address} is not prepared: a role, a right or a table of its own is missing "
            f"(SQLSTATE {error.sqlstate})",
            next_command=PREPARE,
        )
    return sorted_by_code(error.sqlstate, str(error), f"warehouse {address}")
