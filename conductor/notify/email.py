"""E-mail over SMTP: plain text, and a small page beside it for readers that show one."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum

from jinja2 import Environment, PackageLoader, StrictUndefined

from conductor.errors import FixTheConfiguration, RetryLater
from conductor.notify.attempts import Budget, attempt
from conductor.notify.notice import Notice, Outcome, one_line, plain_text
from conductor.values import digest

TEMPLATES = Environment(loader=PackageLoader("conductor"), autoescape=True, undefined=StrictUndefined)


class Security(StrEnum):
    """What protects the connection: nothing (a relay on the same machine), STARTTLS, or TLS throughout."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True)
class Login:
    """User and password of the SMTP server."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class EmailNotifier:
    """Send notices through one SMTP server. `timeout` in seconds, for each answer of the server."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    now: Callable[[], datetime]
    security: Security = Security.STARTTLS
    login: Login | None = None
    timeout: float = 20.0
    certificates: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    budget: Budget = field(default_factory=Budget)
    name: str = "email"

    def __post_init__(self) -> None:
        for address in (self.sender, *self.recipients):
            _checked(address)
        if not self.recipients:
            raise FixTheConfiguration("e-mail has no recipients")
        if self.login and self.security is Security.NONE:
            raise FixTheConfiguration(
                "e-mail would send its password unprotected: set security to starttls or tls"
            )

    def send(self, notice: Notice) -> Outcome:
        """Send one message to all; each try has the same Message-ID, so mail systems know repeats."""
        now = self.now()

        def send() -> str:
            return self._hand_over(compose(notice, self.sender, self.recipients, now))

        return attempt(self.name, self.budget, send)

    def _hand_over(self, message: EmailMessage) -> str:
        server = f"the mail server {self.host}:{self.port}"
        try:
            with self._connected() as smtp:
                refused = smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(server, max(code for code, _ in error.recipients.values())) from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(server, error.smtp_code) from None
        except smtplib.SMTPServerDisconnected:
            raise RetryLater(f"{server} hung up or did not answer") from None
        except smtplib.SMTPException as error:
            raise FixTheConfiguration(f"{server} cannot take the message: {type(error).__name__}") from None
        except ssl.SSLCertVerificationError as error:
            reason = error.verify_message
            raise FixTheConfiguration(f"the certificate of {server} is not trusted: {reason}") from None
        except OSError as error:
            raise RetryLater(f"{server} did not answer: {type(error).__name__}") from None
        taken = len(self.recipients) - len(refused)
        return f"{server} took the message for {taken} of {len(self.recipients)} recipients"

    def _connected(self) -> smtplib.SMTP:
        """Open a session. A password goes only over a connection that is encrypted by then."""
        if self.security is Security.TLS:
            smtp = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=self.certificates)
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.security is Security.STARTTLS:
                smtp.starttls(context=self.certificates)
            if self.login:
                smtp.login(self.login.user, self.login.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def compose(notice: Notice, sender: str, recipients: tuple[str, ...], now: datetime) -> EmailMessage:
    """Write a notice as a message. The subject is one line whatever the title holds: no header gets in."""
    message = EmailMessage()
    message["Subject"] = one_line(f"[{notice.severity.value}] {notice.title}")
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = now
    identity = digest(notice.slot.id, notice.title, notice.sentence, now.isoformat())
    message["Message-ID"] = f"<{identity}@{_checked(sender).domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(plain_text(notice))
    message.add_alternative(TEMPLATES.get_template("notice.html.j2").render(notice=notice), subtype="html")
    return message


def _checked(address: str) -> Address:
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError, HeaderParseError):
        parsed = Address()
    if not parsed.username or not parsed.domain or one_line(address) != address:
        raise FixTheConfiguration(f"{address!r} is not an e-mail address")
    return parsed


def _refusal(server: str, code: int) -> RetryLater | FixTheConfiguration:
    """A 4xx of SMTP passes, anything else needs a person. The server's own words may quote ours: left out."""
    if 400 <= code < 500:
        return RetryLater(f"{server} asked to come back later: it answered {code}")
    return FixTheConfiguration(f"{server} refused: it answered {code}")
