from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from sandbox.quickbooks import GROUP, Fault, Faults, Rotation
from sandbox.quickbooks.faults import PAGING, PERMANENT, Planned, Scope

DAY = date(2026, 11, 20)


def entry() -> dict[str, Any]:
    kind = "JournalEntryLineDetail"
    sides = (("Debit", "4"), ("Credit", "79"))
    lines = [
        {"Amount": 1, "DetailType": kind, kind: {"PostingType": side, "AccountRef": {"value": account}}}
        for side, account in sides
    ]
    return {"TxnDate": "2026-11-20", "Line": lines}


@contextmanager
def raw(caller: Any, path: str) -> Iterator[socket.socket]:
    """Send a request on a bare socket."""
    host, port = "127.0.0.1", caller.sandbox.port
    with socket.create_connection((host, port), timeout=10) as connection:
        head = f"GET /v3/company/{caller.realm}/{path} HTTP/1.1\r\nHost: {host}\r\n"
        token = f"Authorization: Bearer {caller.tokens['access_token']}\r\n\r\n"
        connection.sendall((head + token).encode())
        yield connection


def drained(connection: socket.socket) -> bytes:
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("throttled", 429, "3001"),
        ("throttled_retry_after", 429, "3001"),
        ("server_error", 500, "10000"),
        ("fault_in_200", 200, "10000"),
    ],
)
def test_a_standard_fault_is_given_as_often_as_planned(
    make: Any, call: Any, name: str, status: int, code: str
) -> None:
    caller = call(make(faults=Faults.single(name, times=2)))
    answers = [caller.get("preferences") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert [answer.json()["Fault"]["Error"][0]["code"] for answer in answers[:2]] == [code, code]
    assert "Preferences" in answers[2].json()


def test_only_one_of_the_throttles_says_when_to_come_back(make: Any, call: Any) -> None:
    asked = call(make(faults=Faults.single("throttled_retry_after"))).get("preferences")
    silent = call(make(faults=Faults.single("throttled"))).get("preferences")
    assert asked.headers["retry-after"] == "1"
    assert "retry-after" not in silent.headers


def test_a_throttle_may_come_as_xml(make: Any, call: Any) -> None:
    answer = call(make(faults=Faults.single("throttled_xml"))).get("preferences")
    assert answer.status_code == 429
    assert answer.headers["content-type"].startswith("application/xml")
    assert '<Error code="3001">' in answer.text


def test_unavailable_is_503_without_json(make: Any, call: Any) -> None:
    answer = call(make(faults=Faults.single("unavailable"))).get("preferences")
    assert (answer.status_code, answer.text) == (503, "Service Unavailable")


def test_the_gateway_speaks_lower_case(make: Any, call: Any) -> None:
    answer = call(make(faults=Faults.single("gateway_fault"))).get("preferences")
    body = answer.json()
    assert (answer.status_code, body["fault"]["type"]) == (504, "SERVICE")
    assert set(body["fault"]["error"][0]) == {"message", "detail", "code", "element"}
    assert "Fault" not in body


def test_a_reset_comes_as_rst_within_the_body(make: Any, call: Any) -> None:
    caller = call(make(faults=Faults.single("reset")))
    with raw(caller, "preferences") as connection, pytest.raises(ConnectionResetError):
        drained(connection)
    assert caller.get("preferences").status_code == 200


def test_a_truncated_answer_is_framed_as_whole_and_is_no_json(make: Any, call: Any) -> None:
    caller = call(make(faults=Faults.single("truncated")))
    cut, whole = caller.get("preferences"), caller.get("preferences")
    assert cut.status_code == 200
    assert int(cut.headers["content-length"]) == len(cut.content)
    assert cut.content == whole.content[: len(whole.content) // 2]
    with pytest.raises(ValueError):
        cut.json()


def test_a_slow_answer_comes_in_pieces_and_is_whole(make: Any, call: Any) -> None:
    caller = call(make(faults=Faults.single("slow_drip")))
    with raw(caller, "preferences") as connection:
        pieces = [connection.recv(65536)]
        length = int(re.search(rb"Content-Length: (\d+)", pieces[0])[1])  # type: ignore[index]
        while len(b"".join(pieces).partition(b"\r\n\r\n")[2]) < length:
            pieces.append(connection.recv(65536))
    assert len(pieces) > 3
    assert b"".join(pieces).partition(b"\r\n\r\n")[2] == caller.get("preferences").content


def test_an_expired_token_stays_expired_and_a_new_one_works(make: Any, call: Any) -> None:
    caller = call(make(faults=Faults.single("token_expired", first=2)))
    assert [caller.get("preferences").status_code for _ in range(3)] == [200, 401, 401]
    caller.tokens = caller.refresh().json()
    assert caller.get("preferences").status_code == 200


def test_tokens_may_expire_every_n_requests(make: Any, call: Any) -> None:
    caller = call(make(faults=Faults.every("token_expired", 3, times=2)))
    statuses: list[int] = []
    for _ in range(8):
        statuses.append(caller.get("preferences").status_code)
        if statuses[-1] == 401:
            caller.tokens = caller.refresh().json()
    assert statuses == [200, 200, 401, 200, 200, 401, 200, 200]


def pages(caller: Any) -> list[list[str]]:
    """Read the day in two pages of sixty, without looking at what came."""
    statement = f"SELECT * FROM SalesReceipt WHERE TxnDate = '{DAY}' ORDERBY Id MAXRESULTS 60"
    rows = [
        caller.query(f"{statement.replace(' MAXRESULTS', f' STARTPOSITION {start} MAXRESULTS')}").get(
            "SalesReceipt", []
        )
        for start in (1, 61)
    ]
    return [[row["Id"] for row in page] for page in rows]


@pytest.fixture
def whole_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch off short pages, so that the tests of drift can name the rows."""
    monkeypatch.setattr("sandbox.quickbooks.company.SHORT_PAGES", 0)


@pytest.mark.usefixtures("whole_pages")
def test_a_duplicate_page_repeats_the_rows_before_it(make: Any, call: Any) -> None:
    first, second = pages(call(make(faults=Faults.single("duplicate_page"))))
    assert len(first) == 60
    assert second == first


@pytest.mark.usefixtures("whole_pages")
@pytest.mark.parametrize(
    ("name", "gone", "new"), [("row_deleted", 1, 0), ("row_added", 0, 1), ("rows_drift", 1, 1)]
)
def test_rows_come_and_go_between_two_pages(make: Any, call: Any, name: str, gone: int, new: int) -> None:
    sandbox = make(faults=Faults.single(name))
    before = [receipt.id for receipt in sandbox.receipts(DAY)]
    first, second = pages(call(sandbox))
    after = [receipt.id for receipt in sandbox.receipts(DAY)]
    assert (len(set(before) - set(after)), len(set(after) - set(before))) == (gone, new)
    assert first == before[:60]
    assert set(before) - set(after) <= set(first), "the deleted row was not one already given"
    assert second == after[60:120]
    assert (before[60] in second) == (gone == 0), "a deletion has to hide the row at the seam"
    assert sandbox.truth(DAY).receipts == 120 - gone + new


def test_a_journal_entry_is_posted_although_its_answer_is_lost(make: Any, call: Any) -> None:
    caller = call(make(faults=Faults.single("executed_then_reset")), GROUP.realm)
    with pytest.raises(httpx.TransportError):
        caller.post("journalentry", entry(), requestid="r-1")
    assert caller.query("SELECT count(*) FROM JournalEntry") == {"totalCount": 1}
    assert caller.post("journalentry", entry(), requestid="r-1").status_code == 200
    assert caller.query("SELECT count(*) FROM JournalEntry") == {"totalCount": 1}


@pytest.mark.parametrize("rotation", list(Rotation))
def test_the_first_of_two_racing_refreshes_loses(make: Any, call: Any, rotation: Rotation) -> None:
    caller = call(make(faults=Faults.single("refresh_race"), rotation=rotation))
    with ThreadPoolExecutor(2) as pool:
        answers = [future.result() for future in [pool.submit(caller.refresh) for _ in range(2)]]
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    winner = next(answer for answer in answers if answer.status_code == 200).json()
    assert winner["refresh_token"] != caller.tokens["refresh_token"]
    assert caller.refresh(winner["refresh_token"]).status_code == 200


def test_a_refresh_that_nobody_races_is_only_late(make: Any, call: Any) -> None:
    caller = call(make(faults=Faults.single("refresh_race")))
    assert caller.refresh().status_code == 200


def test_an_unavailable_token_endpoint_has_changed_nothing(make: Any, call: Any) -> None:
    caller = call(make(faults=Faults.single("refresh_unavailable"), rotation=Rotation.ALWAYS))
    assert [caller.refresh().status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    ("name", "api", "refresh"),
    [
        ("revoked_consent", 401, 400),
        ("forbidden", 403, 200),
        ("endless_500", 500, 200),
        ("month_throttle", 429, 200),
    ],
)
def test_a_permanent_fault_holds_until_it_is_cleared(
    make: Any, call: Any, name: str, api: int, refresh: int
) -> None:
    sandbox = make(faults=Faults.single(name))
    caller = call(sandbox)
    assert {caller.get("preferences").status_code for _ in range(7)} == {api}
    assert {caller.refresh().status_code for _ in range(2)} == {refresh}
    assert not sandbox.faults.recoverable
    sandbox.faults = Faults()
    caller.tokens = sandbox.consent(caller.realm)
    assert caller.get("preferences").status_code == 200


def test_a_seed_draws_the_same_schedule_each_time_and_one_in_five_is_beyond_help() -> None:
    drawn = [Faults.by_seed(seed) for seed in range(20)]
    assert drawn == [Faults.by_seed(seed) for seed in range(20)]
    lost = [seed for seed, faults in enumerate(drawn) if not faults.recoverable]
    assert lost == [4, 9, 14, 19]
    assert {drawn[seed].permanent for seed in lost} == set(PERMANENT)
    assert all(faults.description for faults in drawn)


def test_drawn_schedules_stay_within_the_patience_of_a_client() -> None:
    for seed in range(500):
        plan = Faults.by_seed(seed).plan
        paging = [planned for planned in plan if planned.fault in PAGING]
        assert len(paging) <= 2
        assert len(plan) - len(paging) <= 4


def test_all_recoverable_faults_are_drawn_by_some_seed() -> None:
    drawn = {planned.fault for seed in range(200) for planned in Faults.by_seed(seed).plan}
    assert drawn == set(Fault) - set(PERMANENT)


@pytest.mark.parametrize(
    ("faults", "recoverable"),
    [
        (Faults(), True),
        (Faults.single("server_error", times=4), True),
        (Faults.single("server_error", times=5), False),
        (Faults.every("server_error", 2, times=9), True),
        (Faults.single("token_expired", times=2), False),
        (Faults.every("token_expired", 3, times=9), True),
        (Faults.single("rows_drift", times=2), True),
        (Faults.single("rows_drift", times=3), False),
        (Faults((Planned(Fault.RESET, 3),) * 5), False),
        (Faults((*Faults.single("reset", 4).plan, Planned(Fault.EXECUTED_THEN_RESET, 1))), False),
    ],
)
def test_recoverable_says_what_a_client_with_five_tries_can_bear(faults: Faults, recoverable: bool) -> None:
    assert faults.recoverable is recoverable


def test_every_fault_has_a_scope_and_an_unknown_name_is_refused() -> None:
    assert {fault.scope for fault in Fault} == set(Scope)
    with pytest.raises(ValueError):
        Faults.single("gremlins")


def test_the_log_says_which_request_met_which_fault(make: Any, call: Any) -> None:
    sandbox = make(faults=Faults.single("server_error", first=2))
    caller = call(sandbox)
    caller.get("preferences")
    caller.get("query", query="SELECT * FROM Item")
    first, second = sandbox.requests
    assert (first.status, first.fault, first.statement) == (200, None, None)
    assert (second.status, second.fault, second.statement) == (500, Fault.SERVER_ERROR, "SELECT * FROM Item")
    sandbox.clear_requests()
    assert sandbox.requests == ()


def test_all_that_a_client_wants_goes_through_a_recoverable_schedule(make: Any, call: Any) -> None:
    """A patient reader, five tries a request, gets the day although each drawn schedule tries to stop it."""
    for seed in (0, 1, 2, 3, 5):
        sandbox = make(faults=Faults.by_seed(seed))
        assert sandbox.faults.recoverable
        caller = call(sandbox)
        assert patient(caller) == [receipt.id for receipt in sandbox.receipts(DAY)], f"fault seed {seed}"


def patient(caller: Any) -> list[str]:
    for _ in range(4):
        ids: list[str] = []
        while page := _page(caller, len(ids) + 1):
            ids += page
        again: list[str] = []
        while page := _page(caller, len(again) + 1):
            again += page
        if ids == again and len(set(ids)) == len(ids):
            return ids
    raise AssertionError("the day never stood still")


def _page(caller: Any, start: int) -> list[str]:
    statement = (
        f"SELECT * FROM SalesReceipt WHERE TxnDate = '{DAY}' ORDERBY Id STARTPOSITION {start} MAXRESULTS 50"
    )
    for _ in range(5):
        try:
            answer = caller.get("query", query=statement)
            if answer.status_code == 401:
                caller.tokens = caller.refresh().json()
                continue
            return [row["Id"] for row in answer.json()["QueryResponse"].get("SalesReceipt", [])]
        except (httpx.TransportError, ValueError, KeyError):
            continue
    raise AssertionError("five tries were not enough")


def test_an_added_row_is_a_good_one(make: Any) -> None:
    sandbox = make()
    before = sandbox.truth(DAY)
    sandbox.add(DAY, "USD", Decimal("10.01"))
    assert sandbox.truth(DAY).flaws == before.flaws
