"""The client core that all API sources share: login, pace, retries and measurements around an exchange."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
import stamina

from conductor.errors import FixTheConfiguration, RetryLater
from conductor.records import Document
from conductor.sources.login import Login
from conductor.sources.pace import Budget, Clock, Patience, RateLimiter
from conductor.sources.tokens import Tokens
from conductor.sources.transport import SILENCE, RawAnswer, fetch

MEASUREMENTS_KEPT = 10_000


class Expired(FixTheConfiguration):
    """The access token is refused: it is renewed once; if the new one is refused too, this stops the run."""


@dataclass(frozen=True)
class Question:
    """One request, the same in each attempt. `expect` is the key that a whole answer has."""

    method: str
    path: str
    params: Mapping[str, str]
    expect: str
    body: bytes | None = None


@dataclass(frozen=True)
class Reply:
    """A good answer: the bytes as they came, and the JSON object that they hold, numbers as text."""

    body: bytes
    document: Document


@dataclass(frozen=True)
class Measurement:
    """One exchange that ended with an answer, good or not. `trace` is the vendor's id of it."""

    path: str
    status: int
    seconds: float
    trace: str


class ApiClient:
    """Ask one company's API. Safe to share between threads.

    `read` judges an answer: it gives the document of a good one and raises what any other one asks for. What
    it raises as `RetryLater` is tried again within the budget, unchanged, so a writing request must carry its
    own idempotency key.
    """

    def __init__(
        self,
        http: httpx.Client,
        base_url: str,
        login: Login,
        read: Callable[[RawAnswer], Document],
        limiter: RateLimiter,
        clock: Clock,
        budget: Budget = Budget(),  # noqa: B008 (frozen)
        deadline_s: float = 120.0,
    ) -> None:
        self.company = login.company
        self.measurements: deque[Measurement] = deque(maxlen=MEASUREMENTS_KEPT)
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._login = login
        self._read = read
        self._limiter = limiter
        self._clock = clock
        self._budget = budget
        self._deadline_s = deadline_s

    def get(self, path: str, params: Mapping[str, str], *, expect: str) -> Reply:
        """Read; a page that is cut, garbled or lacks the expected key is asked for again."""
        return self._ask(Question("GET", path, params, expect))

    def post(self, path: str, params: Mapping[str, str], body: bytes, *, expect: str) -> Reply:
        """Write JSON. `params` hold the idempotency key: after a lost answer the same is sent again."""
        return self._ask(Question("POST", path, params, expect, body))

    def _ask(self, question: Question) -> Reply:
        patience = Patience(self._budget, self._clock)
        for attempt in stamina.retry_context(on=patience, attempts=None, timeout=None):
            with attempt:
                return self._attempt(question)
        raise AssertionError("an attempt either gives a reply or raises")

    def _attempt(self, question: Question) -> Reply:
        tokens = self._login.tokens()
        try:
            return self._exchange(question, tokens)
        except Expired:
            return self._exchange(question, self._login.renew(tokens))

    def _exchange(self, question: Question, tokens: Tokens) -> Reply:
        with self._limiter.turn(self.company):
            answer = fetch(
                self._http, self._request(question, tokens), self._clock.monotonic, self._deadline_s
            )
        self.measurements.append(Measurement(question.path, answer.status, answer.seconds, answer.trace))
        document = self._read(answer)
        if question.expect not in document:
            raise RetryLater(
                f"the answer to {question.path} has no {question.expect} (trace {answer.trace or 'none'})"
            )
        return Reply(answer.body, document)

    def _request(self, question: Question, tokens: Tokens) -> httpx.Request:
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {tokens.access.get_secret_value()}",
        }
        if question.body is not None:
            headers["Content-Type"] = "application/json"
        return self._http.build_request(
            question.method,
            f"{self._base_url}/{question.path}",
            params=dict(question.params),
            content=question.body,
            headers=headers,
            timeout=SILENCE,
        )
