"""The sandbox as a server of its own thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from threading import Thread

from sandbox.quickbooks import control
from sandbox.quickbooks.answers import Answer
from sandbox.quickbooks.api import Request
from sandbox.quickbooks.authorization import Client
from sandbox.quickbooks.controls import Controlled
from sandbox.quickbooks.faults import Faults
from sandbox.quickbooks.oauth import Rotation
from sandbox.quickbooks.service import Settings
from sandbox.quickbooks.wire import Server

LOOPBACK = "127.0.0.1"


class Sandbox(Controlled):
    """A QuickBooks Online of one's own, on loopback unless another `host` is given.

    Port 0 takes a free one; the address is known from construction on. `state` is a file that outlives a restart.
    `ValueError` for a state file of another seed, `OSError` for a taken port. Use it in `with`, or start and stop it.
    """

    def __init__(
        self,
        seed: int,
        clock: Callable[[], datetime],
        client_id: str,
        client_secret: str,
        port: int = 0,
        *,
        receipts_per_day: int = 5000,
        days: Mapping[date, int] | None = None,
        huge: bool = False,
        control_token: str = "",
        rotation: Rotation = Rotation.DAILY,
        access_token_uses: int | None = None,
        state: Path | None = None,
        faults: Faults | None = None,
        host: str = LOOPBACK,
    ) -> None:
        settings = Settings(
            seed=seed,
            client=Client(client_id, client_secret),
            control_token=control_token,
            receipts_per_day=receipts_per_day,
            days=days or {},
            huge=huge,
            rotation=rotation,
            access_token_uses=access_token_uses,
            state=state,
        )
        super().__init__(settings, clock)
        self.faults = faults or Faults()
        self._server = Server(host, port, self._answer)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """Its address on this machine, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> Sandbox:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop to answer: connections are cut, the port is free. A stopped sandbox is not started again."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.cut()
        self._server.server_close()

    def __enter__(self) -> Sandbox:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _answer(self, request: Request) -> Answer:
        if request.segments[:1] == (control.PREFIX,):
            return control.answer(self, request)
        return self.handle(request, self.url)
