"""Open a workspace from its block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import cast

from blocks.notifier import Notifier
from blocks.workspace import Workspace as WorkspaceBlock
from conductor.embedded import when_asked
from conductor.ledger import Ledger
from conductor.secrets import resolve
from conductor.settings import Settings, load_settings
from conductor.sources.sealed_tokens import SealedTokenStore
from conductor.sources.tokens import TOKENS, FileTokenStore, TokenStore
from conductor.warehouses.choose import open_warehouse
from conductor.warehouses.protocol import Warehouse
from conductor.workspace import Workspace, load_products


def open_block(
    name: str, environment: Mapping[str, str], now: Callable[[], datetime], run_id: str
) -> Workspace:
    """Load the block of this name and open what it names. `ValueError` if there is no such block."""
    return open_loaded(cast(WorkspaceBlock, WorkspaceBlock.load(name)), name, environment, now, run_id)


def open_loaded(
    block: WorkspaceBlock, name: str, environment: Mapping[str, str], now: Callable[[], datetime], run_id: str
) -> Workspace:
    """Open what a block names. Its home may be empty at every start."""
    block.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = block_settings(block, load_settings(block.home, environment), environment)
    parts = parts_of_block(block, environment, now)
    parts.ledger.migrate()
    return Workspace(
        name=name,
        settings=settings,
        home=block.home,
        raw=block.raw.store(),
        lake=block.lake.store(),
        backup=block.backup.store(),
        ledger=parts.ledger,
        warehouse=parts.warehouse,
        tokens=parts.tokens,
        connect=when_asked(settings, parts.tokens, now),
        now=now,
        run_id=run_id,
        products=load_products(settings.products_path),
    )


@dataclass(frozen=True)
class Databases:
    """The parts of a workspace that references lead to."""

    ledger: Ledger
    warehouse: Warehouse
    tokens: TokenStore


def parts_of_block(
    block: WorkspaceBlock, environment: Mapping[str, str], now: Callable[[], datetime]
) -> Databases:
    """Follow a block's references to its databases; nothing is asked of them yet."""
    secret = partial(resolve, environment=environment)
    url = secret(block.ledger_url).get_secret_value() or f"sqlite:///{block.home / 'ledger.sqlite'}"
    ledger, keys = Ledger(url, now), secret(block.token_key)
    return Databases(
        ledger=ledger,
        warehouse=open_warehouse(block.home, secret(block.warehouse_url), secret(block.warehouse_reader_url)),
        tokens=SealedTokenStore(ledger, keys)
        if keys.get_secret_value()
        else FileTokenStore(block.home / TOKENS),
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
