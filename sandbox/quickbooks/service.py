"""The sandbox without its socket: one request in, one answer out, and what can be done to it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from threading import Condition

from sandbox.quickbooks import api, authorization
from sandbox.quickbooks.answers import Answer, Refused, RefusedAtGateway, fault, gateway_fault, plain, success
from sandbox.quickbooks.api import Request
from sandbox.quickbooks.authorization import Client
from sandbox.quickbooks.book import Changes, ReceiptBook
from sandbox.quickbooks.company import Company, Page
from sandbox.quickbooks.faults import MANNERS, PAGING, Fault, Faults, Injector, Scope, instead
from sandbox.quickbooks.journal import Ledger
from sandbox.quickbooks.memory import keep, recall
from sandbox.quickbooks.oauth import Rotation, Tokens
from sandbox.quickbooks.query import BadQuery, parse
from sandbox.quickbooks.tables import Profile

SHOP = Profile("9130350000000001", "Paper & Co. Shop")
GROUP = Profile("9130350000000002", "Paper & Co. Group")
RACE_SECONDS = 2.0


@dataclass(frozen=True)
class Settings:
    """What a sandbox is made of.

    The shop has `receipts_per_day` receipts each day, other numbers on the `days` that are listed. An empty
    `control_token` closes the control endpoint. `access_token_uses` ends an access token after so many requests.
    """

    seed: int
    client: Client
    control_token: str = ""
    receipts_per_day: int = 5000
    days: Mapping[date, int] = field(default_factory=dict[date, int])
    huge: bool = False
    rotation: Rotation = Rotation.DAILY
    access_token_uses: int | None = None
    state: Path | None = None


@dataclass(frozen=True)
class Logged:
    """One line of the request log. `status` is the one meant, also where a fault kept it from arriving."""

    number: int
    method: str
    path: str
    status: int
    statement: str | None = None
    request_id: str | None = None
    fault: Fault | None = None


class Service:
    """Both companies, their tokens, the faults and the log. Safe to use from many threads."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self._clock = clock
        self._turn = Condition()
        self._memory = recall(settings.state, settings.seed)
        uses = settings.access_token_uses
        self.tokens = Tokens(settings.seed, self._memory.consents, settings.rotation, uses)
        self._companies = {profile.realm: self._company(profile) for profile in (SHOP, GROUP)}
        self._injector = Injector(Faults())
        self._log: list[Logged] = []
        self._number = 0
        self._last_page: dict[tuple[str, str], Page] = {}

    def handle(self, request: Request, url: str) -> Answer:
        """Answer a request that came to the address `url`; what it changed is kept before the answer is given."""
        with self._turn:
            self._number += 1
            number = self._number
            due = self._injector.due(_scopes(request))
            answer = self._answered(request, url, due, Random(f"whim/{self.settings.seed}/{number}"))
            requested = request.parameters.get("requestid")
            self._log.append(
                Logged(number, request.method, request.path, answer.status, request.statement, requested, due)
            )
            if due in PAGING or (request.method == "POST" and request.statement is None):
                self._keep()
            self._turn.notify_all()
            headers = (*answer.headers, ("intuit_tid", f"1-{self.settings.seed:x}-{number:012x}"))
            return replace(answer, headers=headers)

    def _company(self, profile: Profile) -> Company:
        settings = self.settings
        changes = self._memory.changes.setdefault(profile.realm, Changes())
        ledger = self._memory.ledgers.setdefault(profile.realm, Ledger())

        def count_of(day: date) -> int:
            return settings.days.get(day, settings.receipts_per_day) if profile is SHOP else 0

        book = ReceiptBook(settings.seed, count_of, changes, huge=settings.huge)
        return Company(profile, book, ledger)

    def _answered(self, request: Request, url: str, due: Fault | None, whim: Random) -> Answer:
        try:
            answer = self._under_fault(request, due) or self._routed(request, url, due, whim)
        except Refused as refused:
            answer = fault(refused, self._clock())
        except RefusedAtGateway as refused:
            answer = gateway_fault(refused, self._clock())
        return answer.sent(MANNERS[due]) if due is not None and due in MANNERS else answer

    def _under_fault(self, request: Request, due: Fault | None) -> Answer | None:
        """Do what a fault does before the request is executed, and give the answer that it puts in its place."""
        if due is None:
            return None
        if due is Fault.TOKEN_EXPIRED:
            self.tokens.expire(request.bearer)
        if due is Fault.REFRESH_RACE:
            self._lose_race(request.form.get("refresh_token", ""))
        if due is Fault.REVOKED_CONSENT:
            for realm in self._companies:
                self.tokens.revoke_realm(realm)
        return instead(due, self._clock())

    def _lose_race(self, token: str) -> None:
        """Hold a refresh until another one has rotated the token, or for two seconds where none comes."""
        self.tokens.rotate_once = True
        self._turn.wait_for(lambda: not self.tokens.is_current(token), RACE_SECONDS)
        self.tokens.rotate_once = False

    def _routed(self, request: Request, url: str, due: Fault | None, whim: Random) -> Answer:
        now, client = self._clock(), self.settings.client
        if request.company_call:
            return self._company_call(request, due, now, whim)
        match (request.method, request.path.rstrip("/")):
            case ("GET", authorization.CONSENT):
                profiles = [company.profile for company in self._companies.values()]
                return authorization.consent(self.tokens, client, profiles, request, now)
            case ("POST", authorization.TOKEN):
                return authorization.token(self.tokens, client, request, now)
            case ("POST", authorization.REVOCATION):
                return authorization.revoke(self.tokens, client, request)
            case ("GET", path) if path in authorization.DISCOVERY:
                return plain(authorization.discovery(url))
            case _:
                return Answer(404, b"There is nothing at this address.", "text/plain")

    def _company_call(self, request: Request, due: Fault | None, now: datetime, whim: Random) -> Answer:
        realm = request.segments[2]
        self.tokens.admit(request.bearer, realm, now)
        company = self._companies[realm]
        if request.statement is None:
            return api.answer(company, request, now, whim)
        return success(self._page(company, request.statement, due, now, whim).content(), now)

    def _page(self, company: Company, statement: str, due: Fault | None, now: datetime, whim: Random) -> Page:
        query = api.understood(statement)
        place = (company.profile.realm, query.entity)
        before = self._last_page.get(place)
        if due is Fault.DUPLICATE_PAGE and before:
            return replace(before, start=query.start)
        if due in PAGING and before:
            self._drift(company.book, before, due, now)
        page = api.page(company, query, now, whim)
        if page.rows:
            self._last_page[place] = page
        return page

    def _drift(self, book: ReceiptBook, before: Page, due: Fault | None, now: datetime) -> None:
        """Delete a good receipt that the page before has given, add one to its day, or both."""
        given = (book.get(str(row["Id"])) for row in before.rows)
        victim = next((receipt for receipt in given if receipt and not receipt.flawed), None)
        if victim is None:
            return
        if due in {Fault.ROW_DELETED, Fault.ROWS_DRIFT}:
            book.delete(victim.id, now)
        if due in {Fault.ROW_ADDED, Fault.ROWS_DRIFT}:
            book.add(victim.day, victim.currency, Decimal("10.01"), now)

    def _keep(self) -> None:
        if self.settings.state:
            keep(self._memory, self.settings.state)


def _scopes(request: Request) -> frozenset[Scope]:
    if request.method == "POST" and request.path == authorization.TOKEN:
        return (
            frozenset({Scope.REFRESH}) if request.form.get("grant_type") == "refresh_token" else frozenset()
        )
    if not request.company_call:
        return frozenset()
    scopes = {Scope.API}
    if request.method == "POST" and request.segments[3] == "journalentry":
        scopes.add(Scope.JOURNAL)
    if request.statement is not None and _is_next_page(request.statement):
        scopes.add(Scope.NEXT_PAGE)
    return frozenset(scopes)


def _is_next_page(statement: str) -> bool:
    try:
        query = parse(statement)
    except BadQuery:
        return False
    return query.entity == "SalesReceipt" and not query.count and query.start > 1
