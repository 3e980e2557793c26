"""What people and other domains are told, by real receivers on this machine, of batches in a real embedded workspace."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from unit.notify.mailbox import Mailbox
from unit.notify.receiver import Answer, Received, Receiver

from conductor.embedded import open_embedded
from conductor.errors import (
    ConductorError,
    FixTheConfiguration,
    FixTheData,
    LeaseLost,
    NotFound,
    RetryLater,
    Superseded,
)
from conductor.events.cloudevents import EventType, Facts, announcement
from conductor.ledger import Event
from conductor.settings import Settings
from conductor.values import (
    Batch,
    Counts,
    CurrencySum,
    EngineChoice,
    Gated,
    Landed,
    Loaded,
    Refined,
    Slot,
    State,
    StoredPart,
    WarehouseSum,
)
from conductor.workspace import Workspace
from flows.finance.accounting_aggregates import accounting_aggregates
from flows.steps.aside import report_rows_aside
from flows.steps.subscribers import aggregates, deliver
from flows.steps.tell import report, report_failure

ROOT = Path(__file__).parents[2]
SALES = "finance/sales_receipts"
FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)
HOLD = """
import sys
from datetime import timedelta
from conductor.ledger import Ledger
from flows.steps.holder import alive, holder
from flows.steps.opening import utc_now
ledger = Ledger(sys.argv[1], utc_now)
ledger.acquire("relay:embedded", holder("another"), timedelta(hours=1), alive)
print("held", flush=True)
sys.stdin.read()
"""


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def workspace(home: Path, **settings: object) -> Generator[Workspace]:
    opened = open_embedded(home, Settings(**settings), now, "a-run")  # pyright: ignore[reportArgumentType]
    try:
        yield opened
    finally:
        opened.close()


def refined_day(place: Workspace, day: date, rows: int, content: str = "a") -> Batch:
    """Enter a day with so many good rows and one bad one, or none at all, as far as refine."""
    slot, ledger = Slot(dataset=SALES, day=day), place.ledger
    part = StoredPart(key="k", size=1, sha256="0")
    ledger.record_object(
        Landed(
            slot=slot,
            object_id=f"{day}-{content}",
            source="quickbooks",
            parts=(part,),
            records=part,
            manifest=part,
            rows=rows,
            documents=rows,
            canonical_sha256=content,
            as_of=now(),
        )
    )
    lease = ledger.acquire(slot.id, "me", timedelta(minutes=5), lambda _: True)
    batch = ledger.open_batch(slot, (f"{day}-{content}",), "1.0.0", "sql", (), lease.epoch)
    bad = int(rows > 0)
    zero = Decimal(0)
    refined = Refined(
        batch=batch,
        files=(),
        rejected=part if bad else None,
        counts=Counts(records=rows + bad, accepted=rows, rejected=bad, duplicates=0, superseded=0),
        sums=(
            CurrencySum(
                currency="EUR", records=zero, accepted=zero, rejected=zero, duplicates=zero, superseded=zero
            ),
        ),
        reasons=(),
        schema_hash="h",
        choice=EngineChoice(engine="polars", reason="small", size=1, rows=rows),
    )
    remember(place, batch, "refine", refined, State.REFINED)
    return batch


def ready_day(place: Workspace, day: date, rows: int, content: str = "a") -> Batch:
    """Enter a day up to its DataReady event."""
    batch = refined_day(place, day, rows, content)
    page = f"quality/{SALES}/{day}-passed.html"
    remember(
        place,
        batch,
        "gate",
        Gated(batch=batch, passed=True, expectations=1, failed=(), docs_key=page),
        State.GATED,
    )
    sums = (WarehouseSum(currency="EUR", amount=Decimal("1234.50")),)
    loaded = Loaded(batch=batch, sequence=1, rows=rows, inserted=rows, updated=0, deleted=0, sums=sums)
    facts = Facts(dataset=SALES, day=day, version=batch.version, batch=batch.id, rows=rows)
    event = announcement(EventType.DATA_READY, facts, now())
    remember(place, batch, "load", loaded, State.BUILT, event)
    return batch


def remember(place: Workspace, batch: Batch, step: str, value: object, state: State, *events: Event) -> None:
    lease = place.ledger.lease(batch.slot.id)
    assert lease
    place.ledger.remember(
        batch.id,
        step,
        value,
        state=state,
        rows=None,
        seconds=0,
        peak_mib=0,
        epoch=lease.epoch,
        events=events,  # pyright: ignore
    )


def everyone(slack: Receiver, mailbox: Mailbox, pager: Receiver) -> dict[str, object]:
    return {
        "slack_webhook_url": f"{slack.url}/services/x",
        "smtp_host": "127.0.0.1",
        "smtp_port": mailbox.port,
        "smtp_tls": False,
        "email_to": ("finance@example.org",),
        "pagerduty_routing_key": "k",
        "pagerduty_url": pager.url,
    }


def paged(pager: Receiver) -> list[str]:
    """Give the problems that somebody was woken for."""
    bodies = [json.loads(request.body) for request in pager.received]
    return [body["payload"]["class"] for body in bodies if body["event_action"] == "trigger"]


def text(mailbox: Mailbox) -> str:
    (message,) = mailbox.messages
    body = message.get_body(("plain",))
    assert body
    return body.get_content()


def test_a_ready_day_is_reported_once_with_totals_and_pages(tmp_path: Path) -> None:
    with (
        Receiver() as slack,
        Receiver() as pager,
        Mailbox() as mailbox,
        workspace(tmp_path, **everyone(slack, mailbox, pager)) as place,
    ):
        batch = ready_day(place, FRIDAY, 5000)
        first, second = report(place, batch), report(place, batch)
    assert [(outcome.notifier, outcome.sent) for outcome in first] == [
        ("slack", True),
        ("email", True),
        ("pagerduty", True),
    ]
    assert second == ()
    assert len(slack.received) == 1
    said = text(mailbox)
    assert "5,000 rows loaded and tested, 1 rejected." in said
    assert "1,234.50" in said
    assert (tmp_path / "docs" / "revenue.html").as_uri() in said
    assert (tmp_path / "docs" / "quality" / SALES / f"{FRIDAY}-passed.html").as_uri() in said
    assert paged(pager) == []


def test_a_new_version_of_a_day_is_reported_and_the_older_one_no_more(tmp_path: Path) -> None:
    with Receiver() as slack, workspace(tmp_path, slack_webhook_url=slack.url) as place:
        older = ready_day(place, FRIDAY, 5000)
        newer = ready_day(place, FRIDAY, 5001, "b")
        assert len(report(place, newer)) == 1
        assert report(place, older) == ()
    assert len(slack.received) == 1


def test_receivers_that_fail_are_told_of_and_stop_nothing(tmp_path: Path) -> None:
    with (
        Receiver(Answer(404)) as slack,
        Receiver(Answer(400)) as pager,
        Mailbox("554 no") as mailbox,
        workspace(tmp_path, **everyone(slack, mailbox, pager)) as place,
    ):
        outcomes = report(place, ready_day(place, FRIDAY, 5000))
    assert [outcome.sent for outcome in outcomes] == [False, False, False]
    assert outcomes[0].sentence == "Slack refused the message: it answered 404"


def test_a_day_that_is_not_ready_is_not_reported(tmp_path: Path) -> None:
    with Receiver() as slack, workspace(tmp_path, slack_webhook_url=slack.url) as place:
        assert report(place, refined_day(place, FRIDAY, 5000)) == ()
    assert slack.received == []


def test_an_empty_day_is_told_with_what_was_expected_and_the_last_good_day(tmp_path: Path) -> None:
    with (
        Receiver() as slack,
        Receiver() as pager,
        Mailbox() as mailbox,
        workspace(tmp_path, **everyone(slack, mailbox, pager)) as place,
    ):
        ready_day(place, FRIDAY, 4987)
        empty = refined_day(place, SATURDAY, 0)
        error = FixTheData("it does not keep its contract", batch=empty.id, step="gate")
        report_failure(place, empty.slot, error)
    said = text(mailbox)
    assert "0 rows, about 5,000 expected; the last good day was 2026-11-20." in said
    assert f"Next: conductor explain {empty.id}" in said
    assert paged(pager) == ["row_count"]
    assert len(slack.received) == 1


def test_an_empty_day_that_went_through_is_no_good_news(tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        mail = {
            "smtp_host": "127.0.0.1",
            "smtp_port": mailbox.port,
            "smtp_tls": False,
            "email_to": ("a@example.org",),
        }
        with workspace(tmp_path, **mail) as place:
            ready_day(place, FRIDAY, 4987)
            report(place, ready_day(place, SATURDAY, 0))
    assert "0 rows, about 5,000 expected" in text(mailbox)


@pytest.mark.parametrize(
    ("error", "pages"),
    [
        (FixTheConfiguration("the token was refused"), ["configuration"]),
        (FixTheData("3 rows have no currency"), []),
        (RetryLater("the accounting API did not answer"), []),
    ],
)
def test_all_are_told_of_a_failure_and_woken_only_if_it_cannot_wait(
    tmp_path: Path, error: ConductorError, pages: list[str]
) -> None:
    with (
        Receiver() as slack,
        Receiver() as pager,
        Mailbox() as mailbox,
        workspace(tmp_path, **everyone(slack, mailbox, pager)) as place,
    ):
        report_failure(place, Slot(dataset=SALES, day=FRIDAY), error)
    assert error.sentence in text(mailbox)
    assert len(slack.received) == 1
    assert paged(pager) == pages


@pytest.mark.parametrize("error", [LeaseLost("another took over"), Superseded("a newer version is there")])
def test_a_run_that_was_overtaken_leaves_telling_to_the_other(tmp_path: Path, error: ConductorError) -> None:
    with Receiver() as slack, workspace(tmp_path, slack_webhook_url=slack.url) as place:
        assert report_failure(place, Slot(dataset=SALES, day=FRIDAY), error) == ()
    assert slack.received == []


def test_a_failure_is_told_even_if_the_ledger_cannot_be_asked(tmp_path: Path) -> None:
    with Receiver() as slack, workspace(tmp_path, slack_webhook_url=slack.url) as place:
        place.close()
        (tmp_path / "ledger.sqlite").write_bytes(b"not a database at all" * 100)
        report_failure(place, Slot(dataset=SALES, day=FRIDAY), FixTheData("3 rows are wrong", batch="b1"))
    assert "3 rows are wrong" in slack.received[0].body.decode()


def test_other_domains_get_each_event_signed_and_once(tmp_path: Path) -> None:
    secret = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    with (
        Receiver() as risk,
        workspace(tmp_path, subscriber_urls=(f"{risk.url}/c4n4ry",), subscriber_secret=secret) as place,
    ):
        batch = ready_day(place, FRIDAY, 5000)
        deliver(place)
        deliver(place)
        (event,) = place.ledger.events(batch.id)
        names = [delivery.subscriber for delivery in place.ledger.deliveries(event.id)]
    (request,) = risk.received
    assert json.loads(request.body)["data"]["rows"] == 5000
    assert request.headers["webhook-signature"].startswith("v1,")
    assert not [name for name in names if "c4n4ry" in name]


def test_who_finds_another_process_delivering_leaves_it_to_that_one(tmp_path: Path) -> None:
    with Receiver() as risk, workspace(tmp_path, subscriber_urls=(risk.url,)) as place:
        ready_day(place, FRIDAY, 5000)
        other = subprocess.Popen(
            [sys.executable, "-c", HOLD, f"sqlite:///{tmp_path / 'ledger.sqlite'}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert other.stdout
            assert other.stdout.readline() == b"held\n"
            deliver(place)
            assert risk.received == []
        finally:
            other.kill()
            other.wait()
        deliver(place)  # its holder is dead: no need to wait for the lease to run out
    assert len(risk.received) == 1


def mart(place: Workspace, *rows: tuple[str, str, int, str, str]) -> None:
    """Put rows of day, currency, lines, net and tax where the marts are read."""
    with duckdb.connect(str(place.home / "warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS marts")
        connection.execute(
            """CREATE OR REPLACE TABLE marts.mart_daily_revenue (business_date DATE, currency VARCHAR, receipts BIGINT,
            lines BIGINT, net DECIMAL(38,2), tax DECIMAL(38,2), gross DECIMAL(38,2), gross_home DECIMAL(38,2))"""
        )
        for day, currency, lines, net, tax in rows:
            gross = Decimal(net) + Decimal(tax)
            connection.execute(
                "INSERT INTO marts.mart_daily_revenue VALUES (?, ?, 1, ?, ?, ?, ?, ?)",
                [day, currency, lines, net, tax, gross, gross],
            )
    place.warehouse.swap_read_copy()


def test_the_accountants_totals_follow_the_mart_once_for_each_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUCTOR_HOME", str(tmp_path))
    totals = tmp_path / "docs" / "accounting-aggregates.csv"
    with workspace(tmp_path) as place:
        mart(
            place,
            ("2026-10-31", "EUR", 2, "1.00", "0.20"),
            ("2026-11-19", "EUR", 3, "0.10", "0.02"),
            ("2026-11-20", "EUR", 4, "0.20", "0.04"),
            ("2026-11-20", "GBP", 1, "7.00", "0.00"),
        )
        first = ready_day(place, FRIDAY, 5)
        accounting_aggregates.fn(batch=first.id)
        assert totals.read_text() == (
            "month,currency,account,lines,net,tax,gross\n"
            "2026-10-01,EUR,Sales,2,1.00,0.20,1.20\n"
            "2026-11-01,EUR,Sales,7,0.30,0.06,0.36\n"
            "2026-11-01,GBP,Sales,1,7.00,0.00,7.00\n"
        )
        totals.write_text("seen")
        accounting_aggregates.fn(batch=first.id)
        for event in place.ledger.events(first.id):
            aggregates(place).deliver(event)
        assert totals.read_text() == "seen"
        accounting_aggregates.fn(batch=ready_day(place, FRIDAY, 6, "b").id)
        assert totals.read_text().startswith("month,")


def test_page_and_totals_are_made_side_by_side_from_one_read_copy(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        mart(place, ("2026-11-20", "EUR", 4, "0.20", "0.04"))
        days = [FRIDAY + timedelta(days=number) for number in range(8)]
        batches = [ready_day(place, day, 5) for day in days]
        deliver(place)
        events = [event for batch in batches for event in place.ledger.events(batch.id)]
        failed = [
            delivery.sentence
            for event in events
            for delivery in place.ledger.deliveries(event.id)
            if delivery.delivered_at is None
        ]
    assert failed == []
    assert (tmp_path / "docs" / "revenue.html").exists()
    assert (tmp_path / "docs" / "accounting-aggregates.csv").exists()


def test_totals_of_an_unknown_batch_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_HOME", str(tmp_path))
    with pytest.raises(NotFound, match="no batch"):
        accounting_aggregates.fn(batch="0" * 32)


def test_a_night_reports_its_day_and_a_second_one_with_nothing_to_do_reports_nothing(tmp_path: Path) -> None:
    with Receiver(Answer(404)) as slack, Receiver() as pager, Mailbox() as mailbox:
        receivers = {
            f"CONDUCTOR_{name.upper()}": ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in everyone(slack, mailbox, pager).items()
        }
        night(tmp_path, receivers)
        night(tmp_path, receivers)
    assert warnings(tmp_path) == ["slack: Slack refused the message: it answered 404"]
    ready, aside = (
        body.get_content() for message in mailbox.messages if (body := message.get_body(("plain",)))
    )
    assert "rows loaded and tested" in ready
    assert "Run: http://127.0.0.1:" in ready
    assert "were set aside; the rest goes on" in aside
    assert "finance-data" in aside
    assert len(slack.received) == 2
    assert actions(pager.received) == {"resolve"}


def test_rows_that_wait_too_long_are_told_of_once_a_day(tmp_path: Path) -> None:
    with Receiver() as slack, workspace(tmp_path, slack_webhook_url=slack.url) as place:
        refined_day(place, FRIDAY, 5)  # by another run: of its bad row that run has told
        report_rows_aside(place)
        young = len(slack.received)
        later = replace(place, now=lambda: now() + timedelta(days=7, hours=1))
        report_rows_aside(later)
        report_rows_aside(later)
        one_day_on = replace(place, now=lambda: now() + timedelta(days=8, hours=1))
        report_rows_aside(one_day_on)
        bodies = [request.body.decode() for request in slack.received]
    assert young == 0
    assert ["the oldest for 7 days" in body for body in bodies] == [True, False]
    assert ["the oldest for 8 days" in body for body in bodies] == [False, True]
    assert all("1 row set aside and not mended" in body and "finance-data" in body for body in bodies)


def night(home: Path, settings: dict[str, str]) -> None:
    """Run the nightly flow as a person would."""
    command = ["run", "nightly-financials", "--day", FRIDAY.isoformat(), "--home", str(home), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "conductor.cli.main", *command],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr


def warnings(home: Path) -> list[str]:
    """Give the warnings in the logs of all runs, as Prefect's UI shows them."""
    with closing(sqlite3.connect(home / "prefect" / "prefect.db")) as database:
        return [message for (message,) in database.execute("SELECT message FROM log WHERE level >= 30")]


def actions(received: list[Received]) -> set[str]:
    return {json.loads(request.body)["event_action"] for request in received}
