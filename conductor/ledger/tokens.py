"""Sealed texts by name, for what must outlive a pod and may be read by no one else: the tokens of accounting systems.

The ledger knows nothing of what is in them; see `conductor.sources.sealed_tokens`.
"""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from conductor.ledger.database import insert
from conductor.ledger.schema import tokens
from conductor.ledger.section import Section, reads, writes


class Tokens(Section):
    """What is sealed, and compare-and-set on it."""

    @reads
    def sealed(self, connection: Connection, name: str) -> str | None:
        """Give the sealed text of a name; None if there is none."""
        return connection.execute(select(tokens.c.sealed).where(tokens.c.name == name)).scalar_one_or_none()

    @writes
    def reseal(self, connection: Connection, name: str, expected: str | None, new: str) -> bool:
        """Put `new` where `expected` is, None being nothing; give False and change nothing where something else is."""
        now = self._database.now()
        if expected is None:
            row = insert(connection, tokens).values(name=name, sealed=new, changed_at=now)
            stored = row.on_conflict_do_nothing().returning(tokens.c.name)
            return connection.execute(stored).scalar_one_or_none() is not None
        there = (tokens.c.name == name) & (tokens.c.sealed == expected)
        return (
            connection.execute(update(tokens).where(there).values(sealed=new, changed_at=now)).rowcount == 1
        )
