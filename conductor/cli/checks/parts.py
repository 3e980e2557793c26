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
from conductor.secrets import resolve
from conductor.settings import Settings, load_settings
from conductor.stores import StoreKind, open_store
from conductor.stores.protocol import Store


@dataclass(frozen=True)
class Parts:
    """What there is to look at. `home` keeps the warehouse, the tokens and what runs."""

    home: Path
    settings: Settings
    ledger: Ledger
    raw: Store
    lake: Store
    backup: Store


def parts_of(home: Path, workspace: str, now: Callable[[], datetime]) -> Parts:
    """Give the parts of a workspace. A wrong setting or reference, or an unknown block, is `FixTheConfiguration`."""
    if workspace != EMBEDDED:
        return _of_block(workspace, now)
    store = open_store(StoreKind.FOLDER, root=home / "store")
    return Parts(
        home=home,
        settings=load_settings(home, os.environ),
        ledger=Ledger(f"sqlite:///{home / 'ledger.sqlite'}", now),
        raw=store,
        lake=store,
        backup=open_store(StoreKind.FOLDER, root=home / "backup"),
    )


def _of_block(name: str, now: Callable[[], datetime]) -> Parts:
    from blocks.opening import block_settings
    from blocks.workspace import Workspace

    with prefect_answering(name):
        try:
            block = cast(Workspace, Workspace.load(name))
        except ValueError:
            raise FixTheConfiguration(
                f"there is no workspace {name!r}: no block of that name is saved",
                next_command="prefect block ls",
            ) from None
    url = resolve(block.ledger_url, os.environ).get_secret_value()
    return Parts(
        home=block.home,
        settings=block_settings(block, load_settings(block.home, os.environ), os.environ),
        ledger=Ledger(url or f"sqlite:///{block.home / 'ledger.sqlite'}", now),
        raw=block.raw.store(),
        lake=block.lake.store(),
        backup=block.backup.store(),
    )
