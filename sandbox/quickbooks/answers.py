"""Answers before they go on the wire, and the vendor's two ways of saying no."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from sandbox.quickbooks.documents import envelope_time
from sandbox.quickbooks.jsontext import Document, Json, write

JSON = "application/json;charset=UTF-8"
XML = "application/xml;charset=UTF-8"
HTML = "text/html; charset=utf-8"


class Manner(Enum):
    """How an answer is sent: whole, reset before or within, cut but framed as whole, slowly."""

    WHOLE = "whole"
    RESET = "reset"
    RESET_MIDWAY = "reset_midway"
    TRUNCATED = "truncated"
    DRIP = "drip"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. `headers` come besides those that every answer has."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    manner: Manner = Manner.WHOLE

    def sent(self, manner: Manner) -> Answer:
        """Give the same answer, sent in another manner."""
        return replace(self, manner=manner)


class Refused(Exception):
    """The API says no, in the standard shape. The attributes are the fields of the fault."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str,
        *,
        element: str = "",
        status: int = 400,
        kind: str = "ValidationFault",
    ) -> None:
        super().__init__(detail)
        self.code, self.message, self.detail = code, message, detail
        self.element, self.status, self.kind = element, status, kind


class RefusedAtGateway(Exception):
    """The gateway in front of the API says no, in its own lower-case shape."""

    def __init__(self, status: int, code: str, reason: str, detail: str, kind: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.reason = status, code, reason
        self.detail, self.kind = detail, kind


def success(content: Document, now: datetime) -> Answer:
    """Wrap the content in the envelope, which ends with the server's time."""
    return Answer(200, write({**content, "time": envelope_time(now)}))


def plain(content: Json, status: int = 200) -> Answer:
    """Answer with JSON that has no envelope, as the token endpoint and the control endpoint do."""
    return Answer(status, write(content))


def fault(refused: Refused, now: datetime) -> Answer:
    """Write a fault of the API."""
    error: Document = {
        "Message": refused.message,
        "Detail": refused.detail,
        "code": refused.code,
        "element": refused.element,
    }
    body: Document = {"Fault": {"Error": [error], "type": refused.kind}, "time": envelope_time(now)}
    return Answer(refused.status, write(body))


def gateway_fault(refused: RefusedAtGateway, now: datetime) -> Answer:
    """Write a fault of the gateway: lower case, time in milliseconds since 1970."""
    error: Document = {
        "message": f"message={refused.reason}; errorCode={refused.code:0>6}; statusCode={refused.status}",
        "detail": refused.detail,
        "code": refused.code,
        "element": None,
    }
    body: Document = {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": refused.kind},
        "report": None,
        "requestId": None,
        "time": int(now.timestamp() * 1000),
        "status": None,
    }
    return Answer(refused.status, write(body))
