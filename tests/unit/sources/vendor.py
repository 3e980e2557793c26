"""A small accounting vendor on loopback, whose every answer a test can script, meddle with or break on the
wire.

It knows only the statements of the client and is never kinder than the vendor's documentation: queries hide
deleted rows, change capture holds at most 1,000 objects, and a refresh token dies when the next one is given
out.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import simplejson

COMPANY = "9130350000000001"
CLIENT_ID, CLIENT_SECRET = "the-app", "canary-client-secret"
Row = dict[str, Any]
Script = Callable[["Handler"], None]
STATEMENT = re.compile(
    r"SELECT (?P<what>\*|count\(\*\)) FROM (?P<entity>\w+)(?: WHERE (?P<where>.+?))?"
    r"(?: ORDERBY (?P<key>\w+))?"
    r"(?: STARTPOSITION (?P<start>\d+) MAXRESULTS (?P<limit>\d+))?"
)
CONDITION = re.compile(r"(?P<field>[\w.]+) (?P<operator>=|>=|LIKE|IN) (?P<value>.+)")


def receipt(
    number: int, day: str = "2026-11-20", updated: str = "2026-11-20T12:00:00-08:00", **extra: Any
) -> Row:
    """Plan a sales receipt with one line; `extra` replaces properties."""
    line = {
        "Id": "1",
        "Amount": Decimal("10.5"),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {},
    }
    base: Row = {
        "Id": str(number),
        "SyncToken": "0",
        "TxnDate": day,
        "MetaData": {"LastUpdatedTime": updated},
    }
    return base | {"Line": [line], "TotalAmt": Decimal("10.5")} | extra


@dataclass(frozen=True)
class Seen:
    """One request to the API."""

    method: str
    path: str
    params: dict[str, str]
    body: bytes

    @property
    def statement(self) -> str:
        return self.params.get("query", "")


@dataclass
class Vendor:
    """The state behind the server. `scripts` are used up by the next API requests, one each."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    now: datetime = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    scripts: deque[Script | None] = field(default_factory=deque)
    largest_page: int = 1000
    meddle: Callable[[Seen], None] = lambda seen: None
    seen: list[Seen] = field(default_factory=list)
    token_scripts: deque[Script] = field(default_factory=deque)
    refreshes: int = 0
    invalid_grants: int = 0
    access: str = "canary-access-0"
    refresh: str = "canary-refresh-0"
    code: str = "canary-code"
    posted: dict[str, Row] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __enter__(self) -> Vendor:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"vendor": self}))
        self.server.daemon_threads = True
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def queries(self, what: str) -> list[str]:
        """Give the statements that begin so."""
        return [seen.statement for seen in self.seen if seen.statement.startswith(what)]

    def expire(self) -> None:
        """Make the access token that is out there worthless."""
        self.access = f"canary-access-expired-{len(self.seen)}"

    def select(self, match: re.Match[str]) -> list[Row]:
        found = [row for row in self.rows.get(match["entity"], []) if holds(row, match["where"])]
        return sorted(found, key=lambda row: sort_key(row[match["key"]])) if match["key"] else found

    def answer(self, statement: str) -> Row:
        match = STATEMENT.fullmatch(statement)
        assert match, statement
        found = self.select(match)
        if match["what"] != "*":
            return {"totalCount": len(found)}
        start, limit = int(match["start"] or 1), min(int(match["limit"] or 100), self.largest_page)
        page = found[start - 1 : start - 1 + limit]
        return {match["entity"]: page, "startPosition": start, "maxResults": len(page)} if page else {}

    def changes(self, entity: str, since: str) -> list[Row]:
        begin = datetime.fromisoformat(since)
        assert begin > self.now - timedelta(days=30), "change capture reaches back 30 days"
        gone = [
            {"Id": each, "status": "Deleted", "MetaData": {"LastUpdatedTime": since}} for each in self.deleted
        ]
        living = [row for row in self.rows.get(entity, []) if updated(row) >= begin]
        return [*living, *gone][:1000]


def sort_key(value: str) -> tuple[int, str]:
    return (int(value), "") if value.isdigit() else (0, value)


def updated(row: Row) -> datetime:
    return datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"])


def holds(row: Row, where: str | None) -> bool:
    return all(condition_holds(row, each) for each in where.split(" AND ")) if where else True


def condition_holds(row: Row, where: str) -> bool:
    match = CONDITION.fullmatch(where)
    assert match, where
    if match["operator"] == "IN":
        assert where == "Active IN (true, false)"
        return True
    value = match["value"][1:-1].replace("\\'", "'").replace("\\\\", "\\")
    if match["operator"] == ">=":
        return updated(row) >= datetime.fromisoformat(value)
    if match["operator"] == "LIKE":
        return bool(re.fullmatch(re.escape(value).replace("%", ".*"), row[match["field"]]))
    return row[match["field"]] == value


