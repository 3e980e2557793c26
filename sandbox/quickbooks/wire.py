"""The socket's side: requests off the wire, answers onto it, in the manner that a fault asks for."""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from sandbox.quickbooks.answers import Answer, Manner
from sandbox.quickbooks.api import Request, last_values

LARGEST_BODY = 1_000_000
IDLE_SECONDS = 60
DRIPS, DRIP_SECONDS = 10, 0.03
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """A server that hands each request to one function and can cut all its connections."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, handle: Callable[[Request], Answer]) -> None:
        self.handle = handle
        self._connections: set[socket.socket] = set()
        self._guard = Lock()
        super().__init__((host, port), Exchange)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that a stop reaches the ones kept alive."""
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client hang up without a traceback; anything else is a fault of ours and shown."""
        if not _hung_up():
            super().handle_error(request, client_address)

    def cut(self) -> None:
        """Shut all open connections."""
        with self._guard:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class Exchange(BaseHTTPRequestHandler):
    """One connection and the requests on it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        """Answer a GET."""
        self._exchange()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._exchange()

    def do_DELETE(self) -> None:
        """Answer a DELETE, which only the control endpoint knows."""
        self._exchange()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Write nothing: the sandbox keeps a log of its own."""

    def version_string(self) -> str:
        """Name the server without its versions."""
        return "sandbox"

    def _exchange(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(Answer(HTTPStatus.LENGTH_REQUIRED, b"", "text/plain"))
            return
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        request = Request(self.command, parts.path, last_values(parts.query), headers, body)
        self._send(self.server.handle(request))

    def _send(self, answer: Answer) -> None:
        match answer.manner:
            case Manner.WHOLE:
                self.wfile.write(self._head(answer, len(answer.body)) + answer.body)
            case Manner.TRUNCATED:
                # A proxy that cuts and frames anew: the length is that of what is left.
                part = answer.body[: len(answer.body) // 2]
                self.wfile.write(self._head(answer, len(part)) + part)
            case Manner.DRIP:
                self._drip(answer)
            case Manner.RESET_MIDWAY:
                part = answer.body[: len(answer.body) // 2]
                self.wfile.write(self._head(answer, len(answer.body)) + part)
                self._reset()
            case Manner.RESET:
                self._reset()

    def _head(self, answer: Answer, length: int) -> bytes:
        phrase = HTTPStatus(answer.status).phrase
        headers = [
            ("Server", self.version_string()),
            ("Date", self.date_time_string()),
            ("Content-Type", answer.content_type),
            ("Content-Length", str(length)),
            *answer.headers,
        ]
        if self.close_connection:
            headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {int(answer.status)} {phrase}", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _drip(self, answer: Answer) -> None:
        self.wfile.write(self._head(answer, len(answer.body)))
        step = len(answer.body) // DRIPS + 1
        for start in range(0, len(answer.body), step):
            time.sleep(DRIP_SECONDS)
            self.wfile.write(answer.body[start : start + step])

    def _reset(self) -> None:
        """Drop the connection with RST. The reader shares the socket, so it has to be closed before."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.rfile.close()
        self.connection.close()


def _hung_up() -> bool:
    return isinstance(sys.exc_info()[1], ConnectionError | TimeoutError)
