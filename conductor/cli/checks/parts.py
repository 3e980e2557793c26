"""The parts of a workspace, taken up one by one and without the changes that opening it for work would make."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from conductor.cli.home import EMBEDDED
from conductor.cli.session import prefect_answering
from conductor.errors import FixTheConfiguration
from conductor.ledger import Ledger
from conductor.settings import Settings, load_settings
from conductor.sources.tokens import TOKENS, FileTokenStore, TokenStore
from conductor.stores import StoreKind, open_store
from conductor.stores.protocol import Store
from conductor.warehouses.duckdb import DuckDBWarehouse
from conductor.warehouses.protocol import Warehouse


@dataclass(frozen=True)
class Parts:
    """What there is to look at. `home` keeps what runs, and in an embedded workspace all the rest.

    `of_block` is whether Prefect's API named the parts; `home_stays`, whether anything in the home has to outlive a process.
    """

    home: Path
    settings: Settings
    ledger: Ledger
    warehouse: Warehouse
    tokens: TokenStore
    raw: Store
    lake: Store
    backup: Store
    of_block: bool = False
    home_stays: bool = True


def parts_of(home: Path, workspace: str, now: Callable[[], datetime]) -> Parts:
    """Give the parts of a workspace. A wrong setting or reference, or an unknown block, is `FixTheConfiguration`."""
    if workspace != EMBEDDED:
        return _of_block(workspace, now)
    store = open_store(StoreKind.FOLDER, root=home / "store")
    return Parts(
        home=home,
        settings=load_settings(home, os.environ),
        ledger=Ledger(f"sqlite:///{home / 'ledger.sqlite'}", now),
        warehouse=DuckDBWarehouse(home / "warehouse.duckdb"),
        tokens=FileTokenStore(home / TOKENS),
        raw=store,
        lake=store,
        backup=open_store(StoreKind.FOLDER, root=home / "backup"),
    )


def _of_block(name: str, now: Callable[[], datetime]) -> Parts:
    from blocks.opening import block_settings, parts_of_block
    from blocks.workspace import Workspace

    with prefect_answering(name):
        try:
            block = cast(Workspace, Workspace.load(name))
        except ValueError:
            raise FixTheConfiguration(
                f"there is no workspace {name!r}: no block of that name is saved",
                next_command="prefect block ls",
            ) from None
    databases = parts_of_block(block, os.environ, now)
    return Parts(
        home=block.home,
        settings=block_settings(block, load_settings(block.home, os.environ), os.environ),
        ledger=databases.ledger,
        warehouse=databases.warehouse,
        tokens=databases.tokens,
        raw=block.raw.store(),
        lake=block.lake.store(),
        backup=block.backup.store(),
        of_block=True,
        home_stays=not (block.ledger_url and block.warehouse_url and block.token_key),
    )
