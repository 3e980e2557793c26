"""Which files are generated, from what, and which of them are stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from conductor.cli.generate import (
    blocks,
    chart,
    commands,
    errors,
    events,
    pool_template,
    products,
    settings,
    snapshot,
)
from conductor.cli.generate.chart import CHART
from conductor.cli.generate.pools import POOLS
from conductor.contracts.dbt import sources
from conductor.contracts.ddl import Warehouse
from conductor.workspace import load_products

REFERENCE = Path("docs/reference")
"""A folder in which every file is generated."""
DBT_SOURCES = Path("dbt/models/staging/_sources.yml")
TEMPLATES = (Path("k8s/pools"), CHART / "files/pools")
"""Where base job templates lie: for who types `conductor pools apply`, and in the chart, which can read only what is in it."""
SERVICE_TEMPLATES = (Path("k8s/services/spark.json"), CHART / "files/pools/spark-service.json")
"""That of a pool `spark` whose runs are jobs at a service, in a folder of its own: a pool is of one type."""


def generated(root: Path) -> Mapping[Path, str]:
    """Give the text of every generated file by its path below `root`."""
    contracts = [product.contract for product in load_products(()).values()]
    pages = {
        "settings.md": settings.page(),
        "cli.md": commands.page(),
        "blocks.md": blocks.page(),
        "errors.md": errors.page(),
        "events.md": events.page(),
        "snapshot.json": snapshot.snapshot(root / "prefect.yaml", contracts),
        **{f"products/{products.file_name(contract)}": products.page(contract) for contract in contracts},
    }
    found = {REFERENCE / name: text for name, text in pages.items()}
    found |= {
        folder / f"{pool.name}.json": pool_template.template(pool) for pool in POOLS for folder in TEMPLATES
    }
    found |= {path: pool_template.service_template() for path in SERVICE_TEMPLATES}
    found |= {CHART / "README.md": chart.readme(root)}
    return found | {DBT_SOURCES: sources(contracts, Warehouse.DUCKDB)}


def stale(root: Path, wanted: Mapping[Path, str]) -> tuple[Path, ...]:
    """Give the files that are missing or say something else, and those that nothing generates any more."""
    changed = [path for path, text in wanted.items() if _read(root / path) != text]
    return tuple(sorted([*changed, *_unwanted(root, wanted)]))


def write(root: Path, wanted: Mapping[Path, str]) -> None:
    """Make the folder of reference pages hold what is wanted and nothing else. Repeats: the same files."""
    for path in list(_unwanted(root, wanted)):
        (root / path).unlink()
    for path, text in wanted.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _unwanted(root: Path, wanted: Mapping[Path, str]) -> Iterator[Path]:
    for path in (root / REFERENCE).rglob("*"):
        if path.is_file() and path.relative_to(root) not in wanted:
            yield path.relative_to(root)
