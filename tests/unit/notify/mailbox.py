"""A real SMTP server on a free loopback port that keeps what it is sent and fails as it is told."""

from __future__ import annotations

import email
import email.policy
import ssl
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Mailbox:
    """Answers each message with the script's next line, then accepts; refuses recipients as told."""

    def __init__(
        self, *script: str, refused: dict[str, str] | None = None, certificate: ssl.SSLContext | None = None
    ) -> None:
        self.messages: list[EmailMessage] = []
        self.envelopes: list[list[str]] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self._script = list(script)
        self._refused = refused or {}
        self._controller = _FreePort(
            self,
            hostname="127.0.0.1",
            port=0,
            tls_context=certificate,
            auth_require_tls=True,
            authenticator=self._login,
        )

    @property
    def port(self) -> int:
        return self._controller.port

    def __enter__(self) -> Mailbox:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth: LoginPassword
    ) -> AuthResult:
        self.logins.append((auth.login, auth.password))
        return AuthResult(success=auth.password == b"right", handled=False)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._refused:
            return self._refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.envelopes.append(envelope.rcpt_tos)
        return self._script.pop(0) if self._script else "250 OK"


class _FreePort(Controller):
    """Lets the system pick the port: before its first connection the server listens and knows it."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
