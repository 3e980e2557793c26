import socket
import ssl
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conductor.errors import FixTheConfiguration
from conductor.notify.attempts import Budget
from conductor.notify.email import EmailNotifier, Login, Security
from conductor.notify.notice import Link, Notice, Problem, Severity
from conductor.values import Slot

from .mailbox import Mailbox

SLOT = Slot(dataset="finance/sales_receipts", day=date(2026, 11, 21))
NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
QUICK = Budget(attempts=3, seconds=20, first_wait=0.01, longest_wait=0.01, jitter=0)
PASSWORD = "c4n4ry-wrong"
NOTICE = Notice(
    Severity.ERROR,
    SLOT,
    "Sales receipts are missing",
    "0 rows, about 5,000 expected.",
    Problem.ROW_COUNT,
    (("Rows", "0"),),
    "conductor explain abc",
    (Link("Run", "https://runs.example/1"),),
)


def mail(
    port: int,
    security: Security = Security.NONE,
    login: Login | None = None,
    certificates: ssl.SSLContext | None = None,
    recipients: tuple[str, ...] = ("finance@example.com",),
    sender: str = "conductor@example.com",
    timeout: float = 5.0,
) -> EmailNotifier:
    trusted = certificates or ssl.create_default_context()
    return EmailNotifier(
        "127.0.0.1", port, sender, recipients, lambda: NOW, security, login, timeout, trusted, QUICK
    )


def with_title(title: str, sentence: str = "It broke.") -> Notice:
    return Notice(Severity.ERROR, SLOT, title, sentence)


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of its own, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def test_a_notice_arrives_as_text_and_as_a_page() -> None:
    with Mailbox() as mailbox:
        outcome = mail(mailbox.port, recipients=("finance@example.com", "risk@example.com")).send(NOTICE)
    assert outcome.sent
    assert mailbox.envelopes == [["finance@example.com", "risk@example.com"]]
    (message,) = mailbox.messages
    assert message["Subject"] == "[error] Sales receipts are missing"
    assert message["From"] == "conductor@example.com"
    assert message["To"] == "finance@example.com, risk@example.com"
    assert message["Date"].datetime == NOW
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    for content in (text.get_content(), page.get_content()):
        for part in (
            "0 rows, about 5,000 expected.",
            "Rows",
            "conductor explain abc",
            "https://runs.example/1",
        ):
            assert part in content


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\u2028", "\x00\r\n"])
def test_a_title_cannot_become_a_header(break_: str) -> None:
    with Mailbox() as mailbox:
        outcome = mail(mailbox.port).send(
            with_title(f"broken{break_}Bcc: thief@example.com{break_}{break_}body")
        )
    assert outcome.sent
    assert mailbox.envelopes == [["finance@example.com"]]
    assert mailbox.messages[0]["Bcc"] is None
    assert mailbox.messages[0]["Subject"] == "[error] broken Bcc: thief@example.com body"


def test_markup_in_a_notice_stays_text_on_the_page() -> None:
    with Mailbox() as mailbox:
        mail(mailbox.port).send(with_title("<script>1</script>", "<img src=x>"))
    page = mailbox.messages[0].get_body(("html",))
    assert page is not None
    assert "<script" not in page.get_content()
    assert "<img" not in page.get_content()
    assert "&lt;img src=x&gt;" in page.get_content()


def test_a_server_that_is_busy_is_asked_again_with_the_same_message_id() -> None:
    with Mailbox("451 try later") as mailbox:
        outcome = mail(mailbox.port).send(NOTICE)
    assert outcome.sent
    first, second = mailbox.messages
    assert first["Message-ID"] == second["Message-ID"]


def test_text_that_no_mail_can_hold_is_an_outcome_and_no_error() -> None:
    with Mailbox() as mailbox:
        outcome = mail(mailbox.port).send(with_title("broken", "half a character: \ud83d"))
    assert (outcome.sent, mailbox.messages) == (False, [])
    assert outcome.sentence == "email failed unexpectedly: UnicodeEncodeError"


def test_a_refused_message_is_not_sent_again_and_the_refusal_is_not_quoted() -> None:
    with Mailbox("554 rejected: finance secret words") as mailbox:
        outcome = mail(mailbox.port).send(NOTICE)
    assert (outcome.sent, len(mailbox.messages)) == (False, 1)
    assert outcome.sentence == f"the mail server 127.0.0.1:{mailbox.port} refused: it answered 554"


def test_one_refused_recipient_does_not_keep_the_others_from_it() -> None:
    with Mailbox(refused={"gone@example.com": "550 unknown"}) as mailbox:
        outcome = mail(mailbox.port, recipients=("gone@example.com", "finance@example.com")).send(NOTICE)
    assert outcome.sent
    assert outcome.sentence.endswith("took the message for 1 of 2 recipients")
    assert mailbox.envelopes == [["finance@example.com"]]


def test_without_any_recipient_left_the_notice_is_not_sent() -> None:
    with Mailbox(refused={"finance@example.com": "550 unknown"}) as mailbox:
        outcome = mail(mailbox.port).send(NOTICE)
    assert (outcome.sent, mailbox.messages) == (False, [])
    assert outcome.sentence.endswith("refused: it answered 550")


def test_a_server_that_never_speaks_costs_the_budget_and_nothing_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = mail(silent.getsockname()[1], timeout=0.1).send(NOTICE)
    assert not outcome.sent
    assert outcome.sentence.endswith("hung up or did not answer")


def test_a_login_goes_over_starttls(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, trusted = contexts
    with Mailbox(certificate=server) as mailbox:
        notifier = mail(mailbox.port, Security.STARTTLS, Login("conductor", "right"), trusted)
        outcome = notifier.send(NOTICE)
    assert outcome.sent
    assert mailbox.logins == [(b"conductor", b"right")]
    assert len(mailbox.messages) == 1


def test_a_wrong_password_is_not_tried_again_and_not_told(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, trusted = contexts
    with Mailbox(certificate=server) as mailbox:
        notifier = mail(mailbox.port, Security.STARTTLS, Login("conductor", PASSWORD), trusted)
        outcome = notifier.send(NOTICE)
    assert (outcome.sent, mailbox.messages) == (False, [])
    assert outcome.sentence.endswith("refused: it answered 535")
    assert PASSWORD not in repr(notifier) + repr(outcome)


def test_a_server_with_a_certificate_of_nobody_gets_neither_password_nor_message(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    with Mailbox(certificate=contexts[0]) as mailbox:
        outcome = mail(mailbox.port, Security.STARTTLS, Login("conductor", "right")).send(NOTICE)
    assert (outcome.sent, mailbox.logins, mailbox.messages) == (False, [], [])
    assert "is not trusted" in outcome.sentence


def test_a_server_without_starttls_gets_no_message_when_it_was_asked_for() -> None:
    with Mailbox() as mailbox:
        outcome = mail(mailbox.port, Security.STARTTLS).send(NOTICE)
    assert (outcome.sent, mailbox.messages) == (False, [])


def test_an_unprotected_password_is_refused_beforehand() -> None:
    with pytest.raises(FixTheConfiguration) as refusal:
        mail(25, Security.NONE, Login("conductor", PASSWORD))
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "@example.com", "a@", "a@b.example\r\nBcc: x@example.com", "a@b.example, c@d.example"],
)
def test_what_is_no_single_address_is_refused_beforehand(address: str) -> None:
    with pytest.raises(FixTheConfiguration):
        mail(25, recipients=(address,))
    with pytest.raises(FixTheConfiguration):
        mail(25, sender=address)
