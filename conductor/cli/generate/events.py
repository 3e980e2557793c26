"""The page of events."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

from conductor.cli.generate.markdown import code, document, table
from conductor.events.cloudevents import EventType, Facts, Link, Total, announcement, structured

MEANING = {
    EventType.DATASET_PUBLISHED: "A version of a slot is in the lake: its files may be read.",
    EventType.DATA_READY: "A version of a slot is loaded, and the dbt models that depend on it are built and tested.",
}
HOW = """\
Two events stand in the outbox of the ledger, written in one transaction with the step that they tell of. They are delivered at least
once, with the same id each time; who takes them drops an id that it has seen, and a version that is older than one it has seen.
`subscriber_urls` get them as CloudEvents 1.0 in structured mode, by POST; any answer of 2xx means taken."""
SIGNED = """\
Each request has the headers `webhook-id` (the event's id) and `webhook-timestamp` and, if `subscriber_secret` is set,
`webhook-signature`, as [Standard Webhooks](https://www.standardwebhooks.com) describes it."""
SAMPLE = Facts(
    dataset="finance/sales_receipts",
    day=date(2026, 11, 20),
    version=1,
    batch="2bd63139dceb0337eb8de5ddeb0a1352",
    rows=19_456,
    sums=(Total(currency="USD", amount=Decimal("3605950.75")),),
    links=(Link(rel="table", href="curated/finance/sales_receipts"),),
)


def page() -> str:
    """Give the page: every type of event with its meaning, and one as it comes over the wire."""
    rows = [(code(each), MEANING[each]) for each in EventType]
    event = announcement(EventType.DATA_READY, SAMPLE, datetime(2026, 11, 21, 2, 5, tzinfo=UTC))
    shown = json.dumps(json.loads(structured(event, "embedded")), indent=2, ensure_ascii=False)
    wire = f"## On the wire\n\n{SIGNED}\n\n```json\n{shown}\n```"
    return document("Events", "`conductor/events/cloudevents.py`", HOW, table(("type", "when"), rows), wire)
