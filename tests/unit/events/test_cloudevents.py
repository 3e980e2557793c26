import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from conductor.events.cloudevents import EventType, Facts, Link, Total, announcement, binary, structured

NOW = datetime(2026, 11, 25, 3, 30, tzinfo=timezone(timedelta(hours=1)))
FACTS = Facts(
    dataset="finance/sales_receipts",
    day=date(2026, 11, 24),
    part="store-7",
    version=2,
    batch="8c1f",
    rows=612,
    sums=(
        Total(currency="EUR", amount=Decimal("0.10")),
        Total(currency="GBP", amount=Decimal("123456789.01")),
    ),
    links=(Link(rel="docs", href="docs/gate/8c1f/index.html"),),
)


def test_the_same_fact_has_the_same_id_whenever_it_is_made() -> None:
    again = announcement(EventType.DATA_READY, FACTS, NOW + timedelta(days=3))
    assert again.id == announcement(EventType.DATA_READY, FACTS, NOW).id


def test_other_facts_have_other_ids() -> None:
    other_batch = FACTS.model_copy(update={"batch": "8c20"})
    ids = {announcement(kind, facts, NOW).id for kind in EventType for facts in (FACTS, other_batch)}
    assert len(ids) == 4


def test_a_structured_event_has_all_attributes_and_money_as_text() -> None:
    event = announcement(EventType.DATA_READY, FACTS, NOW)
    assert json.loads(structured(event, "embedded")) == {
        "specversion": "1.0",
        "id": event.id,
        "source": "/cloud-conductor/embedded",
        "type": "conductor.data.ready",
        "subject": "finance/sales_receipts/2026-11-24/store-7",
        "time": "2026-11-25T02:30:00Z",
        "datacontenttype": "application/json",
        "data": {
            "dataset": "finance/sales_receipts",
            "day": "2026-11-24",
            "part": "store-7",
            "version": 2,
            "batch": "8c1f",
            "rows": 612,
            "sums": [{"currency": "EUR", "amount": "0.10"}, {"currency": "GBP", "amount": "123456789.01"}],
            "links": [{"rel": "docs", "href": "docs/gate/8c1f/index.html"}],
        },
    }


def test_a_binary_event_says_the_same_in_headers_and_body() -> None:
    event = announcement(EventType.DATASET_PUBLISHED, FACTS, NOW)
    headers, body = binary(event, "embedded")
    whole = json.loads(structured(event, "embedded"))
    assert headers.pop("content-type") == whole.pop("datacontenttype")
    assert json.loads(body) == whole.pop("data")
    assert headers == {f"ce-{name}": value for name, value in whole.items()}


def test_headers_escape_what_the_binding_asks_for() -> None:
    facts = FACTS.model_copy(update={"part": 'Köln "50%" €\r\nx: y'})
    headers, _ = binary(announcement(EventType.DATA_READY, facts, NOW), "embedded")
    assert headers["ce-subject"] == (
        "finance/sales_receipts/2026-11-24/K%C3%B6ln%20%2250%25%22%20%E2%82%AC%0D%0Ax:%20y"
    )


def test_a_workspace_name_is_one_segment_of_the_source() -> None:
    event = announcement(EventType.DATA_READY, FACTS, NOW.astimezone(UTC))
    assert json.loads(structured(event, "a/b c"))["source"] == "/cloud-conductor/a%2Fb%20c"


def test_facts_survive_the_way_through_the_outbox() -> None:
    assert Facts.model_validate_json(announcement(EventType.DATA_READY, FACTS, NOW).data) == FACTS
