"""The control endpoint: the controls over HTTP, for whoever holds the control token."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from sandbox.quickbooks.answers import Answer, plain
from sandbox.quickbooks.api import Request
from sandbox.quickbooks.controls import Controlled
from sandbox.quickbooks.documents import deleted, receipt
from sandbox.quickbooks.faults import Faults
from sandbox.quickbooks.jsontext import Document, Json, read_object
from sandbox.quickbooks.receipts import Receipt
from sandbox.quickbooks.service import Logged

PREFIX = "control"
HEADER = "x-control-token"


def answer(sandbox: Controlled, request: Request) -> Answer:
    """Do what a control request says: 403 without the token, 404 for what is not there, 400 for a bad value."""
    expected = sandbox.settings.control_token
    if not expected or not hmac.compare_digest(request.headers.get(HEADER, "").encode(), expected.encode()):
        return plain({"error": "the control token is missing or wrong"}, 403)
    try:
        body = read_object(request.body)
        return plain(_done(sandbox, request, body))
    except KeyError as error:
        return plain({"error": str(error.args[0])}, 404)
    except (ValueError, InvalidOperation) as error:
        return plain({"error": str(error) or "a value cannot be read"}, 400)


def _done(sandbox: Controlled, request: Request, body: Mapping[str, Json]) -> Json:
    match (request.method, request.segments[1:]):
        case ("GET", ("truth",)):
            return sandbox.truth(date.fromisoformat(request.parameters.get("day", ""))).document()
        case ("GET", ("requests",)):
            return [_logged(each) for each in sandbox.requests]
        case ("DELETE", ("requests",)):
            sandbox.clear_requests()
            return {}
        case (method, ("faults",)):
            return _faults(sandbox, method, body)
        case ("POST", ("receipts", verb)):
            return _edited(sandbox, verb, body)
        case ("POST", ("books",)):
            through = body.get("closed_through")
            sandbox.close_books(_text(body, "realm"), date.fromisoformat(str(through)) if through else None)
            return {}
        case ("POST", ("consent",)):
            return sandbox.consent(_text(body, "realm"))
        case ("POST", ("revoke",)):
            sandbox.revoke(_text(body, "realm"))
            return {}
        case _:
            raise KeyError(f"there is no control {request.method} {request.path}")


def _faults(sandbox: Controlled, method: str, body: Mapping[str, Json]) -> Document:
    match method:
        case "POST" if "seed" in body:
            sandbox.faults = Faults.by_seed(_whole(body, "seed"))
        case "POST":
            every = _whole(body, "every", 1)
            times, first = _whole(body, "times", 1), _whole(body, "first", every)
            sandbox.faults = Faults.every(_text(body, "name"), every, times, first)
        case "DELETE":
            sandbox.faults = Faults()
        case _:
            pass
    faults = sandbox.faults
    return {"description": faults.description, "recoverable": faults.recoverable}


def _edited(sandbox: Controlled, verb: str, body: Mapping[str, Json]) -> Document:
    if verb == "delete":
        return deleted(sandbox.delete(_text(body, "id")))
    return receipt(_edit(sandbox, verb, body), sandbox.settings.seed)


def _edit(sandbox: Controlled, verb: str, body: Mapping[str, Json]) -> Receipt:
    match verb:
        case "change":
            return sandbox.change_line(_text(body, "id"), _whole(body, "line", 1), _amount(body))
        case "void":
            return sandbox.void(_text(body, "id"))
        case "move":
            return sandbox.move(_text(body, "id"), date.fromisoformat(_text(body, "day")))
        case "add":
            day = date.fromisoformat(_text(body, "day"))
            return sandbox.add(day, _text(body, "currency"), _amount(body))
        case _:
            raise KeyError(f"receipts cannot be told to {verb}")


def _text(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} has to be a text")
    return value


def _whole(body: Mapping[str, Json], name: str, default: int | None = None) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} has to be a whole number")
    return value


def _amount(body: Mapping[str, Json]) -> Decimal:
    value = Decimal(str(body.get("amount")))
    if not value.is_finite():
        raise ValueError("amount has to be a number")
    return value


def _logged(line: Logged) -> Document:
    return {
        "number": line.number,
        "method": line.method,
        "path": line.path,
        "statement": line.statement,
        "requestid": line.request_id,
        "status": line.status,
        "fault": line.fault.value if line.fault else None,
    }
