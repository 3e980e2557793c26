from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.quickbooks import GROUP, SHOP, Rotation

DAY = date(2026, 11, 20)
CONTROL = "control-token"


def control(
    sandbox: Any, method: str, path: str, body: Any = None, token: str = CONTROL, **query: str
) -> httpx.Response:
    headers = {"X-Control-Token": token}
    return httpx.request(method, f"{sandbox.url}/control/{path}", json=body, headers=headers, params=query)


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_the_token_nothing_is_controlled(make: Any, token: str) -> None:
    sandbox = make()
    assert control(sandbox, "POST", "faults", {"name": "server_error"}, token).status_code == 403
    assert sandbox.faults.plan == ()


def test_a_sandbox_without_a_token_has_no_control_endpoint(make: Any) -> None:
    assert control(make(control_token=""), "GET", "requests", token="").status_code == 403


def test_the_truth_is_told(make: Any) -> None:
    sandbox = make()
    told = control(sandbox, "GET", "truth", day="2026-11-20").json()
    truth = sandbox.truth(DAY)
    assert (told["receipts"], told["flawed_lines"]) == (120, 12)
    assert told["flaws"]["no_rate"] == 2
    assert {each["currency"]: Decimal(each["net"]) for each in told["currencies"]} == {
        each.currency: each.net for each in truth.currencies
    }
    assert control(sandbox, "GET", "truth", day="someday").status_code == 400


