from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import pytest

from conductor.cli.home import free_port
from conductor.sources.tokens import FileTokenStore, Tokens

from .office import Office

COMPANIES = ("9130350000000001", "9130350000000002")
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


class Yesterday(BaseHTTPRequestHandler):
    """An API whose clock stopped long ago."""

    def do_GET(self) -> None:
        self.send_response_only(404)
        self.send_header("Date", "Tue, 03 Jan 2023 10:00:00 GMT")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (theirs)
        """Say nothing."""


@pytest.fixture
def slow_clock() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Yesterday)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def consent(office: Office, *companies: str) -> None:
    store = FileTokenStore(office.home / "secrets" / "tokens")
    for company in companies:
        tokens = Tokens.model_validate({"company": company, "access": "a-secret", "refresh": "r-secret"})
        store.replace(f"quickbooks-{company}", None, tokens)


def contents(home: Path) -> dict[str, str]:
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in home.rglob("*") if path.is_file()}


def problems(office: Office) -> list[tuple[str, str, str]]:
    """Give what is a problem: about what, the sentence, the next command."""
    result = office.run("doctor", "--json")
    found = [
        (each["about"], each["sentence"], each["next"])
        for each in json.loads(result.stdout)
        if each["verdict"] == "problem"
    ]
    assert result.exit_code == (1 if found else 0)
    return found


def test_a_sound_home_has_no_problem_and_stays_as_it_is(office: Office) -> None:
    consent(office, *COMPANIES)
    (office.home / "secrets").chmod(0o700)
    office.workspace.close()
    before = contents(office.home)
    assert problems(office) == []
    assert office.run("doctor").exit_code == 0
    assert contents(office.home) == before


def test_a_home_that_is_not_there_is_a_problem_and_is_not_made(office: Office, tmp_path: Path) -> None:
    away = Office(tmp_path / "away", office.workspace)
    abouts = {about for about, _, _ in problems(away)}
    assert {"home", "ledger"} <= abouts
    assert not away.home.exists()


def test_a_token_that_others_may_read_is_a_problem_with_its_remedy(office: Office) -> None:
    consent(office, COMPANIES[0])
    (office.home / "secrets").chmod(0o700)
    token = next((office.home / "secrets" / "tokens").glob("*.json"))
    token.chmod(0o644)
    assert problems(office) == [("secrets", f"other users may read {token}", f"chmod 600 {token}")]


def test_a_home_that_others_may_look_into_is_a_problem(office: Office) -> None:
    office.home.chmod(0o755)
    assert [(about, command) for about, _, command in problems(office)] == [
        ("home", f"chmod 700 {office.home}")
    ]


def test_a_damaged_ledger_is_a_problem_and_the_other_checks_go_on(office: Office) -> None:
    office.workspace.close()
    for file in office.home.glob("ledger.sqlite*"):
        file.unlink()
    (office.home / "ledger.sqlite").write_bytes(b"no database" * 1000)
    told = office.run("doctor").stdout
    assert "is damaged" in told
    assert "contracts: 5 products" in told
    assert [about for about, _, _ in problems(office)] == ["ledger"]


def test_the_process_that_writes_the_warehouse_is_named(office: Office) -> None:
    file = office.home / "warehouse.duckdb"
    duckdb.connect(str(file)).close()
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        told = office.run("doctor")
        assert holder.stdin
        holder.stdin.close()
    assert f"process {holder.pid} is writing the warehouse" in told.stdout
    assert told.exit_code == 0


def test_an_api_that_does_not_answer_and_nobody_consented_to_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUCTOR_ACCOUNTING_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("CONDUCTOR_ACCOUNTING_CLIENT_ID", "app")
    consent(office, COMPANIES[0])
    (office.home / "secrets").chmod(0o700)
    found = [(sentence, command) for about, sentence, command in problems(office) if about == "accounting"]
    assert "does not answer" in found[0][0]
    assert found[1:] == [
        ("accounting_client_secret is not set", "set accounting_client_secret"),
        (f"nobody has consented for company {COMPANIES[1]}", "conductor connect quickbooks"),
    ]


def test_a_clock_that_differs_from_the_apis_is_a_problem(
    office: Office, monkeypatch: pytest.MonkeyPatch, slow_clock: str
) -> None:
    monkeypatch.setenv("CONDUCTOR_ACCOUNTING_URL", slow_clock)
    monkeypatch.setenv("CONDUCTOR_ACCOUNTING_CLIENT_ID", "app")
    monkeypatch.setenv("CONDUCTOR_ACCOUNTING_CLIENT_SECRET", "secret")
    consent(office, *COMPANIES)
    (office.home / "secrets").chmod(0o700)
    ((about, sentence, _),) = problems(office)
    assert about == "clock"
    assert sentence.endswith("ahead of the API's")


def test_mail_that_is_set_by_half_is_a_problem(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_SMTP_HOST", "mail.example.org")
    assert problems(office) == [("notices", "mail is set by half: email_to is empty", "set email_to")]


def test_a_wrong_setting_is_a_problem_that_names_it(office: Office) -> None:
    (office.home / "conductor.toml").write_text("lease_second = 9\n")
    ((about, sentence, _),) = problems(office)
    assert about == "workspace"
    assert "lease_second" in sentence


def test_no_secret_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_SLACK_WEBHOOK_URL", "https://hooks.example.org/T0/hidden")
    consent(office, *COMPANIES)
    told = office.run("doctor").stdout
    assert "notices: go to Slack" in told
    assert "hidden" not in told
    assert "-secret" not in told
