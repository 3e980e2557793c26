from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from sandbox.quickbooks import GROUP

UNDEPOSITED, SALES, TAX, INACTIVE, RECEIVABLE, EUR_BANK = "4", "79", "90", "82", "84", "36"


def read(answer: Any) -> Any:
    return simplejson.loads(answer.content, use_decimal=True)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, read(answer)["Fault"]["Error"][0]["code"]


def line(side: str, account: str, amount: str, **more: Any) -> dict[str, Any]:
    detail = {"PostingType": side, "AccountRef": {"value": account}, **more}
    kind = "JournalEntryLineDetail"
    return {"Amount": Decimal(amount), "DetailType": kind, kind: detail}


def entry(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    default = (
        line("Debit", UNDEPOSITED, "120.50"),
        line("Credit", SALES, "100.50"),
        line("Credit", TAX, "20"),
    )
    head = {"TxnDate": "2026-11-20", "DocNumber": "RS-1", "CurrencyRef": {"value": "USD"}}
    return {**head, "Line": list(lines or default), **more}


def total(caller: Any) -> int:
    return caller.query("SELECT count(*) FROM JournalEntry")["totalCount"]


def test_a_posted_entry_is_answered_and_found_again(make: Any, call: Any) -> None:
    caller = call(make(), GROUP.realm)
    answer = caller.post("journalentry", entry(), requestid="r-1", minorversion="75")
    assert answer.status_code == 200
    body = read(answer)
    assert list(body) == ["JournalEntry", "time"]
    assert (body["JournalEntry"]["SyncToken"], body["JournalEntry"]["TotalAmt"]) == ("0", Decimal("120.5"))
    for where in ("DocNumber = 'RS-1'", "DocNumber LIKE 'RS-%'", "TxnDate = '2026-11-20'"):
        assert caller.query(f"SELECT * FROM JournalEntry WHERE {where}")["JournalEntry"] == [
            body["JournalEntry"]
        ]
    assert caller.query("SELECT * FROM JournalEntry WHERE DocNumber = 'RS-2'") == {}
    assert (
        read(caller.get(f"journalentry/{body['JournalEntry']['Id']}"))["JournalEntry"] == body["JournalEntry"]
    )


def test_a_repeated_requestid_gets_the_first_answer_and_posts_nothing(
    make: Any, call: Any, clock: Any
) -> None:
    sandbox = make()
    caller = call(sandbox, GROUP.realm)
    first = caller.post("journalentry", entry(), requestid="r-1")
    clock.advance(minutes=5)
    again = caller.post("journalentry", entry(DocNumber="RS-2"), requestid="r-1")
    assert again.content == first.content
    assert total(caller) == 1
    assert [each.request_id for each in sandbox.requests if each.method == "POST"] == ["r-1", "r-1"]


def test_the_same_requestid_in_another_company_is_another_request(make: Any, call: Any) -> None:
    sandbox = make()
    shop, group = call(sandbox), call(sandbox, GROUP.realm)
    shop.post("journalentry", entry(), requestid="r-1")
    group.post("journalentry", entry(), requestid="r-1")
    assert (total(shop), total(group)) == (1, 1)


def test_a_document_number_is_no_guard_against_a_second_entry(make: Any, call: Any) -> None:
    caller = call(make(), GROUP.realm)
    for request in ("r-1", "r-2"):
        caller.post("journalentry", entry(), requestid=request)
    assert total(caller) == 2


def test_a_refused_entry_may_be_mended_under_its_requestid(make: Any, call: Any) -> None:
    caller = call(make(), GROUP.realm)
    unbalanced = entry(line("Debit", UNDEPOSITED, "2"), line("Credit", SALES, "1"))
    assert code(caller.post("journalentry", unbalanced, requestid="r-1")) == (400, "6000")
    assert caller.post("journalentry", entry(), requestid="r-1").status_code == 200


TWO = (line("Debit", UNDEPOSITED, "1"), line("Credit", SALES, "1"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (entry(TWO[0], line("Credit", SALES, "1.01")), "6000"),
        (entry(TWO[0]), "6000"),
        (entry(TWO[0], line("Credit", "12345", "1")), "2500"),
        (entry(TWO[0], line("Credit", INACTIVE, "1")), "610"),
        (entry(line("Debit", RECEIVABLE, "1"), TWO[1]), "6000"),
        (entry(line("Debit", EUR_BANK, "1"), TWO[1]), "6000"),
        (entry(line("Debit", UNDEPOSITED, "-1"), line("Credit", SALES, "-1")), "2080"),
        (entry(line("Debit", UNDEPOSITED, "1.001"), line("Credit", SALES, "1.001")), "2080"),
        (entry(line("debit", UNDEPOSITED, "1"), TWO[1]), "2170"),
        (entry(*TWO, CurrencyRef={"value": "XXX"}), "2500"),
        (entry(*TWO, Colour="red"), "2010"),
        (entry(*TWO, DocNumber="x" * 22), "2050"),
        ({"TxnDate": "2026-11-20"}, "2020"),
        ([], "2010"),
    ],
)
def test_an_entry_that_breaks_a_rule_is_refused_and_not_posted(
    make: Any, call: Any, body: Any, expected: str
) -> None:
    caller = call(make(), GROUP.realm)
    assert code(caller.post("journalentry", body, requestid="r-1")) == (400, expected)
    assert total(caller) == 0


def test_a_requestid_has_at_most_fifty_characters(make: Any, call: Any) -> None:
    caller = call(make(), GROUP.realm)
    assert code(caller.post("journalentry", entry(), requestid="r" * 51)) == (400, "2050")
    assert caller.post("journalentry", entry(), requestid="r" * 50).status_code == 200


def test_a_closed_period_takes_no_entry_until_it_is_opened(make: Any, call: Any) -> None:
    sandbox = make()
    caller = call(sandbox, GROUP.realm)
    sandbox.close_books(GROUP.realm, date(2026, 11, 20))
    assert code(caller.post("journalentry", entry())) == (400, "6210")
    assert caller.post("journalentry", entry(TxnDate="2026-11-21")).status_code == 200
    sandbox.close_books(GROUP.realm, None)
    assert caller.post("journalentry", entry()).status_code == 200


def balances(caller: Any, start: str, end: str) -> dict[str, tuple[str, str]]:
    report = read(caller.get("reports/TrialBalance", start_date=start, end_date=end))
    *rows, last = report["Rows"]["Row"]
    assert report["Header"]["ReportName"] == "TrialBalance"
    assert [column["ColTitle"] for column in report["Columns"]["Column"]] == ["", "Debit", "Credit"]
    cells = {row["ColData"][0]["value"]: tuple(cell["value"] for cell in row["ColData"][1:]) for row in rows}
    return {**cells, "TOTAL": tuple(cell["value"] for cell in last["Summary"]["ColData"][1:])}


def test_the_trial_balance_shows_what_was_posted(make: Any, call: Any) -> None:
    caller = call(make(), GROUP.realm)
    caller.post("journalentry", entry())
    assert balances(caller, "2026-11-01", "2026-11-30") == {
        "Undeposited Funds": ("120.50", ""),
        "Sales": ("", "100.50"),
        "Sales Tax Payable": ("", "20.00"),
        "TOTAL": ("120.50", "120.50"),
    }
    assert balances(caller, "2026-11-01", "2026-11-19") == {"TOTAL": ("0.00", "0.00")}
    assert balances(caller, "2026-12-01", "2026-12-31") == {
        "Undeposited Funds": ("120.50", ""),
        "Sales Tax Payable": ("", "20.00"),
        "Retained Earnings": ("", "100.50"),
        "TOTAL": ("120.50", "120.50"),
    }


def test_a_foreign_entry_balances_in_the_home_currency_to_the_cent(make: Any, call: Any) -> None:
    caller = call(make(), GROUP.realm)
    thirds = [line("Credit", SALES, "0.33"), line("Credit", TAX, "0.33"), line("Credit", SALES, "0.34")]
    body = entry(
        line("Debit", UNDEPOSITED, "1"), *thirds, CurrencyRef={"value": "EUR"}, ExchangeRate=Decimal("1.5")
    )
    assert caller.post("journalentry", body).status_code == 200
    # 1.00 is 1.50 at home; 0.33 is 0.495, half up 0.50, twice; what is left for 0.34 is 0.50.
    assert balances(caller, "2026-11-01", "2026-11-30") == {
        "Undeposited Funds": ("1.50", ""),
        "Sales": ("", "1.00"),
        "Sales Tax Payable": ("", "0.50"),
        "TOTAL": ("1.50", "1.50"),
    }
