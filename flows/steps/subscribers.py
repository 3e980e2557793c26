"""Who gets a workspace's events."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from conductor.dashboard import DailyRevenue, Freshness
from conductor.events.cloudevents import Facts
from conductor.events.relay import Relay
from conductor.events.subscribers import dashboard_subscriber
from conductor.values import Landed, Refined
from conductor.workspace import Workspace

PRODUCT = "finance/sales_receipts"
REVENUE = """
SELECT business_date, currency, receipts, lines, net, tax, gross, gross_home FROM marts.mart_daily_revenue
ORDER BY business_date, currency
"""


def relay(workspace: Workspace) -> Relay:
    """Give the relay of a workspace with all its subscribers."""
    ledger = workspace.ledger
    page = workspace.home / "docs" / "revenue.html"
    dashboard = dashboard_subscriber(
        "revenue-dashboard",
        PRODUCT,
        ledger,
        lambda facts: (_revenue(workspace), _freshness(workspace, facts)),
        lambda html: _write(page, html),
        workspace.now,
    )
    return Relay(ledger, (dashboard,))


def _revenue(workspace: Workspace) -> Sequence[DailyRevenue]:
    return [DailyRevenue(*row) for row in workspace.warehouse.query(REVENUE).rows]  # type: ignore[arg-type]


def _freshness(workspace: Workspace, facts: Facts) -> Freshness:
    landed = workspace.ledger.remembered(facts.batch, "land", Landed)
    refined = workspace.ledger.remembered(facts.batch, "refine", Refined)
    return Freshness(
        dataset=facts.dataset,
        as_of=landed.as_of if landed else workspace.now(),
        version=facts.version,
        batch=facts.batch,
        rows=facts.rows,
        rejected=refined.counts.rejected if refined else 0,
        home_currency="USD",
        data_docs=f"quality/{facts.dataset}/index.html",
    )


def _write(page: Path, html: str) -> None:
    """Replace the page: a reader sees the old one or the new one."""
    page.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=page.parent, suffix=".html")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(html)
    Path(name).replace(page)
