from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from sandbox.quickbooks import GROUP, SHOP

DAY = date(2026, 11, 20)
ON_DAY = "WHERE TxnDate = '2026-11-20'"


def read(answer: Any) -> Any:
    return simplejson.loads(answer.content, use_decimal=True)


def test_a_page_has_the_envelope_of_the_vendor(make: Any, call: Any) -> None:
    answer = call(make()).get("query", query=f"SELECT * FROM SalesReceipt {ON_DAY} ORDERBY Id MAXRESULTS 1")
    body = read(answer)
    assert list(body) == ["QueryResponse", "time"]
    assert list(body["QueryResponse"]) == ["SalesReceipt", "startPosition", "maxResults"]
    assert body["QueryResponse"]["startPosition"] == 1
    assert body["QueryResponse"]["maxResults"] == len(body["QueryResponse"]["SalesReceipt"]) == 1
    assert body["time"] == "2026-11-21T09:00:00.000-08:00"
    assert answer.headers["intuit_tid"]


def test_a_count_has_no_entity_key(make: Any, call: Any) -> None:
    assert call(make()).query(f"SELECT count(*) FROM SalesReceipt {ON_DAY}") == {"totalCount": 120}


def test_a_page_after_the_last_row_is_an_empty_object(make: Any, call: Any) -> None:
    assert call(make()).query(f"SELECT * FROM SalesReceipt {ON_DAY} STARTPOSITION 121") == {}


def test_absent_attributes_are_left_out_and_never_null(make: Any, call: Any) -> None:
    rows = call(make()).whole_day()
    assert {"DocNumber" in row for row in rows} == {True, False}
    assert {"CustomerRef" in row for row in rows} == {True, False}
    assert "null" not in simplejson.dumps(rows, use_decimal=True)


def test_numbers_are_written_exactly_and_unpadded(make: Any, call: Any) -> None:
    sandbox = make(days={DAY: 0})
    for amount in ("337.50", "100.00", "0.10", "90071992547409.93"):
        sandbox.add(DAY, "USD", Decimal(amount))
    text = call(sandbox).get("query", query=f"SELECT * FROM SalesReceipt {ON_DAY}").text
    for written in ("337.5", "100", "0.1", "90071992547409.93"):
        assert f'"TotalAmt":{written},' in text


def test_rows_come_whole_and_once_however_the_pages_vary(make: Any, call: Any) -> None:
    sandbox = make(receipts_per_day=400)
    rows = call(sandbox).whole_day(page=20)
    assert [row["Id"] for row in rows] == [receipt.id for receipt in sandbox.receipts(DAY)]
    sizes = [line.statement for line in sandbox.requests]
    assert len(sizes) > 400 / 20 + 1, "no page was shorter than asked for"


def test_without_an_order_the_order_varies_between_calls(make: Any, call: Any) -> None:
    caller = call(make())
    statement = f"SELECT * FROM SalesReceipt {ON_DAY} MAXRESULTS 1000"
    first, second = ([row["Id"] for row in caller.query(statement)["SalesReceipt"]][:20] for _ in range(2))
    assert first != second


def test_two_sandboxes_of_a_seed_give_the_same_bytes(make: Any, call: Any) -> None:
    statement = f"SELECT * FROM SalesReceipt {ON_DAY} MAXRESULTS 50"
    answers = [call(make()).get("query", query=statement) for _ in range(2)]
    assert answers[0].content == answers[1].content


def test_a_statement_may_be_posted(make: Any, call: Any) -> None:
    caller = call(make())
    headers = {"Authorization": f"Bearer {caller.tokens['access_token']}", "Content-Type": "application/text"}
    address = f"/v3/company/{SHOP.realm}/query"
    answer = caller.http.post(address, content=f"SELECT count(*) FROM SalesReceipt {ON_DAY}", headers=headers)
    assert read(answer)["QueryResponse"] == {"totalCount": 120}


