"""Several sources in one night, each extracted by a process of its own that a real worker starts; one of them fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.fixtures import NewSite
from pipeline.site import Site
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from servers.pool import start_worker
from servers.prefect import PrefectServer
from unit.notify.receiver import Receiver

from conductor.values import Slot, State

ROOT = Path(__file__).parents[2]
DAY = date(2026, 3, 2)
SHOP, GROUP, NOBODY = "9130350000000001", "9130350000000002", "9130350000000009"
DEPLOY = """
import sys
from flows.finance.source_extract import source_extract
from prefect import flow
flow.from_source(sys.argv[1], "flows/finance/source_extract.py:source_extract").deploy(
    name="extract", work_pool_name=sys.argv[2], print_next_steps=False
)
"""
CARRY = """
from datetime import date
from flows.finance.financial_extracts import financial_extracts
financial_extracts(day=date(2026, 3, 2), sources=["north", "south", "west"])
"""


def products(folder: Path) -> Path:
    """Make a product of exchange rates for each source; the same keys occur in all."""
    shipped = ROOT / "products" / "finance" / "fx_rates"
    contract = (shipped / "contract.odcs.yaml").read_text(encoding="utf-8")
    for name in ("north", "south", "west"):
        place = folder / "finance" / f"{name}_rates"
        place.mkdir(parents=True)
        text = contract.replace("value: quickbooks}", f"value: {name}}}").replace("fx_rates", f"{name}_rates")
        (place / "contract.odcs.yaml").write_text(
            text.replace("finance-fx-rates", f"finance-{name}-rates"), encoding="utf-8"
        )
        (place / "refine.sql").write_text(
            (shipped / "refine.sql").read_text(encoding="utf-8"), encoding="utf-8"
        )
    return folder


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@contextmanager
def worker(environment: dict[str, str], pool: str, log: Path) -> Iterator[None]:
    """Have a worker start processes for a pool."""
    with SyncPrefectClient(environment["PREFECT_API_URL"]) as client:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    deployed = run(environment, "-c", DEPLOY, str(ROOT), pool)
    assert deployed.returncode == 0, deployed.stderr
    process = start_worker(environment, pool, log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def states(here: Site) -> dict[str, State | None]:
    workspace = here.workspace()
    try:
        found: dict[str, State | None] = {}
        for name in ("north", "south", "west"):
            row = workspace.ledger.current(Slot(dataset=f"finance/{name}_rates", day=DAY))
            found[name] = row.state if row else None
        return found
    finally:
        workspace.close()


def test_a_failing_source_neither_stops_nor_undoes_the_others_and_is_told_once(
    new_site: NewSite, prefect_server: PrefectServer, tmp_path: Path
) -> None:
    here = new_site()
    with Receiver() as slack:
        carried_twice(here, prefect_server, tmp_path, slack)


def carried_twice(here: Site, prefect_server: PrefectServer, tmp_path: Path, slack: Receiver) -> None:
    sources = f"north=quickbooks:{SHOP},south=quickbooks:{GROUP},west=quickbooks:{NOBODY}"
    settings: dict[str, Any] = {
        "sources": sources,
        "products_path": products(tmp_path / "products"),
        "slack_webhook_url": f"{slack.url}/services/x",
        "step_retries": 0,
    }
    environment = {
        **os.environ,
        **prefect_server.environment,
        **here.environment(**settings),
        "PYTHONPATH": str(ROOT),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_WORKER_PREFETCH_SECONDS": "1",
    }
    with worker(environment, f"sources-{os.getpid()}", tmp_path / "worker.log"):
        first = run(environment, "-c", CARRY)
        assert first.returncode != 0
        assert states(here) == {"north": State.ARCHIVED, "south": State.ARCHIVED, "west": None}
        told = [text for text in (each.body.decode() for each in slack.received) if "west" in text]
        assert len(told) == 1, told
        again = run(environment, "-c", CARRY)
    assert again.returncode != 0
    assert states(here) == {"north": State.ARCHIVED, "south": State.ARCHIVED, "west": None}
    workspace = here.workspace()
    north = workspace.ledger.history(Slot(dataset="finance/north_rates", day=DAY))
    workspace.close()
    assert len(north) == 1
