"""The dbt project of a workspace: the shipped one, with a source for every product that the workspace knows."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from conductor.contracts.dbt import sources
from conductor.contracts.ddl import Warehouse
from conductor.contracts.model import Contract

SOURCES = Path("models/staging/_sources.yml")


def project_with(shipped: Path, contracts: Iterable[Contract], into: Path) -> Path:
    """Give a project whose sources are these products: the shipped one if it says so already, else a copy in `into`.

    So a product of the user's own has its source and the tests of its contract without an edit of the project, which may lie
    in a read-only image. One caller at a time.
    """
    wanted = sources(contracts, Warehouse.DUCKDB)
    if (shipped / SOURCES).read_text(encoding="utf-8") == wanted:
        return shipped
    shutil.rmtree(into, ignore_errors=True)
    # The user of an image may not write where it was unpacked: contents are copied, permissions are not.
    shutil.copytree(
        shipped, into, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("target", "logs")
    )
    (into / SOURCES).write_text(wanted, encoding="utf-8")
    return into
