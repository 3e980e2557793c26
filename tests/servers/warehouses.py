"""Warehouses of each kind by their place: the path of a file, or the address of a database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

from conductor.warehouses.duckdb import DuckDBWarehouse
from conductor.warehouses.postgres import PostgresWarehouse
from conductor.warehouses.postgres_prepare import prepare


@dataclass(frozen=True)
class NewWarehouse:
    """A prepared database: its address as the workspace's user, as one who may only read, and as the server's superuser."""

    url: str
    reader_url: str
    admin_url: str


def new_warehouse(postgres_url: str) -> NewWarehouse:
    """Make an empty database with users of its own, and prepare it."""
    admin = make_url(new_database(postgres_url, "warehouse"))
    login, reader = f"{admin.database}_user", f"{admin.database}_reader"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for user in (login, reader):
            connection.execute(f"CREATE USER {user} PASSWORD 'canary-{user}'")

    def of(user: str) -> str:
        return admin.set(username=user, password=f"canary-{user}").render_as_string(hide_password=False)

    found = NewWarehouse(of(login), of(reader), admin.render_as_string(hide_password=False))
    prepare(found.admin_url, login, (reader,))
    return found


def new_database(postgres_url: str, kind: str) -> str:
    """Make an empty database; give its address as the server's superuser."""
    name = f"{kind}_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)


def opened(place: str, patience: float = 30.0) -> DuckDBWarehouse | PostgresWarehouse:
    """Open the warehouse at a place."""
    if "://" in place:
        return PostgresWarehouse(place, patience=patience)
    return DuckDBWarehouse(Path(place), patience=patience)
