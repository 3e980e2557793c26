"""Answers to people: one reading statement at a time, for a bounded time, and nothing of it stays."""

from __future__ import annotations

from typing import LiteralString, cast

import psycopg

from conductor.errors import FixTheConfiguration
from conductor.warehouses.postgres_session import PostgresSession
from conductor.warehouses.protocol import QueryResult

SECONDS = 300
TABLES = "conductor query \"select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'\""
# Too many words, no such table or column, no right, a write: what a person who typed it can mend.
WRONG = ("42", "0A", "22", "25006", "3F000", "21")


def answer(session: PostgresSession, query: str) -> QueryResult:
    """Run one reading statement in a transaction that only reads, and undo what a statement may have set for it.

    Errors: `FixTheConfiguration` for one that is wrong, not allowed or too long at work.
    """
    session.run(f"SET LOCAL statement_timeout = '{SECONDS}s'")
    try:
        # Prepared, so that the server takes no second statement after a semicolon.
        result = session.connection.execute(cast(LiteralString, query), prepare=True)
        if result.description is None:
            raise FixTheConfiguration(
                "a query is one statement that reads, such as SELECT or EXPLAIN", next_command=TABLES
            )
        return QueryResult(tuple(column.name for column in result.description), tuple(result.fetchall()))
    except psycopg.errors.QueryCanceled:
        raise FixTheConfiguration(f"the query was stopped after {SECONDS} s: ask for less") from None
    except psycopg.Error as error:
        if isinstance(error, psycopg.OperationalError) or not (error.sqlstate or "42").startswith(WRONG):
            raise
        raise FixTheConfiguration(
            f"the query cannot be answered: {error.diag.message_primary or 'it does not read'}",
            next_command=TABLES,
        ) from None
    finally:
        # Whatever state a statement left it in: what it set, or began, ends here.
        session.connection.close()
