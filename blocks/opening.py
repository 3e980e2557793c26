"""Open a workspace from its block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import cast

from blocks.notifier import Notifier
from blocks.workspace import Workspace as WorkspaceBlock
from conductor.ledger import Ledger
from conductor.secrets import resolve
from conductor.settings import Settings, load_settings
from conductor.sources.connections import connector
from conductor.warehouses.duckdb import DuckDBWarehouse
from conductor.workspace import Workspace, load_products


def open_block(
    name: str, environment: Mapping[str, str], now: Callable[[], datetime], run_id: str
) -> Workspace:
    """Load the block of this name and open what it names. `ValueError` if there is no such block."""
    block = cast(WorkspaceBlock, WorkspaceBlock.load(name))
    block.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = block_settings(block, load_settings(block.home, environment), environment)
    url = (
        resolve(block.ledger_url, environment).get_secret_value()
        or f"sqlite:///{block.home / 'ledger.sqlite'}"
    )
    ledger = Ledger(url, now)
    ledger.migrate()
    return Workspace(
        name=name,
        settings=settings,
        home=block.home,
        raw=block.raw.store(),
        lake=block.lake.store(),
        backup=block.backup.store(),
        ledger=ledger,
        warehouse=DuckDBWarehouse(block.home / "warehouse.duckdb"),
        connect=connector(settings, Path(block.home) / "secrets" / "tokens", now),
        now=now,
        run_id=run_id,
        products=load_products(settings.products_path),
    )


def block_settings(block: WorkspaceBlock, base: Settings, environment: Mapping[str, str]) -> Settings:
    """Give the settings that a block stands for; its references are followed, and what it does not say stays as it is."""
    api, notifier = block.accounting, block.notifier or Notifier.model_validate({})
    return base.model_copy(
        update={
            "timezone": block.timezone,
            "lease_seconds": block.lease_seconds,
            "products_path": tuple(block.products_path),
            "accounting_url": api.url,
            "accounting_realm": api.realm,
            "group_realm": api.group_realm,
            "accounting_client_id": api.client_id,
            "accounting_client_secret": resolve(api.client_secret, environment),
            "page_size": api.page_size,
            "sources": tuple(api.sources) or base.sources,
            "slack_webhook_url": resolve(notifier.slack_webhook_url, environment),
            "pagerduty_routing_key": resolve(notifier.pagerduty_routing_key, environment),
            "smtp_host": notifier.smtp_host,
            "smtp_port": notifier.smtp_port,
            "smtp_user": notifier.smtp_user,
            "smtp_password": resolve(notifier.smtp_password, environment),
            "smtp_tls": notifier.smtp_tls,
            "email_from": notifier.email_from,
            "email_to": tuple(notifier.email_to),
        }
    )
