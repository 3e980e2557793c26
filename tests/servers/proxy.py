"""A proxy that lets requests through, or does to them what networks and busy servers do."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Fault(Enum):
    """What happens to a request."""

    NONE = "nothing"
    BUSY = "it is answered 503 SlowDown and not carried out"
    LOST_ANSWER = "it is carried out and the connection is reset instead of an answer"
    CUT_BODY = "it is carried out and the connection ends in the middle of the answer's body"


@dataclass
class Proxy:
    """Address of the proxy, what to do to each request, and how often each fault was done."""

    choose: Callable[[str, str], Fault]
    url: str = ""
    done: Counter[Fault] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, method: str, path: str) -> Fault:
        with self.lock:
            chosen = self.choose(method, path)
            self.done[chosen] += 1
            return chosen


@contextmanager
def proxy(upstream: str, choose: Callable[[str, str], Fault]) -> Generator[Proxy]:
    """Serve on a free loopback port; `choose` gets method and path of each request, one at a time."""
    state = Proxy(choose)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = state.fault(self.command, self.path)
            if fault is Fault.BUSY:
                self.answer(503, [], b"<Error><Code>SlowDown</Code><Message>slow down</Message></Error>")
                return
            status, headers, answer = self.ask(body)
            if fault is Fault.LOST_ANSWER:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.answer(status, headers, answer, cut=fault is Fault.CUT_BODY)

        def ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=60)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            return answer.status, answer.getheaders(), data

        def answer(
            self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False
        ) -> None:
            self.send_response_only(status)
            kept = [pair for pair in headers if pair[0].lower() not in ("transfer-encoding", "connection")]
            for name, value in kept:
                self.send_header(name, value)
            if not any(name.lower() == "content-length" for name, _ in kept) and status not in (204, 304):
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
