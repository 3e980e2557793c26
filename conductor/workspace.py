"""A workspace: the one value that says where zones, backup, ledger, warehouse and books are, opened and ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from conductor.contracts.load import discover
from conductor.contracts.model import Contract, Product
from conductor.errors import FixTheConfiguration
from conductor.ledger import Ledger
from conductor.settings import Settings
from conductor.sources.named import named_sources
from conductor.sources.quickbooks import QuickBooks
from conductor.sources.tokens import TokenStore
from conductor.stores.protocol import Store
from conductor.tables import CuratedTable
from conductor.warehouses.protocol import Warehouse
from conductor.zones import Zone

Connect = Callable[[str], QuickBooks]
SHIPPED = Path(__file__).parent / "shipped"
ROOT = SHIPPED if SHIPPED.exists() else Path(__file__).parent.parent


@dataclass(frozen=True)
class Workspace:
    """Everything a step may reach, opened. `connect` gives a client of a company of the accounting system.

    `raw` and `lake` may be one store or two; `lake` holds the curated, quarantine, errors, docs and archive zones.
    `home` is a local folder for scratch, and in an embedded workspace for pages and logs; `run_id` names the run in the ledger.
    """

    name: str
    settings: Settings
    home: Path
    raw: Store
    lake: Store
    backup: Store
    ledger: Ledger
    warehouse: Warehouse
    tokens: TokenStore
    connect: Connect
    now: Callable[[], datetime]
    run_id: str
    products: Mapping[str, Product] = field(default_factory=dict[str, Product])

    @property
    def scratch(self) -> Path:
        """Folder for what a turn needs on disk and nobody afterwards."""
        return self.home / "scratch"

    def product(self, dataset: str) -> Product:
        """Give a product; one that no products folder holds is `FixTheConfiguration`."""
        if dataset not in self.products:
            known = ", ".join(sorted(self.products)) or "none"
            raise FixTheConfiguration(f"there is no product {dataset!r}; known are: {known}")
        return self.products[dataset]

    def store(self, zone: Zone) -> Store:
        """Give the store that keeps a zone."""
        return self.raw if zone is Zone.RAW else self.lake

    def source(self, name: str) -> QuickBooks:
        """Give a client of the company that a source is."""
        known = named_sources(self.settings)
        if name not in known:
            raise FixTheConfiguration(f"there is no source {name!r}; known are: {', '.join(sorted(known))}")
        return self.connect(known[name].company)

    def books(self) -> QuickBooks:
        """Give a client of the group company, whose books get the day's entries."""
        return self.connect(self.settings.group_realm)

    def table(self, contract: Contract) -> CuratedTable:
        """Give a product's curated table."""
        return CuratedTable(self.lake, contract)

    def close(self) -> None:
        """Let go of the ledger's connections."""
        self.ledger.close()


def load_products(extra: Sequence[Path]) -> Mapping[str, Product]:
    """Read all products: the shipped ones and those in folders of the user's own."""
    return discover((ROOT / "products", *extra))


DBT_PROJECT = ROOT / "dbt"
