"""An HTTP server on a free loopback port that writes down what it is sent and fails as it is told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class Fault(Enum):
    """What can happen to a request instead of an answer; both read it and do its work first."""

    HANG = "never answers"
    RESET = "resets the connection"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers with the script's entries, one a request, and with 200 when the script is at its end."""

    def __init__(self, *script: Answer | Fault, work: Callable[[Received], None] = lambda _: None) -> None:
        self.received: list[Received] = []
        self._script = list(script)
        self._work = work
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, request: Received, connection: socket.socket) -> Answer | None:
        """Do the work, then give the answer that is next; None if there is none to give."""
        self.received.append(request)
        self._work(request)
        step = self._script.pop(0) if self._script else Answer(200)
        if step is Fault.HANG:
            self._closing.wait()
            return None
        if step is Fault.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return None
        assert isinstance(step, Answer)
        return step

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = receiver.take(Received(self.path, headers, body), self.connection)
                self.close_connection = True
                if answer is None:
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