class Handler(BaseHTTPRequestHandler):
    vendor: Vendor
    protocol_version = "HTTP/1.1"
    timeout = 10

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path.startswith("/connect/oauth2"):
            return self.consent()
        return self.api(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/oauth2/"):
            with self.vendor.lock:
                return self.tokens({name: values[0] for name, values in parse_qs(body.decode()).items()})
        return self.api(body)

    def consent(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        answer = urlencode({"code": self.vendor.code, "state": query["state"], "realmId": COMPANY})
        self.send(302, b"", {"Location": f"{query['redirect_uri']}?{answer}"})

    def tokens(self, form: dict[str, str]) -> None:
        vendor = self.vendor
        if vendor.token_scripts:
            return vendor.token_scripts.popleft()(self)
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {basic}":
            return self.send_json(401, {"error": "invalid_client"})
        if form.get("refresh_token", "") != vendor.refresh and form.get("code", "") != vendor.code:
            vendor.invalid_grants += 1
            return self.send_json(400, {"error": "invalid_grant"})
        vendor.refreshes += 1
        vendor.access, vendor.refresh = (
            f"canary-access-{vendor.refreshes}",
            f"canary-refresh-{vendor.refreshes}",
        )
        granted = {"access_token": vendor.access, "refresh_token": vendor.refresh, "expires_in": 3600}
        return self.send_json(200, granted | {"token_type": "bearer", "x_refresh_token_expires_in": 8726400})

    def api(self, body: bytes) -> None:
        vendor, address = self.vendor, urlsplit(self.path)
        prefix = f"/v3/company/{COMPANY}/"
        assert address.path.startswith(prefix), address.path
        params = {name: values[0] for name, values in parse_qs(address.query).items()}
        seen = Seen(self.command, address.path.removeprefix(prefix), params, body)
        with vendor.lock:
            vendor.seen.append(seen)
            script = vendor.scripts.popleft() if vendor.scripts else None
        if script:
            return script(self)
        if self.headers["Authorization"] != f"Bearer {vendor.access}":
            return expired(self)
        vendor.meddle(seen)
        return self.send_json(200, self.respond(seen) | {"time": vendor.now.isoformat()})

    def respond(self, seen: Seen) -> Row:
        vendor = self.vendor
        if seen.path == "cdc":
            rows = vendor.changes(seen.params["entities"], seen.params["changedSince"])
            return {"CDCResponse": [{"QueryResponse": [{seen.params["entities"]: rows}, {}]}]}
        if seen.path == "journalentry":
            return {"JournalEntry": self.post_once(seen)}
        return {"QueryResponse": vendor.answer(seen.statement)}

    def post_once(self, seen: Seen) -> Row:
        """Run a request id once; its answer is replayed ever after."""
        vendor, key = self.vendor, seen.params["requestid"]
        if key not in vendor.posted:
            entry = json.loads(seen.body, parse_float=Decimal, parse_int=Decimal)
            vendor.posted[key] = entry | {"Id": str(len(vendor.posted) + 450), "SyncToken": "0"}
            vendor.rows.setdefault("JournalEntry", []).append(vendor.posted[key])
        return vendor.posted[key]

    def send_json(self, status: int, value: Row, headers: dict[str, str] | None = None) -> None:
        self.send(status, simplejson.dumps(value, use_decimal=True).encode(), headers)

    def send(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("intuit_tid", "trace-1")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def expired(handler: Handler) -> None:
    """The gateway's own shape of a fault."""
    message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    error = {"message": message, "detail": "Token expired", "code": "3200", "element": None}
    handler.send_json(
        401, {"warnings": None, "fault": {"error": [error], "type": "AUTHENTICATION"}, "time": 17}
    )


def failing(status: int, headers: dict[str, str] | None = None) -> Script:
    return lambda handler: handler.send(status, b"unavailable", headers)


def fault(status: int, code: str, message: str = "no") -> Script:
    error = {"Message": message, "Detail": "", "code": code}
    return lambda handler: handler.send_json(status, {"Fault": {"Error": [error], "type": "ValidationFault"}})


def raw(body: bytes, status: int = 200) -> Script:
    return lambda handler: handler.send(status, body)


def hang_up(handler: Handler) -> None:
    """Begin the body of a good answer, then reset the connection."""
    handler.send(200, b'{"QueryResponse":{"Sal', length=4000)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def executed_then_reset(handler: Handler) -> None:
    """Do what was asked, and lose the answer."""
    vendor = handler.vendor
    handler.post_once(vendor.seen[-1])
    hang_up(handler)


def drip(handler: Handler) -> None:
    """Send a good answer byte by byte behind 200 spaces, for whoever has the patience."""
    good = simplejson.dumps(handler.respond(handler.vendor.seen[-1]) | {"time": "2026-11-21T02:00:00Z"})
    body = b" " * 200 + good.encode()
    handler.send(200, b"", length=len(body))
    try:
        for byte in body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.01)
    except OSError:
        handler.close_connection = True
