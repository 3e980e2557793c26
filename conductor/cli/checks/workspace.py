"""Ledger, warehouse, stores, contracts and receivers of notices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from conductor.cli.checks.finding import Finding, note, ok, problem
from conductor.errors import RetryLater
from conductor.ledger import Ledger
from conductor.settings import Settings
from conductor.stores.folder import FolderStore
from conductor.stores.protocol import Store
from conductor.warehouses.duckdb import DuckDBWarehouse
from conductor.warehouses.duckdb_errors import translated
from conductor.warehouses.protocol import Warehouse
from conductor.workspace import load_products
from conductor.zones import Zone


def ledger(found: Ledger) -> Iterator[Finding]:
    """Read through the ledger and compare its tables with those of this program."""
    try:
        found.check()
    finally:
        found.close()
    yield ok("ledger", "readable, sound, and at the revision of this program")


def warehouse(found: Warehouse) -> Iterator[Finding]:
    """Open the warehouse for reading, or say who is writing it."""
    if isinstance(found, DuckDBWarehouse):
        yield from _file(found.file)
        return
    loads, _ = found.loads(), found.schema_types()
    yield ok("warehouse", f"{found.name} answers, as the loader and as the reader; {len(loads):,} loads")


def _file(file: Path) -> Iterator[Finding]:
    if not file.exists():
        yield note("warehouse", "nothing was loaded yet", "conductor run nightly-financials")
        return
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("SELECT count(*) FROM information_schema.tables")
    except duckdb.Error as error:
        plain = translated(error, file)
        if not isinstance(plain, RetryLater):
            raise plain from None
        yield note("warehouse", plain.sentence, plain.next_command)
        return
    yield ok("warehouse", f"{file} opens, and nobody is writing it")


def store(about: str, found: Store, zone: Zone) -> Iterator[Finding]:
    """List a store; ask one that is no folder what it enforces."""
    there = next(iter(found.list(zone.value)), None)
    told = "reachable" if there else f"reachable, with nothing under {zone.value}/ yet"
    if isinstance(found, FolderStore):
        yield ok(about, f"{found.name}: {told}; a folder keeps no versions and no locks")
        return
    enforced = found.protection()
    yield ok(about, f"{found.name}: {told}; encryption: {enforced.encryption or 'none named'}")
    if not enforced.versioning:
        yield problem(about, f"{found.name} keeps no versions", "switch versioning on for the bucket")
    if enforced.lock is None:
        yield note(about, f"{found.name} locks no version: what is there can be removed")
    else:
        yield ok(about, f"versions are locked ({enforced.lock}) for {enforced.retention_days} days")


def shared_store(about: str, found: Store, zone: Zone) -> Iterator[Finding]:
    """Look at a store that pods are to share, which a folder is not."""
    if isinstance(found, FolderStore):
        yield problem(
            about,
            f"{found.name} is a folder, which pods do not share",
            f"set {about} in the block to a bucket",
        )
        return
    yield from store(about, found, zone)


def contracts(settings: Settings) -> Iterator[Finding]:
    """Read all contracts and their SQL."""
    products = load_products(settings.products_path)
    yield ok("contracts", f"{len(products)} products: {', '.join(sorted(products))}")


def notices(settings: Settings) -> Iterator[Finding]:
    """Say who is told when a run fails."""
    receivers = {
        "Slack": settings.slack_webhook_url.get_secret_value(),
        "PagerDuty": settings.pagerduty_routing_key.get_secret_value(),
        "mail": settings.smtp_host and settings.email_to,
    }
    chosen = [name for name, value in receivers.items() if value]
    if bool(settings.smtp_host) != bool(settings.email_to):
        missing = "email_to" if settings.smtp_host else "smtp_host"
        yield problem("notices", f"mail is set by half: {missing} is empty", f"set {missing}")
    if chosen:
        yield ok("notices", f"go to {', '.join(chosen)}")
    else:
        yield note(
            "notices",
            "go to nobody",
            "set slack_webhook_url, pagerduty_routing_key, or smtp_host and email_to",
        )
