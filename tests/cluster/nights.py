"""Nightly runs on the trial: started, watched and looked at afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from .kube import Kube
from .trial import Trial

DEPLOYMENT = "nightly-financials/nightly"
PRODUCT = "finance/sales_receipts"
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
PATIENCE = 420


class Prefect:
    """Prefect's API through a forwarded port, which is made anew when what it led to is gone."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._open = ExitStack()
        self._client: httpx.Client | None = None

    def ask(self, method: str, path: str, given: object = None) -> Any:
        """Give the answer as JSON; while the API does not answer, ask again."""
        answer = self._answer(method, f"/api{path}", json=given)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def pass_on(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> httpx.Response:
        """Give the answer to what somebody else asks, with their credentials or none."""
        return self._answer(method, path, headers=headers, content=body, auth=None)

    def close(self) -> None:
        """Let go of the port."""
        self._open.close()
        self._client = None

    def _answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._connected().request(method, path, **request)
                if answer.status_code < 500:
                    return answer
            except (httpx.TransportError, AssertionError):
                self.close()
            assert time.monotonic() < deadline, f"{method} {path} is not answered"
            time.sleep(1)

    def _connected(self) -> httpx.Client:
        if self._client is None:
            forwarded = self._trial.cluster.forwarded(self._trial.platform, "service/conductor-server", 4200)
            url = self._open.enter_context(forwarded)
            client = httpx.Client(base_url=url, auth=self._trial.auth, timeout=60, trust_env=False)
            self._client = self._open.enter_context(client)
        return self._client


@dataclass(frozen=True)
class Night:
    """A run of the nightly deployment for one day."""

    trial: Trial
    prefect: Prefect
    kube: Kube
    id: str
    day: date

    @property
    def slot(self) -> str:
        """The slot that it carries."""
        return f"{PRODUCT}/{self.day}"

    def state(self) -> dict[str, Any]:
        """Give its state as Prefect has it."""
        return self.prefect.ask("GET", f"/flow_runs/{self.id}")["state"]

    def states(self) -> list[str]:
        """Give the types of all states that it ever had, in their order."""
        found = self.prefect.ask("GET", f"/flow_run_states/?flow_run_id={self.id}")
        return [each["type"] for each in sorted(found, key=lambda each: each["timestamp"])]

    def until(self, what: str, holds: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until something holds; what is wrong otherwise is told with the run's state."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, (
                f"not in time: {what}; {self.state()}; {self.kube.do('get', 'jobs,pods')}"
            )
            time.sleep(1)

    def at_work(self) -> None:
        """Wait until it holds the lease of its slot, and has begun."""
        self.until("it is at work", self.holds_lease)

    def holds_lease(self) -> bool:
        """Say whether somebody holds the lease of its slot."""
        query = (
            f"SELECT 1 FROM leases WHERE name = '{self.slot}' AND holder IS NOT NULL AND expires_at > now()"
        )
        return bool(self.trial.ledger(query))

    def ended(self, seconds: float = PATIENCE) -> str:
        """Wait for its end and give the type of its last state."""
        self.until("it has ended", self.over, seconds)
        return self.state()["type"]

    def pod(self) -> str:
        """Wait for a pod that runs and give its name."""
        self.until("a pod runs", self.running)
        return self.running()[0]

    def left(self) -> list[str]:
        """Give what it left at work: pods, Jobs, attempts and leases."""
        found = [pod.name for pod in self.kube.pods(self.id) if not pod.finished]
        found += [job.name for job in self.kube.jobs(self.id) if not job.finished]
        ledger = self.trial.ledger
        found += ledger(f"SELECT slot FROM attempts WHERE run_id = '{self.id}' AND ended_at IS NULL")
        return found + ledger(f"SELECT name FROM leases WHERE holder LIKE '%|{self.id}%'")

    def over(self) -> bool:
        """Say whether it has ended, for now: a pod that was started twice may take it up again."""
        return self.state()["type"] in FINAL

    def running(self) -> list[str]:
        """Give the names of its pods that run."""
        return [pod.name for pod in self.kube.pods(self.id) if pod.phase == "Running" and not pod.deleting]


@contextmanager
def prefect_of(trial: Trial) -> Generator[Prefect]:
    """Have Prefect's API for the body."""
    found = Prefect(trial)
    try:
        yield found
    finally:
        found.close()


def start(trial: Trial, prefect: Prefect, day: date, **job_variables: object) -> Night:
    """Ask for a run of this day."""
    deployment = prefect.ask("GET", f"/deployments/name/{DEPLOYMENT}")["id"]
    wanted = {"parameters": {"workspace": "trial", "day": day.isoformat()}, "job_variables": job_variables}
    run = prefect.ask("POST", f"/deployments/{deployment}/create_flow_run", wanted)
    return Night(trial, prefect, Kube(trial.flows), run["id"], day)


def fresh_day(trial: Trial) -> date:
    """Give a business day that the trial has never carried: the one before all that it knows, or before yesterday."""
    (oldest,) = trial.ledger("SELECT min(day) FROM slots")
    before = datetime.now(UTC).date() - timedelta(days=1)
    return (min(date.fromisoformat(oldest), before) if oldest else before) - timedelta(days=1)
