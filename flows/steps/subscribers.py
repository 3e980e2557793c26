"""Who gets a workspace's events, and the one process at a time that delivers them."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, fields
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from conductor.dashboard import DailyRevenue, Freshness
from conductor.errors import LeaseHeld
from conductor.events.aggregates import AccountLine, MonthlyTotal
from conductor.events.cloudevents import Facts
from conductor.events.http import HttpSubscriber
from conductor.events.relay import Relay
from conductor.events.subscribers import DataReadySubscriber, aggregates_subscriber, dashboard_subscriber
from conductor.notify.webhook import Webhook
from conductor.values import Landed, Refined, digest
from conductor.workspace import Workspace
from flows.steps.leased import leased
from flows.steps.page import write_page

PRODUCT = "finance/sales_receipts"
REVENUE = """
SELECT business_date AS day, currency, receipts, lines, net, tax, gross, gross_home FROM marts.mart_daily_revenue
ORDER BY business_date, currency
"""
DASHBOARD, AGGREGATES = "revenue.html", "accounting-aggregates.csv"
# Connecting, sending and answering may take a subscriber ten seconds each: a pass over so many events ends within the lease.
EVENTS_PER_PASS = 20
LEASE = timedelta(minutes=10)


def deliver(workspace: Workspace) -> None:
    """Make one pass of the relay, unless another process is at it: that one delivers. Repeats: delivers what is left and due."""
    with suppress(LeaseHeld), sole_relay(workspace):
        relay(workspace).run_once()


@contextmanager
def sole_relay(workspace: Workspace) -> Generator[None]:
    """Be the one process that delivers the workspace's events; `LeaseHeld` while another is."""
    with leased(workspace, "relay", LEASE):
        yield


def relay(workspace: Workspace) -> Relay:
    """Give the relay of a workspace with all its subscribers."""
    subscribers = (dashboard(workspace), aggregates(workspace), *other_domains(workspace))
    return Relay(workspace.ledger, subscribers, batch=EVENTS_PER_PASS)


def dashboard(workspace: Workspace) -> DataReadySubscriber:
    """Give who keeps the page of daily revenue."""
    return dashboard_subscriber(
        "revenue-dashboard",
        PRODUCT,
        workspace.ledger,
        lambda facts: (_revenue(workspace), _freshness(workspace, facts)),
        lambda html: write_page(workspace, DASHBOARD, html),
        workspace.now,
    )


def aggregates(workspace: Workspace) -> DataReadySubscriber:
    """Give who keeps the accountants' monthly totals, a CSV file: month, currency, account, lines, net, tax, gross.

    All months are added up each time, so the file depends on the mart alone and not on which events came.
    """
    return aggregates_subscriber(
        "accounting-aggregates",
        PRODUCT,
        workspace.ledger,
        lambda _: _account_lines(workspace),
        lambda totals: write_page(workspace, AGGREGATES, _csv(totals)),
    )


def other_domains(workspace: Workspace) -> Sequence[HttpSubscriber]:
    """Give a subscriber for each address of the settings, called by its host: the rest of an address may be secret.

    The secret may be two with a blank between them while it is being replaced.
    """
    settings = workspace.settings
    secrets = tuple(settings.subscriber_secret.get_secret_value().split())
    return [
        HttpSubscriber(name, workspace.name, Webhook(name, url), workspace.now, secrets)
        for url in dict.fromkeys(settings.subscriber_urls)
        for name in [f"{urlsplit(url).hostname}-{digest(url)[:8]}"]
    ]


def _revenue(workspace: Workspace) -> Sequence[DailyRevenue]:
    return TypeAdapter(list[DailyRevenue]).validate_python(_mart(workspace))


def _account_lines(workspace: Workspace) -> Sequence[AccountLine]:
    """All revenue is booked to one account, as in the journal."""
    account = workspace.settings.journal_revenue_account
    rows = [row | {"account": account} for row in _mart(workspace)]
    return TypeAdapter(list[AccountLine]).validate_python(rows)


def _mart(workspace: Workspace) -> list[dict[str, Any]]:
    found = workspace.warehouse.query(REVENUE)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


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


def _csv(totals: Sequence[MonthlyTotal]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(field.name for field in fields(MonthlyTotal))
    rows.writerows(astuple(total) for total in totals)
    return text.getvalue()
