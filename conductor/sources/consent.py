"""A person's consent: the browser goes to the vendor and comes back to a server that lives for that one
answer.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import cast
from urllib.parse import parse_qs, urlsplit

from conductor.errors import FixTheConfiguration, RetryLater
from conductor.sources.login import connection_name
from conductor.sources.oauth import App, Endpoints, TokenEndpoint, authorize_url
from conductor.sources.tokens import Tokens, TokenStore

PATH = "/callback"
PAGE = "<!doctype html><meta charset=utf-8><title>Cloud Conductor</title><p>{}</p>"


@dataclass(frozen=True)
class Connected:
    """The company that a person chose, and the name of its connection."""

    company: str
    connection: str


@dataclass(frozen=True)
class _Answer:
    """What the browser brought back; `error` is set instead of the others where consent was refused."""

    code: str = ""
    company: str = ""
    error: str = ""


def connect(
    endpoints: Endpoints,
    app: App,
    tokens: TokenEndpoint,
    store: TokenStore,
    open_browser: Callable[[str], object],
    *,
    source: str,
    state: str,
    timeout_s: float,
    port: int = 0,
) -> Connected:
    """Have a person consent, and store the first tokens of the company that they choose.

    `open_browser` gets the address; `state` is an unguessable text, used once; `port` is that of the
    registered redirect address `http://localhost:<port>/callback`, 0 for any free one. Refusal and time-out
    are `FixTheConfiguration`. Repeats: consent given anew replaces what was stored.
    """
    with _callback(state, port) as (redirect_uri, inbox):
        open_browser(authorize_url(endpoints, app, redirect_uri, state))
        answer = _await(inbox, source, timeout_s)
        granted = tokens.exchange(answer.company, answer.code, redirect_uri)
    connection = connection_name(source, answer.company)
    _store(store, connection, granted)
    return Connected(answer.company, connection)


def _await(inbox: Queue[_Answer], source: str, timeout_s: float) -> _Answer:
    again = f"conductor connect {source}"
    try:
        answer = inbox.get(timeout=timeout_s)
    except Empty:
        raise FixTheConfiguration(f"nobody consented within {timeout_s:g} s", next_command=again) from None
    if answer.error:
        raise FixTheConfiguration("consent was refused in the browser", next_command=again)
    return answer


def _store(store: TokenStore, connection: str, tokens: Tokens) -> None:
    """Store the tokens while no refresh is under way, so that none of the two is lost to the other."""
    with store.refreshing(connection):
        if not store.replace(connection, store.read(connection), tokens):
            raise RetryLater(f"the tokens of {connection} were changed by another process")


class _Server(ThreadingHTTPServer):
    """Listens on loopback only. Threads, because browsers open connections that they never use."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, state: str) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.state = state
        self.inbox: Queue[_Answer] = Queue()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        """Take the one answer that carries our state; anything else is turned away and waited past."""
        server = cast(_Server, self.server)
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path != PATH:
            return self._say(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if not hmac.compare_digest(query.get("state", "").encode(), server.state.encode()):
            return self._say(HTTPStatus.BAD_REQUEST, "This answer belongs to another question.")
        if "error" in query:
            server.inbox.put(_Answer(error=query["error"]))
            return self._say(HTTPStatus.OK, "Consent was refused. You can close this window.")
        if not query.get("code") or not query.get("realmId"):
            return self._say(HTTPStatus.BAD_REQUEST, "The answer names no code or no company.")
        server.inbox.put(_Answer(query["code"], query["realmId"]))
        return self._say(HTTPStatus.OK, "Consent has arrived. You can close this window.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the address of the request holds the code."""

    def _say(self, status: HTTPStatus, sentence: str) -> None:
        body = PAGE.format(sentence).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def _callback(state: str, port: int) -> Generator[tuple[str, Queue[_Answer]]]:
    """Serve the redirect address for the time of the body."""
    try:
        server = _Server(port, state)
    except OSError as error:
        raise FixTheConfiguration(f"port {port} of this machine cannot be used: {error.strerror}") from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="consent", daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}{PATH}", server.inbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
