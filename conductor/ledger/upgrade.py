"""Bringing the tables up to this program, and telling whether they are."""

from __future__ import annotations

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from conductor.errors import FixTheConfiguration
from conductor.ledger.database import Database
from conductor.ledger.faults import corrupt

# Any number, the same for all: replicas that start together migrate one after the other.
MIGRATION_LOCK = 0x636F6E64


def migrate(database: Database) -> None:
    """Upgrade in one transaction, so that a killed upgrade leaves the old tables."""
    if database.path:
        _create(database.path)
        database.keep_log_ahead()
    database.write(lambda connection: _upgrade(connection, database))


def check(database: Database) -> None:
    """Read through the file where there is one, and compare the tables' revision with this program's."""
    revision = database.read(lambda connection: _sound_revision(connection, database))
    known = [script.revision for script in _scripts().walk_revisions()]
    if revision is None:
        raise FixTheConfiguration(f"The ledger {database.address} is not set up", next_command="conductor up")
    _refuse_newer(revision, known, database)
    if revision != known[0]:
        raise FixTheConfiguration(
            f"The ledger {database.address} is at revision {revision} and this program needs {known[0]}",
            next_command="conductor up",
        )


def _create(path: Path) -> None:
    if not path.parent.is_dir():
        raise FixTheConfiguration(f"The ledger's folder {path.parent} does not exist")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return


def _upgrade(connection: Connection, database: Database) -> None:
    if not database.path:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    revision = _revision(connection)
    if revision is not None:
        _refuse_newer(revision, [script.revision for script in _scripts().walk_revisions()], database)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _sound_revision(connection: Connection, database: Database) -> str | None:
    if database.path and connection.execute(text("PRAGMA quick_check(1)")).scalar_one() != "ok":
        raise corrupt(database.address)
    return _revision(connection)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(revision: str, known: list[str], database: Database) -> None:
    if revision not in known:
        raise FixTheConfiguration(
            f"The ledger {database.address} is at revision {revision}, which is newer than this program",
            next_command="pip install --upgrade cloud-conductor",
        )


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "conductor.ledger:migrations")
    return config
