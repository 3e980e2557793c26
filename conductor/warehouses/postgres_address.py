"""The address of a PostgreSQL warehouse: told without its secrets, and as dbt wants it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from conductor.errors import FixTheConfiguration
from conductor.warehouses.postgres_errors import BUSY
from conductor.warehouses.postgres_roles import BUILDER
from conductor.warehouses.protocol import BuildTarget

# dbt keeps what is named so out of its logs, and lets only a profile read it.
PASSWORD = "DBT_ENV_SECRET_WAREHOUSE_PASSWORD"  # noqa: S105 (a variable's name)
KEPT = ("sslmode", "sslcert", "sslkey", "sslrootcert")
KEEP_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class Address:
    """A database's address, as `postgresql://user:password@host/database`; wrong ones are `FixTheConfiguration`."""

    def __init__(self, url: str) -> None:
        url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        try:
            self._parts: Mapping[str, Any] = conninfo_to_dict(url) if "://" in url else {}
        except psycopg.ProgrammingError:
            self._parts = {}  # the parser's complaint may quote a part of the password
        if not self._parts.get("dbname") or not url.startswith(("postgresql://", "postgres://")):
            raise FixTheConfiguration(
                "the warehouse's address is not postgresql://user:password@host/database",
                next_command="conductor doctor",
            )

    def __str__(self) -> str:
        return f"postgresql://{self._parts.get('host') or 'local'}/{self._parts['dbname']}"

    @property
    def user(self) -> str:
        """Whom the address logs in as; empty leaves it to the surroundings."""
        return str(self._parts.get("user") or "")

    def connecting(self, patience: float) -> dict[str, Any]:
        """Give what to connect with. Who holds locks and falls silent is cut off, so that the next one can go on."""
        settings = f"-c timezone=UTC -c lock_timeout={int(patience * 1000)} -c idle_in_transaction_session_timeout=60s"
        own = {"application_name": "conductor", "connect_timeout": max(2, int(patience)), **KEEP_ALIVE}
        options = f"{self._parts.get('options', '')} {settings}".strip()
        return {**own, **self._parts, "options": options}

    def build_target(self) -> BuildTarget:
        """Give where dbt builds; the password is in the environment only."""
        output = {
            "type": "postgres",
            "host": self._parts.get("host", ""),
            "port": int(self._parts.get("port") or 5432),
            "user": self.user,
            "password": f"{{{{ env_var('{PASSWORD}') }}}}",
            "dbname": self._parts["dbname"],
            "schema": "marts",
            "role": BUILDER,
            "keepalives_idle": KEEP_ALIVE["keepalives_idle"],
            "connect_timeout": 10,
            "retries": 1,
            **{name: self._parts[name] for name in KEPT if name in self._parts},
        }
        environment = {PASSWORD: str(self._parts.get("password") or ""), "PGTZ": "UTC"}
        return BuildTarget("postgres", output, BUSY, environment)
