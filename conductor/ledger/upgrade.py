"""Bringing the tables up to this program, and telling whether they are.

Alembic is imported where there is something to bring up: nearly every start of a run finds the tables as they should be.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from conductor.errors import FixTheConfiguration
from conductor.ledger.database import Database
from conductor.ledger.faults import corrupt

if TYPE_CHECKING:
    from alembic.config import Config

KNOWN = sorted(
    path.name[:4] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py")
)
"""The revisions of the tables, oldest first: what the names of the migrations begin with."""
# Any number, the same for all: replicas that start together migrate one after the other.
MIGRATION_LOCK = 0x636F6E64


def migrate(database: Database) -> None:
    """Upgrade in one transaction, so that a killed upgrade leaves the old tables."""
    if database.path and not database.path.exists():
        _create(database.path)
    if database.read(_revision) == KNOWN[-1]:
        return
    database.write(lambda connection: _upgrade(connection, database))


def check(database: Database) -> None:
    """Read through the file where there is one, and compare the tables' revision with this program's."""
    revision = database.read(lambda connection: _sound_revision(connection, database))
    if revision is None:
        raise FixTheConfiguration(f"The ledger {database.address} is not set up", next_command="conductor up")
    _refuse_newer(revision, database)
    if revision != KNOWN[-1]:
        raise FixTheConfiguration(
            f"The ledger {database.address} is at revision {revision} and this program needs {KNOWN[-1]}",
            next_command="conductor up",
        )


def _create(path: Path) -> None:
    """Make an empty file, its owner's only, with write-ahead logging: readers and the writer never wait.

    SQLite lets nobody wait while a file changes over to that log, so it gets its name after the change.
    """
    try:
        with TemporaryDirectory(prefix=path.name, dir=path.parent) as folder:
            empty = Path(folder) / "empty.db"
            empty.touch(mode=0o600)
            with closing(sqlite3.connect(empty)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
            with suppress(FileExistsError):
                path.hardlink_to(empty)
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FixTheConfiguration(f"The ledger {path} cannot be created: {reason}") from error


def _upgrade(connection: Connection, database: Database) -> None:
    from alembic import command

    if not database.path:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    revision = _revision(connection)
    if revision is not None:
        _refuse_newer(revision, database)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _sound_revision(connection: Connection, database: Database) -> str | None:
    if database.path and connection.execute(text("PRAGMA quick_check(1)")).scalar_one() != "ok":
        raise corrupt(database.address)
    return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _refuse_newer(revision: str, database: Database) -> None:
    if revision not in KNOWN:
        raise FixTheConfiguration(
            f"The ledger {database.address} is at revision {revision}, which is newer than this program",
            next_command="pip install --upgrade cloud-conductor",
        )


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "conductor.ledger:migrations")
    return config