def test_receipts_are_edited(make: Any) -> None:
    sandbox = make()
    first, second, third, fourth = (receipt.id for receipt in sandbox.receipts(DAY)[:4])
    added = control(
        sandbox, "POST", "receipts/add", {"day": "2026-11-20", "currency": "GBP", "amount": "3.5"}
    ).json()
    changed = control(sandbox, "POST", "receipts/change", {"id": first, "line": 1, "amount": 4.25}).json()
    assert (changed["SyncToken"], changed["Line"][0]["Amount"], added["TotalAmt"]) == ("1", 4.25, 3.5)
    assert control(sandbox, "POST", "receipts/void", {"id": second}).json()["TotalAmt"] == 0
    moved = control(sandbox, "POST", "receipts/move", {"id": third, "day": "2026-11-18"}).json()
    assert moved["TxnDate"] == "2026-11-18"
    assert control(sandbox, "POST", "receipts/delete", {"id": fourth}).json()["status"] == "Deleted"
    now = {receipt.id for receipt in sandbox.receipts(DAY)}
    assert {first, second, added["Id"]} <= now
    assert now.isdisjoint({third, fourth})


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("receipts/void", {"id": "x"}, 404),
        ("receipts/void", {}, 400),
        ("receipts/paint", {"id": "1"}, 404),
        ("receipts/add", {"day": "2026-11-20", "currency": "XXX", "amount": "1"}, 400),
        ("receipts/add", {"day": "2026-11-20", "currency": "USD", "amount": "0.001"}, 400),
        ("receipts/add", {"day": "2026-11-20", "currency": "USD", "amount": "much"}, 400),
        ("consent", {"realm": "1"}, 404),
        ("faults", {"name": "gremlins"}, 400),
        ("nothing", {}, 404),
    ],
)
def test_what_cannot_be_done_is_said(make: Any, path: str, body: Any, status: int) -> None:
    answer = control(make(), "POST", path, body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_deleted_receipt_cannot_be_edited(make: Any) -> None:
    sandbox = make()
    gone = sandbox.receipts(DAY)[0].id
    sandbox.delete(gone)
    assert control(sandbox, "POST", "receipts/void", {"id": gone}).status_code == 404


def test_faults_are_planned_told_and_cleared(make: Any, call: Any) -> None:
    sandbox = make()
    caller = call(sandbox)
    planned = control(sandbox, "POST", "faults", {"name": "server_error", "times": 2, "first": 2}).json()
    assert planned == {
        "description": "server_error on api request 2, server_error on api request 3",
        "recoverable": True,
    }
    assert [caller.get("preferences").status_code for _ in range(4)] == [200, 500, 500, 200]
    every = control(sandbox, "POST", "faults", {"name": "server_error", "every": 2, "times": 2}).json()
    assert every["description"] == "server_error on api request 2, server_error on api request 4"
    assert control(sandbox, "POST", "faults", {"seed": 9}).json()["recoverable"] is False
    assert control(sandbox, "DELETE", "faults").json() == {"description": "no faults", "recoverable": True}
    assert control(sandbox, "GET", "faults").json()["description"] == "no faults"


def test_the_log_is_read_and_emptied_and_leaves_control_out(make: Any, call: Any) -> None:
    sandbox = make()
    call(sandbox).query("SELECT count(*) FROM Item")
    (logged,) = control(sandbox, "GET", "requests").json()
    assert (logged["method"], logged["statement"], logged["status"]) == (
        "GET",
        "SELECT count(*) FROM Item",
        200,
    )
    control(sandbox, "DELETE", "requests")
    assert control(sandbox, "GET", "requests").json() == []


def test_consents_are_given_and_ended_and_books_closed(make: Any, call: Any) -> None:
    sandbox = make()
    caller = call(sandbox)
    given = control(sandbox, "POST", "consent", {"realm": SHOP.realm}).json()
    assert caller.refresh(given["refresh_token"]).status_code == 200
    control(sandbox, "POST", "revoke", {"realm": SHOP.realm})
    assert caller.refresh(given["refresh_token"]).status_code == 400
    closing = {"realm": GROUP.realm, "closed_through": "2026-11-20"}
    assert control(sandbox, "POST", "books", closing).status_code == 200


def test_a_restarted_sandbox_remembers_what_was_written(make: Any, call: Any, tmp_path: Path) -> None:
    state = tmp_path / "new" / "state.json"
    options = {"state": state, "rotation": Rotation.ALWAYS}
    first = make(**options)
    caller = call(first, GROUP.realm)
    kind = "JournalEntryLineDetail"
    lines = [
        {"Amount": 1, "DetailType": kind, kind: {"PostingType": side, "AccountRef": {"value": account}}}
        for side, account in (("Debit", "4"), ("Credit", "79"))
    ]
    posted = caller.post("journalentry", {"TxnDate": "2026-11-20", "Line": lines}, requestid="r-1")
    old = caller.tokens["refresh_token"]
    rotated = caller.refresh(old).json()["refresh_token"]
    ids = [receipt.id for receipt in first.receipts(DAY)[:3]]
    first.void(ids[0])
    first.delete(ids[1])
    first.move(ids[2], date(2026, 11, 1))
    first.add(DAY, "EUR", Decimal("1.10"))
    first.close_books(GROUP.realm, date(2026, 10, 31))
    expected, truth = first.receipts(DAY), first.truth(DAY)
    first.stop()

    second = make(**options)
    assert second.receipts(DAY) == expected
    assert second.truth(DAY) == truth
    again = call(second, GROUP.realm)
    assert again.refresh(old).status_code == 400
    assert again.refresh(rotated).json()["refresh_token"] not in {old, rotated}
    replay = again.post("journalentry", {"TxnDate": "2026-11-20", "Line": lines}, requestid="r-1")
    assert replay.content == posted.content
    assert again.query("SELECT count(*) FROM JournalEntry") == {"totalCount": 1}
    closed = again.post("journalentry", {"TxnDate": "2026-10-31", "Line": lines})
    assert closed.json()["Fault"]["Error"][0]["code"] == "6210"
    assert [path.name for path in state.parent.iterdir()] == ["state.json"]


def test_a_state_file_of_another_seed_or_a_damaged_one_is_refused(make: Any, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    make(state=state, seed=1).consent(SHOP.realm)
    with pytest.raises(ValueError, match="belongs to seed 1"):
        make(state=state, seed=2)
    state.write_text("{")
    with pytest.raises(ValueError, match="move it away"):
        make(state=state, seed=1)


def test_a_stopped_sandbox_answers_nobody_and_frees_its_port(make: Any, call: Any) -> None:
    first = make()
    caller = call(first)
    assert caller.get("preferences").status_code == 200
    first.stop()
    with pytest.raises(httpx.TransportError):
        caller.get("preferences")
    second = make(port=first.port)
    assert second.url == first.url
