"""Judge an answer of QuickBooks Online: good, or which error it is.

Faults come in two JSON shapes (the API's and the gateway's), as XML, and inside an answer of status 200.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from conductor.errors import (
    ApprovalNeeded,
    ConductorError,
    FixTheConfiguration,
    FixTheData,
    RetryLater,
    StopAndCall,
)
from conductor.records import Document, Json, leaf, objects, parse_json
from conductor.sources.client import Expired
from conductor.sources.pace import Throttled
from conductor.sources.transport import RawAnswer

CONNECT = "conductor connect quickbooks"
THROTTLE = "3001"
SHOWN = 300
"""Characters of the vendor's own words that go into a sentence."""

REACTIONS: dict[str, type[ConductorError]] = {
    "100": FixTheConfiguration,  # token and company do not belong together
    "120": FixTheConfiguration,  # not authorised
    "130": FixTheConfiguration,  # wrong host
    "500": FixTheConfiguration,  # unsupported operation
    "610": FixTheConfiguration,  # account or item not found or inactive
    "2010": FixTheData,  # unknown property
    "2020": FixTheData,  # required property missing
    "2050": FixTheData,  # too long
    "2080": FixTheData,  # not a number
    "2170": FixTheData,  # unknown value
    "2500": FixTheConfiguration,  # reference to nothing
    "3100": FixTheConfiguration,  # wrong host, company or scope
    "3200": Expired,
    "4001": FixTheConfiguration,  # the query is not understood
    "5010": FixTheData,  # changed by someone else meanwhile
    "6000": FixTheData,  # business validation
    "6140": FixTheData,  # duplicate document number
    "6190": FixTheConfiguration,  # subscription
    "6210": ApprovalNeeded,  # period closed
    "6240": FixTheData,  # duplicate name
    "6540": FixTheData,  # deposited transaction
    "10000": RetryLater,  # system failure
}

XML_CODE = re.compile(r"<Error\b[^>]*\bcode=[\"'](\d+)")
XML_MESSAGE = re.compile(r"<Message>([^<]*)")
GATEWAY_CODE = re.compile(r"errorCode=(\d+)")


@dataclass(frozen=True)
class Fault:
    """The first error of a fault; `code` without leading zeros, empty where there is none."""

    code: str
    message: str
    kind: str = ""


def read(answer: RawAnswer) -> Document:
    """Give the object that a good answer holds; raise what any other one asks for."""
    document = _object(answer.body)
    fault = _json_fault(document) if document is not None else _xml_fault(answer.body)
    if fault or answer.status != 200:
        raise _error(answer, fault or Fault("", f"HTTP {answer.status}"))
    if document is None:
        raise RetryLater(f"QuickBooks' answer is cut or no JSON ({_trace(answer)})")
    return document


def _error(answer: RawAnswer, fault: Fault) -> ConductorError:
    code = f", code {fault.code}" if fault.code else ""
    told = f"{fault.message[:SHOWN]}{code} ({_trace(answer)})"
    if fault.code == THROTTLE or answer.status == 429:
        return Throttled(
            f"QuickBooks says that it is asked too often, by minute or by month: {told}", answer.retry_after_s
        )
    reaction = _reaction(answer.status, fault)
    if reaction is RetryLater:
        return RetryLater(f"QuickBooks is not well: {told}")
    command = CONNECT if issubclass(reaction, FixTheConfiguration) and answer.status in (401, 403) else None
    return reaction(f"QuickBooks refuses: {told}", next_command=command)


def _reaction(status: int, fault: Fault) -> type[ConductorError]:
    """Give the class of the error. What nobody foresaw stops: repeating it could do harm."""
    if status >= 500 or status == 408:
        return RetryLater
    if fault.code in REACTIONS:
        return REACTIONS[fault.code]
    if fault.kind == "SystemFault":
        return RetryLater
    return {401: Expired, 403: FixTheConfiguration, 404: FixTheConfiguration}.get(status, StopAndCall)


def _object(body: bytes) -> Document | None:
    try:
        found = parse_json(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _json_fault(document: Document) -> Fault | None:
    for name, errors in (("Fault", "Error"), ("fault", "error")):
        fault = document.get(name)
        if isinstance(fault, dict):
            return _first(fault.get(errors), leaf(fault, "type") or "")
    return None


def _first(errors: Json, kind: str) -> Fault:
    first = next(iter(objects(errors)), {})
    lower = {name.lower(): value for name, value in first.items()}
    message = leaf(lower, "message") or "an unnamed fault"
    detail = leaf(lower, "detail") or ""
    return Fault(_code(leaf(lower, "code") or "", message), ": ".join(filter(None, (message, detail))), kind)


def _xml_fault(body: bytes) -> Fault | None:
    """Read a fault in XML by pattern: two words are not worth parsing a stranger's XML."""
    text = body.decode("utf-8", errors="replace")
    if "<Fault" not in text:
        return None
    code, message = XML_CODE.search(text), XML_MESSAGE.search(text)
    told = message[1] if message else ""
    return Fault(_code(code[1] if code else "", told), told)


def _code(code: str, message: str) -> str:
    """Prefer the code within the gateway's message: beside it the gateway may write another."""
    inner = GATEWAY_CODE.search(message)
    return (inner[1] if inner else code).lstrip("0")


def _trace(answer: RawAnswer) -> str:
    return f"trace {answer.trace or 'none'}"
