"""A workspace on a cluster, as one block that names all its parts."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field

from blocks.accounting_api import AccountingAPI
from blocks.notifier import Notifier
from blocks.storage import FolderStorage, S3Storage
from conductor.secrets import REFERENCE


class Workspace(Block):
    """Zones, backup, ledger, warehouse and accounting system of one team. Flows take its name, never its parts."""

    _block_type_name: ClassVar[str | None] = "Workspace"
    _block_type_slug: ClassVar[str | None] = "conductor-workspace"
    _description: ClassVar[str | None] = "One team's zones, backup, ledger, warehouse and accounting system."

    timezone: str = Field("UTC", description="Zone in which a scheduled time becomes a business date.")
    home: Path = Field(
        description="Local folder for scratch; on a cluster nothing in it has to outlive a pod."
    )
    raw: FolderStorage | S3Storage = Field(description="Raw zone: create-only, locked where the store can.")
    lake: FolderStorage | S3Storage = Field(
        description="Curated, quarantine, errors, docs and archive zones."
    )
    backup: FolderStorage | S3Storage = Field(description="Second place for raw, in another region or cloud.")
    ledger_url: str = Field(
        "",
        pattern=REFERENCE,
        description="Reference to the ledger's database address (env:NAME, file:/path); empty: SQLite in the home.",
    )
    warehouse_url: str = Field(
        "",
        pattern=REFERENCE,
        description="Reference to the warehouse's PostgreSQL address; empty: DuckDB in the home.",
    )
    warehouse_reader_url: str = Field(
        "",
        pattern=REFERENCE,
        description="Reference to the address of a user who may only read the warehouse, for queries; empty: warehouse_url.",
    )
    token_key: str = Field(
        "",
        pattern=REFERENCE,
        description="Reference to the Fernet key that seals OAuth tokens in the ledger; empty: files in the home.",
    )
    accounting: AccountingAPI = Field(description="The accounting system.")
    notifier: Notifier | None = Field(None, description="Where notices go; nothing sends none.")
    lease_seconds: int = Field(
        120, ge=1, description="After how long without a sign of life a run may be replaced."
    )
    products_path: list[Path] = Field(
        default_factory=list[Path], description="Folders with data products of your own."
    )
