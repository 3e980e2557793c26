"""Make a PostgreSQL database a warehouse: its roles and what each may do, its schemas, the tables of the load ledger."""

from __future__ import annotations

from contextlib import suppress
from typing import LiteralString, TypeAlias, cast

import psycopg
from psycopg import sql as safe

from conductor.errors import FixTheConfiguration
from conductor.warehouses import sql
from conductor.warehouses.postgres_address import Address
from conductor.warehouses.postgres_errors import translated
from conductor.warehouses.postgres_roles import BUILDER, LOADER, READER, ROLES

Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]
PATIENCE = 30.0
OF_THE_LOADER = (
    f"SET LOCAL ROLE {LOADER}",
    f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {BUILDER}, {READER}",
    f"ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO {BUILDER}, {READER}",
    *sql.SYSTEM_TABLES,
    "RESET ROLE",
)
OF_THE_BUILDER = (
    f"SET LOCAL ROLE {BUILDER}",
    f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {READER}",
    f"ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO {READER}",
    "CREATE SCHEMA IF NOT EXISTS marts",
    "RESET ROLE",
)


def prepare(admin_url: str, login: str, readers: tuple[str, ...] = ()) -> str:
    """Prepare the database at an address whose user may make roles and owns it; give its name without secrets. Repeats: the same.

    The user `login` may then act as each role, and `readers` read. All or nothing is done.
    """
    address = Address(admin_url)
    try:
        with psycopg.connect(**address.connecting(PATIENCE)) as connection:
            _prepare(connection, login or address.user, readers)
    except psycopg.Error as error:
        raise translated(error, str(address)) from None
    return str(address)


def _prepare(connection: Connection, login: str, readers: tuple[str, ...]) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (sql.PREPARING,))
    _make_roles(connection, login, readers)
    _grant_database(connection)
    for statement in OF_THE_LOADER:
        connection.execute(cast(LiteralString, statement))
    # Only now may the builder make a schema: its own, and none later.
    database, builder = safe.Identifier(connection.info.dbname), safe.Identifier(BUILDER)
    connection.execute(safe.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, builder))
    for statement in OF_THE_BUILDER:
        connection.execute(cast(LiteralString, statement))
    connection.execute(safe.SQL("REVOKE CREATE ON DATABASE {} FROM {}").format(database, builder))


def _make_roles(connection: Connection, login: str, readers: tuple[str, ...]) -> None:
    found = connection.execute("SELECT rolname, rolsuper, rolname = current_user FROM pg_roles").fetchall()
    superusers = {str(name): bool(is_super) for name, is_super, _ in found}
    own = next(str(name) for name, _, is_own in found if is_own)
    for name in (login, *readers):
        if name not in superusers:
            raise FixTheConfiguration(
                f"the warehouse has no user {name}", next_command=f'psql -c "CREATE USER {name} PASSWORD …"'
            )
    for role in ROLES:
        # Roles are the server's, so the lock of this database does not keep others from making them.
        with (
            suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation),
            connection.transaction(),
        ):
            if role not in superusers:
                connection.execute(safe.SQL("CREATE ROLE {} NOLOGIN").format(safe.Identifier(role)))
    # Another one than our own has no right of a role until it acts as it.
    if login != own:
        connection.execute(safe.SQL("ALTER ROLE {} NOINHERIT").format(safe.Identifier(login)))
    # Who grants acts as each role for a moment; a superuser may do so anyway.
    for member in {login, own} - {name for name, is_super in superusers.items() if is_super}:
        _grant(connection, member, ROLES)
    for reader in readers:
        _grant(connection, reader, (READER,))


def _grant(connection: Connection, member: str, roles: tuple[str, ...]) -> None:
    for role in roles:
        connection.execute(safe.SQL("GRANT {} TO {}").format(safe.Identifier(role), safe.Identifier(member)))


def _grant_database(connection: Connection) -> None:
    """Let the loader make schemas for new products and stage rows, and nobody else fill the server's disk."""
    database = safe.Identifier(connection.info.dbname)
    connection.execute(safe.SQL("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(
        safe.SQL("GRANT CREATE, TEMPORARY ON DATABASE {} TO {}").format(database, safe.Identifier(LOADER))
    )
    connection.execute(
        safe.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(database, safe.Identifier(BUILDER))
    )
