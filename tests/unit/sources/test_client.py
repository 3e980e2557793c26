"""The client core against a real server that breaks on the wire."""

from __future__ import annotations

import logging
import traceback
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from conductor.errors import (
    ApprovalNeeded,
    ConductorError,
    FixTheConfiguration,
    FixTheData,
    RetryLater,
    StopAndCall,
)
from conductor.sources.pace import Budget, Clock
from conductor.sources.tokens import FileTokenStore, Tokens
from conductor.values import Slot

from .conftest import Hands, Opener
from .vendor import COMPANY, Script, Vendor, drip, expired, failing, fault, hang_up, raw, receipt

SLOT = Slot(dataset="finance/sales_receipts", day=date(2026, 11, 20))
XML_THROTTLE = (
    b'<?xml version="1.0"?><IntuitResponse time="1"><Fault type="SERVICE"><Error code="3001">'
    b"<Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message></Error></Fault>"
    b"</IntuitResponse>"
)
RECOVERABLE: dict[str, Script] = {
    "429": failing(429),
    "429 with Retry-After": failing(429, {"Retry-After": "3"}),
    "500": failing(500),
    "503": failing(503),
    "504": failing(504),
    "reset in the body": hang_up,
    "truncated JSON of the announced length": raw(b'{"QueryResponse":{"totalCount":1},"time'),
    "no JSON at all": raw(b"<html>maintenance</html>"),
    "an answer to nothing": raw(b'{"time":"2026-11-20T00:00:00Z"}'),
    "a fault in a good status": fault(
        200, "3001", "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    ),
    "a throttle in XML": raw(XML_THROTTLE, 429),
    "a throttle as 403": raw(XML_THROTTLE, 403),
    "system failure": fault(400, "10000"),
    "expired token": expired,
}


@pytest.mark.parametrize("name", RECOVERABLE)
@pytest.mark.parametrize("request_number", [0, 1, 2])
def test_a_recoverable_fault_at_any_request_leaves_no_trace_in_what_is_read(
    name: str, request_number: int, vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in (1, 2)]
    vendor.scripts.extend([*[None] * request_number, RECOVERABLE[name]])
    extract = opened().extract("SalesReceipt", SLOT, tmp_path / "extract")
    assert (extract.documents, extract.rows, len(extract.parts)) == (2, 2, 1)
    assert len(vendor.seen) == 4  # count, page, count, and the one repeated


def test_retry_after_is_waited_out_and_no_request_is_sent_before(
    vendor: Vendor, opened: Opener, hands: Hands
) -> None:
    vendor.rows["Preferences"] = [{"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}]
    vendor.scripts.append(failing(429, {"Retry-After": "17"}))
    assert opened().home_currency() == "USD"
    assert len(vendor.seen) == 2
    assert [seconds for seconds in hands.slept if seconds >= 1] == [17.0]


def test_retry_after_as_a_date_is_read_by_the_servers_clock(
    vendor: Vendor, opened: Opener, hands: Hands
) -> None:
    def throttled(handler: object) -> None:
        # http.server writes the machine's own Date first; the one of the vendor replaces it here.
        handler.date_time_string = lambda timestamp=None: "Fri, 20 Nov 2026 10:00:00 GMT"  # type: ignore[attr-defined]
        failing(429, {"Retry-After": "Fri, 20 Nov 2026 10:00:40 GMT"})(handler)  # type: ignore[arg-type]

    vendor.rows["Preferences"] = [{"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}]
    vendor.scripts.append(throttled)
    opened().home_currency()
    assert [seconds for seconds in hands.slept if seconds >= 1] == [40.0]


def test_a_wait_longer_than_the_budget_is_left_to_the_caller(
    vendor: Vendor, opened: Opener, hands: Hands
) -> None:
    vendor.scripts.append(failing(429, {"Retry-After": "86400"}))
    with pytest.raises(RetryLater, match="too often"):
        opened().home_currency()
    assert len(vendor.seen) == 1
    assert sum(hands.slept) < 180


def test_endless_failure_ends_within_attempts_and_budget(
    vendor: Vendor, opened: Opener, hands: Hands
) -> None:
    vendor.scripts.extend([failing(503)] * 100)
    with pytest.raises(RetryLater, match="503"):
        opened(budget=Budget(attempts=5, seconds=60)).home_currency()
    assert len(vendor.seen) == 5
    assert sum(hands.slept) <= 60


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "6210", ApprovalNeeded),
        (400, "6000", FixTheData),
        (400, "6140", FixTheData),
        (400, "5010", FixTheData),
        (400, "610", FixTheConfiguration),
        (400, "4001", FixTheConfiguration),
        (401, "100", FixTheConfiguration),
        (401, "130", FixTheConfiguration),
        (403, "3100", FixTheConfiguration),
        (403, "6190", FixTheConfiguration),
        (200, "6000", FixTheData),
        (400, "77777", StopAndCall),
        (404, "", FixTheConfiguration),
    ],
)
def test_what_time_does_not_heal_is_asked_once(
    status: int, code: str, error: type[ConductorError], vendor: Vendor, opened: Opener
) -> None:
    vendor.scripts.extend([fault(status, code, "the vendor's words")] * 3)
    with pytest.raises(error, match=r"the vendor's words.*trace-1"):
        opened().home_currency()
    assert len(vendor.seen) == 1
    assert vendor.refreshes == 0


def test_a_second_refusal_of_a_fresh_token_stops(vendor: Vendor, opened: Opener) -> None:
    vendor.scripts.extend([expired] * 10)
    with pytest.raises(FixTheConfiguration) as caught:
        opened().home_currency()
    assert caught.value.next_command == "conductor connect quickbooks"
    assert len(vendor.seen) == 2
    assert vendor.refreshes == 1


def test_a_token_that_expires_again_and_again_is_renewed_each_time(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 8)]
    vendor.meddle = lambda seen: vendor.expire()
    assert opened(page_size=3).extract("SalesReceipt", SLOT, tmp_path).documents == 7
    assert (
        vendor.refreshes == len(vendor.seen) - vendor.refreshes - 1
    )  # each good answer but the last costs one
    assert vendor.invalid_grants == 0


def test_a_revoked_consent_is_refreshed_once_and_names_the_command(vendor: Vendor, opened: Opener) -> None:
    vendor.expire()
    vendor.refresh = "revoked"
    with pytest.raises(FixTheConfiguration, match="consent") as caught:
        opened().home_currency()
    assert caught.value.next_command == "conductor connect quickbooks"
    assert vendor.invalid_grants == 1


def test_tokens_stored_by_a_person_during_a_failed_refresh_are_taken(
    vendor: Vendor, opened: Opener, store: FileTokenStore
) -> None:
    """The refresh token died because a person consented anew: the re-read finds what they stored."""
    vendor.rows["Preferences"] = [{"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}]
    vendor.expire()
    name = f"quickbooks-{COMPANY}"

    def reconsented(handler: object) -> None:
        fresh = Tokens(company=COMPANY, access=SecretStr(vendor.access), refresh=SecretStr("new"))
        assert store.replace(name, store.read(name), fresh)
        handler.send_json(400, {"error": "invalid_grant"})  # type: ignore[attr-defined]

    vendor.token_scripts.append(reconsented)
    assert opened().home_currency() == "USD"


@pytest.mark.parametrize("script", [failing(503), failing(429, {"Retry-After": "2"}), hang_up, raw(b"{}")])
def test_an_unwell_token_endpoint_is_asked_again(script: Script, vendor: Vendor, opened: Opener) -> None:
    vendor.rows["Preferences"] = [{"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}]
    vendor.expire()
    vendor.token_scripts.append(script)
    assert opened().home_currency() == "USD"
    assert vendor.refreshes == 1


def test_a_wrong_client_secret_is_configuration(vendor: Vendor, opened: Opener) -> None:
    vendor.expire()
    vendor.token_scripts.append(lambda handler: handler.send_json(401, {"error": "invalid_client"}))
    with pytest.raises(FixTheConfiguration, match="client id, client secret"):
        opened().home_currency()


def test_a_dripping_answer_is_cut_at_the_deadline_and_asked_again(
    vendor: Vendor, opened: Opener, hands: Hands
) -> None:
    """Each look at the clock finds it 30 s on, so the fifth byte is past the deadline of 120 s."""

    def running() -> float:
        hands.time += 30
        return hands.time

    vendor.rows["Preferences"] = [{"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}]
    vendor.scripts.append(drip)
    company = opened(clock=Clock(running, hands.sleep, lambda: 0.5), budget=Budget(seconds=100_000))
    assert company.home_currency() == "USD"
    assert len(vendor.seen) == 2


def test_a_server_that_is_not_there_is_tried_and_then_left(vendor: Vendor, opened: Opener) -> None:
    company = opened(budget=Budget(attempts=3, seconds=60))
    vendor.server.server_close()
    with pytest.raises(RetryLater, match="did not answer"):
        company.home_currency()


def test_nothing_secret_shows_in_errors_traces_or_logs(
    vendor: Vendor, opened: Opener, caplog: pytest.LogCaptureFixture, store: FileTokenStore
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.expire()
    vendor.scripts.extend([None, failing(503), hang_up, fault(403, "3100")])
    company = opened()
    with pytest.raises(FixTheConfiguration) as caught:
        company.home_currency()
    vendor.expire()
    vendor.refresh = "canary-other"
    with pytest.raises(FixTheConfiguration) as consent:
        company.home_currency()
    tokens = store.read(f"quickbooks-{COMPANY}")
    shown = [
        *("".join(traceback.format_exception(error.value)) for error in (caught, consent)),
        *(record.getMessage() for record in caplog.records),
        repr(tokens),
        str(tokens),
        repr(company.client.measurements),
    ]
    assert any("503" in text or "retry" in text for text in shown)  # the logs were really caught
    assert vendor.refreshes == 1
    assert not [text for text in shown if "canary" in text]


def test_each_exchange_is_measured_with_the_vendors_trace(vendor: Vendor, opened: Opener) -> None:
    vendor.rows["Preferences"] = [{"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}]
    vendor.scripts.append(failing(503))
    company = opened()
    company.home_currency()
    assert [(each.path, each.status, each.trace) for each in company.client.measurements] == [
        ("query", 503, "trace-1"),
        ("query", 200, "trace-1"),
    ]


def test_without_consent_nothing_is_asked(vendor: Vendor, opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "tokens" / f"quickbooks-{COMPANY}.json").unlink()
    with pytest.raises(FixTheConfiguration, match="nobody has consented") as caught:
        opened().home_currency()
    assert caught.value.next_command == "conductor connect quickbooks"
    assert vendor.seen == []


def test_an_amount_beyond_binary_floats_arrives_to_the_last_cent(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    import polars as pl

    amount = "90071992547409.93"  # 2**53 cents and one more
    row = receipt(1, TotalAmt=Decimal(amount))
    row["Line"][0]["Amount"] = Decimal(amount)
    vendor.rows["SalesReceipt"] = [row]
    extract = opened().extract("SalesReceipt", SLOT, tmp_path)
    assert pl.read_parquet(extract.records.path)["Line.Amount"].to_list() == [amount]
