"""Which warehouse a workspace has."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from conductor.errors import Missing
from conductor.warehouses.protocol import Warehouse


def open_warehouse(home: Path, url: SecretStr, reader_url: SecretStr) -> Warehouse:
    """Give the PostgreSQL warehouse at an address; without one the DuckDB file of the home. `Missing` without the driver."""
    if not url.get_secret_value():
        from conductor.warehouses.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(home / "warehouse.duckdb")
    try:
        from conductor.warehouses.postgres import PostgresWarehouse
    except ModuleNotFoundError:
        raise Missing(
            "a warehouse in PostgreSQL needs the extra 'postgres'",
            next_command="pip install 'cloud-conductor[postgres]'",
        ) from None
    return PostgresWarehouse(url.get_secret_value(), reader_url.get_secret_value())
