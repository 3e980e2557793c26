"""The embedded workspace: two folders, two files, and the accounting system over HTTP. Nothing to install but Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path

from conductor.ledger import Ledger
from conductor.settings import Settings
from conductor.sources.connections import connector
from conductor.sources.tokens import TOKENS, FileTokenStore, TokenStore
from conductor.stores import StoreKind, open_store
from conductor.warehouses.duckdb import DuckDBWarehouse
from conductor.workspace import Connect, Workspace, load_products


def open_embedded(home: Path, settings: Settings, now: Callable[[], datetime], run_id: str) -> Workspace:
    """Open the workspace of a home folder; it is made where it is missing, but not while a contract is wrong."""
    products = load_products(settings.products_path)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = open_store(StoreKind.FOLDER, root=home / "store")
    ledger = Ledger(f"sqlite:///{home / 'ledger.sqlite'}", now)
    ledger.migrate()
    tokens = FileTokenStore(home / TOKENS)
    return Workspace(
        name="embedded",
        settings=settings,
        home=home,
        raw=store,
        lake=store,
        backup=open_store(StoreKind.FOLDER, root=home / "backup"),
        ledger=ledger,
        warehouse=DuckDBWarehouse(home / "warehouse.duckdb"),
        tokens=tokens,
        connect=when_asked(settings, tokens, now),
        now=now,
        run_id=run_id,
        products=products,
    )


def when_asked(settings: Settings, tokens: TokenStore, now: Callable[[], datetime]) -> Connect:
    """Give what opens a company. The accounting system is first looked at when one is opened: reading needs none."""
    opened = cache(lambda: connector(settings, tokens, now))
    return lambda company: opened()(company)