def test_conditions_narrow_the_rows(make: Any, call: Any) -> None:
    sandbox = make()
    caller = call(sandbox)
    receipts = sandbox.receipts(DAY)
    third, numbered = receipts[2], next(receipt for receipt in receipts if receipt.number)
    later = sum(receipt.created > third.created for receipt in receipts)

    def counted(where: str) -> int:
        return caller.query(f"SELECT count(*) FROM SalesReceipt WHERE {where}")["totalCount"]

    assert counted(f"Id = '{third.id}'") == 1
    unused = int(receipts[-1].id) + 1
    assert counted(f"Id IN ('{third.id}', '{receipts[0].id}', '{unused}')") == 2
    assert counted(f"DocNumber = '{numbered.number}' AND TxnDate = '{DAY}'") == 1
    assert counted(f"DocNumber LIKE 'S261120-%' AND TxnDate = '{DAY}'") == sum(
        bool(r.number) for r in receipts
    )
    assert counted(f"Metadata.LastUpdatedTime > '{third.created.isoformat()}' AND TxnDate = '{DAY}'") == later
    assert counted("TxnDate >= '2026-11-19' AND TxnDate <= '2026-11-20'") == 240
    assert counted("TxnDate > '2026-11-19' AND TxnDate < '2026-11-20'") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM Nothing",
        "SELECT * FROM salesreceipt",
        "SELECT * FROM SalesReceipt WHERE PrivateNote = 'Voided'",
        "SELECT * FROM SalesReceipt WHERE TxnDate = 'yesterday'",
        "SELECT * FROM SalesReceipt STARTPOSITION 0",
        "SELECT * FROM SalesReceipt WHERE TxnDate LIKE '2026%'",
    ],
)
def test_a_bad_query_is_a_fault_4001(make: Any, call: Any, statement: str) -> None:
    assert call(make()).refused(statement) == (400, "4001")


def test_a_fault_has_the_shape_of_the_vendor(make: Any, call: Any) -> None:
    body = read(call(make()).get("query", query="SELECT"))
    assert list(body) == ["Fault", "time"]
    assert body["Fault"]["type"] == "ValidationFault"
    assert set(body["Fault"]["Error"][0]) == {"Message", "Detail", "code", "element"}


def test_inactive_items_are_hidden_unless_asked_for(make: Any, call: Any) -> None:
    caller = call(make())
    assert caller.query("SELECT count(*) FROM Item") == {"totalCount": 56}
    assert caller.query("SELECT count(*) FROM Item WHERE Active IN (true, false)") == {"totalCount": 60}
    assert caller.query("SELECT count(*) FROM Item WHERE Active = false") == {"totalCount": 4}


def test_a_document_is_read_by_its_id(make: Any, call: Any) -> None:
    sandbox = make()
    caller, (known, *_, last) = call(sandbox), sandbox.receipts(DAY)
    body = read(caller.get(f"salesreceipt/{known.id}"))
    assert list(body) == ["SalesReceipt", "time"]
    assert body["SalesReceipt"]["Id"] == known.id
    missing = caller.get(f"salesreceipt/{int(last.id) + 1}")
    assert (missing.status_code, read(missing)["Fault"]["Error"][0]["code"]) == (400, "610")


def test_rates_come_by_query_and_by_address_and_agree(make: Any, call: Any) -> None:
    caller = call(make())
    rows = caller.query(f"SELECT * FROM ExchangeRate WHERE AsOfDate = '{DAY}'")["ExchangeRate"]
    assert {row["SourceCurrencyCode"] for row in rows} == {"EUR", "GBP"}
    for row in rows:
        one = caller.get("exchangerate", sourcecurrencycode=row["SourceCurrencyCode"], asofdate=str(DAY))
        assert read(one)["ExchangeRate"] == row
        assert (row["TargetCurrencyCode"], row["AsOfDate"]) == ("USD", "2026-11-20")
    unknown = caller.get("exchangerate", sourcecurrencycode="XXX", asofdate=str(DAY))
    assert read(unknown)["Fault"]["Error"][0]["code"] == "2500"


def test_both_companies_say_who_they_are_and_keep_several_currencies(make: Any, call: Any) -> None:
    sandbox = make()
    for profile in (SHOP, GROUP):
        caller = call(sandbox, profile.realm)
        by_address = read(caller.get(f"companyinfo/{profile.realm}"))["CompanyInfo"]
        assert by_address["CompanyName"] == profile.name
        assert caller.query("SELECT * FROM CompanyInfo")["CompanyInfo"] == [by_address]
        prefs = caller.query("SELECT * FROM Preferences")["Preferences"][0]["CurrencyPrefs"]
        assert (prefs["MultiCurrencyEnabled"], prefs["HomeCurrency"]["value"]) == (True, "USD")


