"""Faults: which there are, which request meets which, and whether a patient client can get through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random

from sandbox.quickbooks.answers import XML, Answer, Manner, Refused, RefusedAtGateway, fault, gateway_fault
from sandbox.quickbooks.oauth import forbidden


class Scope(StrEnum):
    """What a fault can happen to; each scope counts its own requests from 1."""

    API = "api"
    NEXT_PAGE = "next_page"
    REFRESH = "refresh"
    JOURNAL = "journal"


class Fault(StrEnum):
    """All faults by the name that the control endpoint takes."""

    THROTTLED = "throttled"
    THROTTLED_RETRY_AFTER = "throttled_retry_after"
    THROTTLED_XML = "throttled_xml"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    GATEWAY_FAULT = "gateway_fault"
    FAULT_IN_200 = "fault_in_200"
    RESET = "reset"
    TRUNCATED = "truncated"
    SLOW_DRIP = "slow_drip"
    TOKEN_EXPIRED = "token_expired"
    DUPLICATE_PAGE = "duplicate_page"
    ROW_DELETED = "row_deleted"
    ROW_ADDED = "row_added"
    ROWS_DRIFT = "rows_drift"
    REFRESH_RACE = "refresh_race"
    REFRESH_UNAVAILABLE = "refresh_unavailable"
    EXECUTED_THEN_RESET = "executed_then_reset"
    REVOKED_CONSENT = "revoked_consent"
    FORBIDDEN = "forbidden"
    ENDLESS_500 = "endless_500"
    MONTH_THROTTLE = "month_throttle"

    @property
    def scope(self) -> Scope:
        """The requests that the fault can happen to."""
        return SCOPES.get(self, Scope.API)

    @property
    def permanent(self) -> bool:
        """Whether it holds for every request until it is cleared: nothing that a client does helps."""
        return self in PERMANENT


PAGING = (Fault.DUPLICATE_PAGE, Fault.ROW_DELETED, Fault.ROW_ADDED, Fault.ROWS_DRIFT)
PERMANENT = (Fault.REVOKED_CONSENT, Fault.FORBIDDEN, Fault.ENDLESS_500, Fault.MONTH_THROTTLE)
SCOPES = {
    **dict.fromkeys(PAGING, Scope.NEXT_PAGE),
    Fault.REFRESH_RACE: Scope.REFRESH,
    Fault.REFRESH_UNAVAILABLE: Scope.REFRESH,
    Fault.EXECUTED_THEN_RESET: Scope.JOURNAL,
}
TRANSIENT = tuple(each for each in Fault if each not in PAGING + PERMANENT)
MANNERS = {
    Fault.RESET: Manner.RESET_MIDWAY,
    Fault.TRUNCATED: Manner.TRUNCATED,
    Fault.SLOW_DRIP: Manner.DRIP,
    Fault.EXECUTED_THEN_RESET: Manner.RESET,
}
DRAWN_WITHIN = {Scope.API: 10, Scope.NEXT_PAGE: 4, Scope.REFRESH: 2, Scope.JOURNAL: 2}
MOST_TRANSIENT, MOST_PAGING = 4, 2
THROTTLE = "message=ThrottleExceeded; errorCode=003001; statusCode=429"


@dataclass(frozen=True)
class Planned:
    """One fault at the `nth` request (from 1) of its scope."""

    fault: Fault
    nth: int


@dataclass(frozen=True)
class Faults:
    """A schedule of faults, known before the first request.

    `recoverable` says whether a client ends with the same result as without faults, if it has five tries per
    request, renews an expired token once per request and reads a drifting day three times.
    """

    plan: tuple[Planned, ...] = ()
    permanent: Fault | None = None

    @classmethod
    def single(cls, name: str, times: int = 1, first: int = 1) -> Faults:
        """Plan one fault for `times` requests in a row, from the `first` on; permanent ones hold for all."""
        return cls.every(name, 1, times, first)

    @classmethod
    def every(cls, name: str, n: int, times: int, first: int | None = None) -> Faults:
        """Plan one fault for each n-th request of its scope, `times` in all; `ValueError` for no fault."""
        fault = Fault(name)
        if fault.permanent:
            return cls(permanent=fault)
        begin = n if first is None else first
        return cls(tuple(Planned(fault, begin + n * step) for step in range(times)))

    @classmethod
    def by_seed(cls, seed: int) -> Faults:
        """Draw a schedule. One seed in five (4, 9, 14, 19, ...) draws a permanent fault instead."""
        if seed % 5 == 4:
            return cls(permanent=PERMANENT[seed // 5 % len(PERMANENT)])
        rng = Random(f"faults/{seed}")
        drawn = rng.sample(TRANSIENT, rng.randint(2, MOST_TRANSIENT))
        drawn += rng.sample(PAGING, rng.randint(0, MOST_PAGING))
        return cls(tuple(Planned(each, rng.randint(1, DRAWN_WITHIN[each.scope])) for each in drawn))

    @property
    def recoverable(self) -> bool:
        """Whether a patient client gets through."""
        paging = sum(each.fault in PAGING for each in self.plan)
        row = sum(_longest_run(self.plan, scope) for scope in Scope if scope is not Scope.NEXT_PAGE)
        expired = tuple(each for each in self.plan if each.fault is Fault.TOKEN_EXPIRED)
        patient = row <= MOST_TRANSIENT and paging <= MOST_PAGING and _longest_run(expired, Scope.API) <= 1
        return self.permanent is None and patient

    @property
    def description(self) -> str:
        """Say in one line what is planned."""
        if self.permanent:
            return f"{self.permanent.value} on every request"
        planned = [f"{each.fault.value} on {each.fault.scope.value} request {each.nth}" for each in self.plan]
        return ", ".join(planned) or "no faults"


class Injector:
    """The schedule at work: counts requests per scope and says which fault is due."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._open = list(faults.plan)
        self._seen: Counter[Scope] = Counter()

    def due(self, scopes: Set[Scope]) -> Fault | None:
        """Count a request in its scopes and give the fault that it meets, if any. At most one per request."""
        self._seen.update(scopes)
        if self.faults.permanent:
            consent = self.faults.permanent is Fault.REVOKED_CONSENT
            hit = {Scope.API, Scope.REFRESH} if consent else {Scope.API}
            return self.faults.permanent if scopes & hit else None
        for planned in self._open:
            if planned.fault.scope in scopes and planned.nth <= self._seen[planned.fault.scope]:
                self._open.remove(planned)
                return planned.fault
        return None


