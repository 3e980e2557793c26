"""A server that answers in the shapes of Databricks' Jobs API 2.1: one-time runs, as its public reference describes them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

Body = dict[str, Any]
State = dict[str, str]


class Work(Protocol):
    """What a run does."""

    def state(self) -> State: ...

    def cancel(self) -> None: ...


class Jobs(ThreadingHTTPServer):
    """Remembers what it was asked; one-time runs with the same token are one run. `answer` says what comes instead.

    With `begin` a run does the work that this gives of what was submitted; it is called once a run.
    """

    def __init__(self, begin: Callable[[Body], Work] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, Body, str]] = []
        self.runs: dict[str, int] = {}
        self.state: State = {"life_cycle_state": "PENDING", "state_message": ""}
        self.answer: tuple[int, bytes] | None = None
        self.begin = begin
        self.begun: dict[int, Work] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def submitted(self, body: Body) -> int:
        """Give the run of what was submitted, and begin it if it is new."""
        token = body["idempotency_token"]
        if token not in self.runs:
            self.runs[token] = 455644833 + len(self.runs)
            if self.begin:
                self.begun[self.runs[token]] = self.begin(body)
        return self.runs[token]

    def state_of(self, run: int) -> State:
        return self.begun[run].state() if run in self.begun else self.state


class Handler(BaseHTTPRequestHandler):
    server: Jobs

    def do_GET(self) -> None:
        self._answered({})

    def do_POST(self) -> None:
        self._answered(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answered(self, body: Body) -> None:
        self.server.asked.append((self.command, self.path, body, self.headers["Authorization"]))
        status, told = self.server.answer or (200, json.dumps(self._told(body)).encode())
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def _told(self, body: Body) -> Body:
        if self.path == "/api/2.1/jobs/runs/submit":
            return {"run_id": self.server.submitted(body)}
        if self.path.startswith("/api/2.1/jobs/runs/get?run_id="):
            run = int(self.path.partition("=")[2])
            page = f"https://example.cloud.databricks.com/#job/1/run/{run}"
            return {"run_id": run, "state": self.server.state_of(run), "run_page_url": page}
        if self.path == "/api/2.1/jobs/runs/cancel" and body["run_id"] in self.server.begun:
            self.server.begun[body["run_id"]].cancel()
        return {}

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def databricks(begin: Callable[[Body], Work] | None = None) -> Iterator[Jobs]:
    """Serve, for the body."""
    with Jobs(begin) as jobs:
        thread = threading.Thread(target=jobs.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield jobs
        jobs.shutdown()
        thread.join()