def test_the_group_sells_nothing_and_has_the_accounts_to_post_to(make: Any, call: Any) -> None:
    caller = call(make(), GROUP.realm)
    assert caller.query(f"SELECT count(*) FROM SalesReceipt {ON_DAY}") == {"totalCount": 0}
    accounts = {
        row["Name"]: row["Classification"] for row in caller.query("SELECT * FROM Account")["Account"]
    }
    wanted = {"Undeposited Funds": "Asset", "Sales": "Revenue", "Sales Tax Payable": "Liability"}
    assert wanted.items() <= accounts.items()


def test_edits_show_in_queries_and_in_change_capture(make: Any, call: Any, clock: Any) -> None:
    sandbox = make(receipts_per_day=0, days={DAY: 120, DAY - timedelta(days=1): 120})
    caller = call(sandbox)
    good = [receipt for receipt in sandbox.receipts(DAY) if not receipt.flawed and not receipt.void]
    changed, voided, moved, gone = (receipt.id for receipt in good[:4])
    since = clock.now
    clock.advance(minutes=30)
    sandbox.change_line(changed, 1, Decimal("5.55"))
    sandbox.void(voided)
    sandbox.move(moved, DAY - timedelta(days=1))
    sandbox.delete(gone)
    added = sandbox.add(DAY, "EUR", Decimal("9.99")).id

    answer = read(caller.get("cdc", entities="SalesReceipt,Customer", changedSince=since.isoformat()))
    of_receipts, of_customers = answer["CDCResponse"][0]["QueryResponse"]
    assert of_customers == {}
    rows = {row["Id"]: row for row in of_receipts["SalesReceipt"]}
    assert (of_receipts["startPosition"], of_receipts["maxResults"], of_receipts["totalCount"]) == (1, 5, 5)
    assert set(rows) == {changed, voided, moved, gone, added}
    assert rows[gone] == {
        "Id": gone,
        "domain": "QBO",
        "status": "Deleted",
        "MetaData": {"LastUpdatedTime": "2026-11-21T09:30:00-08:00"},
    }
    assert rows[changed]["Line"][0]["Amount"] == Decimal("5.55")
    assert (rows[changed]["SyncToken"], rows[added]["SyncToken"]) == ("1", "0")
    assert (rows[voided]["TotalAmt"], rows[voided]["PrivateNote"]) == (0, "Voided")
    assert {line["Amount"] for line in rows[voided]["Line"]} == {0}
    today = {row["Id"] for row in caller.whole_day()}
    assert {changed, voided, added} <= today
    assert today.isdisjoint({moved, gone})
    assert moved in {row["Id"] for row in caller.whole_day(DAY - timedelta(days=1))}


def test_edits_change_the_truth_by_as_much(make: Any) -> None:
    sandbox = make()
    receipt = next(
        each
        for each in sandbox.receipts(DAY)
        if not (each.flawed or each.taxes or each.discount_percent or each.void)
    )

    def net() -> Decimal:
        return next(each.net for each in sandbox.truth(DAY).currencies if each.currency == receipt.currency)

    before = net()
    sandbox.change_line(receipt.id, 1, receipt.lines[0].amount + 3)
    assert net() == before + 3
    sandbox.delete(receipt.id)
    assert net() == before - receipt.subtotal


def test_change_capture_looks_back_thirty_days_and_gives_the_oldest_thousand(
    make: Any, call: Any, clock: Any
) -> None:
    sandbox = make(receipts_per_day=0, days={DAY: 1500})
    caller = call(sandbox)
    late = caller.get(
        "cdc", entities="SalesReceipt", changedSince=(clock.now - timedelta(days=31)).isoformat()
    )
    assert late.status_code == 400
    assert "Fault" in read(late)

    since, seen = datetime.fromisoformat("2026-11-20T00:00:00-08:00"), set[str]()
    sizes: list[int] = []
    while not sizes or sizes[-1] == 1000:
        answer = read(caller.get("cdc", entities="SalesReceipt", changedSince=since.isoformat()))
        rows = answer["CDCResponse"][0]["QueryResponse"][0]["SalesReceipt"]
        seen |= {row["Id"] for row in rows}
        since = max(datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"]) for row in rows)
        sizes.append(len(rows))
    assert sizes[0] == 1000
    assert seen == {receipt.id for receipt in sandbox.receipts(DAY)}


def test_an_unknown_call_is_an_unsupported_operation(make: Any, call: Any) -> None:
    answer = call(make()).get("nothing/1/2")
    assert (answer.status_code, read(answer)["Fault"]["Error"][0]["code"]) == (400, "500")