def _longest_run(plan: Sequence[Planned], scope: Scope) -> int:
    """Give how many requests of a scope in a row meet a fault: a client tries again with the very next one."""
    longest = run = 0
    hit = 0
    for nth in sorted(each.nth for each in plan if each.fault.scope is scope):
        # A fault whose request met another one already happens to the next.
        run = run + 1 if nth <= hit + 1 and hit else 1
        hit = max(nth, hit + 1) if run > 1 else nth
        longest = max(longest, run)
    return longest


def instead(fault_: Fault, now: datetime) -> Answer | None:
    """Give the answer that takes the place of the real one; None where the request is executed."""
    throttled = Refused("3001", THROTTLE, "The request limit was reached", status=429, kind="SERVICE")
    broken = Refused("10000", "An application error has occurred", "", status=500, kind="SystemFault")
    match fault_:
        case Fault.THROTTLED | Fault.MONTH_THROTTLE:
            return fault(throttled, now)
        case Fault.THROTTLED_RETRY_AFTER:
            return Answer(429, fault(throttled, now).body, headers=(("Retry-After", "1"),))
        case Fault.THROTTLED_XML:
            return Answer(429, _xml("3001", THROTTLE), XML)
        case Fault.SERVER_ERROR | Fault.ENDLESS_500:
            return fault(broken, now)
        case Fault.FAULT_IN_200:
            return Answer(200, fault(broken, now).body)
        case Fault.UNAVAILABLE | Fault.REFRESH_UNAVAILABLE:
            return Answer(503, b"Service Unavailable", "text/plain")
        case Fault.GATEWAY_FAULT:
            late = RefusedAtGateway(504, "10000", "GatewayTimeout", "The service did not answer", "SERVICE")
            return gateway_fault(late, now)
        case Fault.FORBIDDEN:
            return gateway_fault(forbidden(), now)
        case _:
            return None


def _xml(code: str, message: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    name = 'xmlns="http://schema.intuit.com/finance/v3"'
    error = f'<Error code="{code}"><Message>{message}</Message></Error>'
    return f'{head}<IntuitResponse {name}><Fault type="SERVICE">{error}</Fault></IntuitResponse>'.encode()
