"""The accounting API of a company: addresses in, answers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from urllib.parse import parse_qs

from sandbox.quickbooks import journal
from sandbox.quickbooks.answers import Answer, Refused, success
from sandbox.quickbooks.company import Company, Page
from sandbox.quickbooks.jsontext import Document, read_object, write
from sandbox.quickbooks.query import BadQuery, Condition, Query, parse
from sandbox.quickbooks.report import trial_balance
from sandbox.quickbooks.select import instant
from sandbox.quickbooks.tables import exchange_rate

LONGEST_REQUEST_ID = 50


@dataclass(frozen=True)
class Request:
    """One HTTP request. `parameters` hold the last value of each; `headers` have lower-case names."""

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path."""
        return tuple(part for part in self.path.split("/") if part)

    @property
    def company_call(self) -> bool:
        """Whether it is for the API of a company."""
        return self.segments[:2] == ("v3", "company") and len(self.segments) >= 4

    @property
    def statement(self) -> str | None:
        """The statement of a query, from the address or the body; None for what is no query."""
        if not self.company_call or self.segments[3:] != ("query",):
            return None
        in_body = self.method == "POST"
        return self.body.decode(errors="replace") if in_body else self.parameters.get("query", "")

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of a form."""
        return last_values(self.body.decode(errors="replace"))

    @property
    def bearer(self) -> str:
        """The access token; empty without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""


def last_values(encoded: str) -> Mapping[str, str]:
    """Give the last value of each field of a URL-encoded text."""
    return {name: values[-1] for name, values in parse_qs(encoded, keep_blank_values=True).items()}


def answer(company: Company, request: Request, now: datetime, whim: Random) -> Answer:
    """Answer a call to a company's API other than a query; `Refused` where the vendor says no."""
    match (request.method, request.segments[3:]):
        case ("GET", ("cdc",)):
            return success(_capture(company, request, now), now)
        case ("GET", ("exchangerate",)):
            return success(_exchange_rate(company, request), now)
        case ("GET", ("reports", "TrialBalance")):
            return Answer(200, write(_report(company, request, now)))
        case ("POST", ("journalentry",)) if "operation" not in request.parameters:
            return _post(company, request, now)
        case ("GET", (lower, identity)):
            return success(_read(company, lower, identity, now, whim), now)
        case ("GET", ("preferences",)):
            return success(_read(company, "preferences", "1", now, whim), now)
        case _:
            raise Refused(
                "500", "Unsupported Operation", f"{request.method} {request.path} is not supported."
            )


def understood(statement: str) -> Query:
    """Read a statement; `Refused` where it is not understood."""
    try:
        return parse(statement)
    except BadQuery as error:
        raise _not_understood(error) from error


def page(company: Company, query: Query, now: datetime, whim: Random) -> Page:
    """Give the page that a query asks for; `Refused` where the company has no such entity or property."""
    try:
        return company.ask(query, now, whim)
    except BadQuery as error:
        raise _not_understood(error) from error


def _not_understood(error: BadQuery) -> Refused:
    return Refused("4001", "Invalid query", f"QueryValidationError: {error}")


def _capture(company: Company, request: Request, now: datetime) -> Document:
    entities = [name.strip() for name in _needed(request, "entities").split(",")]
    try:
        since = instant(_needed(request, "changedSince"))
    except BadQuery as error:
        raise Refused("4001", "Invalid query", str(error), element="changedSince") from error
    return company.captured(entities, since, now)


def _exchange_rate(company: Company, request: Request) -> Document:
    currency, day = _needed(request, "sourcecurrencycode"), _day(request, "asofdate")
    rate = company.rate(currency, day)
    if rate is None:
        raise Refused("2500", "Invalid Reference Id", f"{currency} is not a currency of this company.")
    return {"ExchangeRate": exchange_rate(rate)}


def _report(company: Company, request: Request, now: datetime) -> Document:
    start, end = _day(request, "start_date"), _day(request, "end_date")
    return trial_balance(company.ledger.entries, start, end, now)


def _read(company: Company, lower: str, identity: str, now: datetime, whim: Random) -> Document:
    entity = company.entity(lower)
    if entity is None or entity == "ExchangeRate":
        raise Refused("500", "Unsupported Operation", f"{lower} is not supported.")
    key = "1" if entity == "CompanyInfo" and identity == company.profile.realm else identity
    everything = (Condition("Id", "=", (key,)), *_with_inactive(entity))
    try:
        page = company.ask(Query(entity, where=everything), now, whim)
    except BadQuery as error:
        raise Refused("610", "Object Not Found", f"{identity} is no id.") from error
    if not page.rows:
        raise Refused("610", "Object Not Found", f"There is no {entity} {identity}.")
    return {entity: page.rows[0]}


def _with_inactive(entity: str) -> tuple[Condition, ...]:
    lists = {"Item", "Customer", "Account"}
    return (Condition("Active", "IN", ("true", "false")),) if entity in lists else ()


def _post(company: Company, request: Request, now: datetime) -> Answer:
    """Post a journal entry, once per requestid: a repeat gets the first answer, and nothing is executed."""
    ledger, identity = company.ledger, request.parameters.get("requestid", "")
    if len(identity) > LONGEST_REQUEST_ID:
        raise Refused("2050", "Invalid String Length", f"requestid is longer than {LONGEST_REQUEST_ID}.")
    if identity in ledger.answers:
        return Answer(200, ledger.answers[identity].encode())
    try:
        body = read_object(request.body)
    except ValueError as error:
        raise Refused(
            "2010", "Request has invalid or unsupported property", "The body is no JSON."
        ) from error
    posted = success(
        {"JournalEntry": journal.document(journal.post(ledger, body, company.book.seed, now))}, now
    )
    if identity:
        ledger.answers[identity] = posted.body.decode()
    return posted


def _needed(request: Request, name: str) -> str:
    value = request.parameters.get(name)
    if not value:
        raise Refused("2020", "Required param missing", f"{name} is missing.", element=name)
    return value


def _day(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(_needed(request, name))
    except ValueError as error:
        raise Refused("2080", "Invalid date", f"{name} is no date.", element=name) from error
