"""Where tokens are kept, and that no rotation is lost, whoever refreshes at the same moment."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from conductor.errors import FixTheConfiguration, RetryLater
from conductor.sources.login import Login
from conductor.sources.oauth import App, TokenEndpoint
from conductor.sources.tokens import FileTokenStore, Tokens

from .vendor import CLIENT_ID, CLIENT_SECRET, COMPANY, Vendor

ROOT = Path(__file__).parents[3]
NAME = f"quickbooks-{COMPANY}"
REFRESHER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
import httpx
from pydantic import SecretStr
from conductor.sources.login import Login
from conductor.sources.oauth import App, TokenEndpoint
from conductor.sources.tokens import FileTokenStore

folder, url, company, client_id, secret, rounds = sys.argv[1:]
app = App(client_id, SecretStr(secret), "scope")
endpoint = TokenEndpoint(httpx.Client(), url, app, time.monotonic, lambda: datetime(2026, 11, 21, tzinfo=UTC))
login = Login("quickbooks", company, FileTokenStore(Path(folder), sleep=time.sleep), endpoint)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(rounds)):
    refused = login.tokens()
    assert login.renew(refused).access != refused.access
"""


def tokens(number: int) -> Tokens:
    return Tokens(
        company=COMPANY, access=SecretStr(f"access-{number}"), refresh=SecretStr(f"refresh-{number}")
    )


def test_tokens_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "deep" / "tokens")
    assert store.replace(NAME, None, tokens(1))
    assert stat.S_IMODE((tmp_path / "deep" / "tokens").stat().st_mode) == 0o700
    modes = {
        file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "deep" / "tokens").iterdir()
    }
    assert modes[f"{NAME}.json"] == 0o600
    assert set(modes.values()) == {0o600}


def test_a_folder_that_others_may_look_into_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(FixTheConfiguration) as caught:
        FileTokenStore(folder).read(NAME)
    assert caught.value.next_command == f"chmod 700 {folder}"


def test_a_store_gives_back_what_was_put_in_to_another_reader(tmp_path: Path) -> None:
    FileTokenStore(tmp_path / "tokens").replace(NAME, None, tokens(1))
    assert FileTokenStore(tmp_path / "tokens").read(NAME) == tokens(1)
    assert FileTokenStore(tmp_path / "tokens").read("quickbooks-2") is None


def test_replacing_what_is_no_longer_there_changes_nothing(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "tokens")
    assert store.replace(NAME, None, tokens(1))
    assert not store.replace(NAME, None, tokens(2))
    assert not store.replace(NAME, tokens(3), tokens(2))
    assert store.read(NAME) == tokens(1)
    assert store.replace(NAME, tokens(1), tokens(2))
    assert store.read(NAME) == tokens(2)


def test_of_many_threads_that_replace_the_same_tokens_one_succeeds(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "tokens")
    store.replace(NAME, None, tokens(0))
    outcomes: dict[int, bool] = {}
    gate = threading.Barrier(8)

    def replace(number: int) -> None:
        gate.wait()
        outcomes[number] = store.replace(NAME, tokens(0), tokens(number))

    threads = [threading.Thread(target=replace, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [number for number, won in outcomes.items() if won]
    assert len(outcomes) == 8
    assert len(winners) == 1
    assert store.read(NAME) == tokens(winners[0])


def test_a_second_refresher_waits_and_in_the_end_gives_up(tmp_path: Path) -> None:
    slept: list[float] = []
    store = FileTokenStore(tmp_path / "tokens", sleep=slept.append, patience_s=3)
    with store.refreshing(NAME):
        with pytest.raises(RetryLater, match="another process"), store.refreshing(NAME):
            pass
        with store.refreshing("quickbooks-2"):
            pass  # another company is not held up
        assert store.replace(NAME, None, tokens(1))  # nor is writing
    assert sum(slept) == pytest.approx(3, abs=0.1)
    with store.refreshing(NAME):
        pass


def test_a_damaged_file_is_named_and_its_content_is_not(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "tokens")
    (tmp_path / "tokens").mkdir(mode=0o700)
    file = tmp_path / "tokens" / f"{NAME}.json"
    file.write_text(json.dumps({"access": "canary", "company": 5}))
    with pytest.raises(FixTheConfiguration, match=file.name) as caught:
        store.read(NAME)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("name", ["../elsewhere", "quickbooks-1/2", "", ".hidden", "a" * 200])
def test_a_connection_cannot_leave_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(FixTheConfiguration, match="not a connection"):
        FileTokenStore(tmp_path / "tokens").read(name)


def test_processes_that_refresh_at_once_never_lose_a_rotation(
    vendor: Vendor, store: FileTokenStore, tmp_path: Path
) -> None:
    """Every refresh kills the token before it: a refresher that used an old one, or lost a new one, would be
    locked out.
    """
    arguments = (
        str(tmp_path / "tokens"),
        f"{vendor.url}/oauth2/v1/tokens/bearer",
        COMPANY,
        CLIENT_ID,
        CLIENT_SECRET,
        "10",
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", REFRESHER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert vendor.invalid_grants == 0
    assert 10 <= vendor.refreshes <= 20  # whoever comes second takes the first one's tokens
    stored = store.read(NAME)
    assert stored
    assert (stored.access.get_secret_value(), stored.refresh.get_secret_value()) == (
        vendor.access,
        vendor.refresh,
    )


def test_whoever_comes_second_takes_the_first_ones_tokens(vendor: Vendor, store: FileTokenStore) -> None:
    app = App(CLIENT_ID, SecretStr(CLIENT_SECRET), "scope")
    url = f"{vendor.url}/oauth2/v1/tokens/bearer"
    endpoint = TokenEndpoint(
        httpx.Client(), url, app, lambda: 0.0, lambda: datetime(2026, 11, 21, tzinfo=UTC)
    )
    first, second = (Login("quickbooks", COMPANY, store, endpoint) for _ in range(2))
    refused = first.tokens()
    assert first.renew(refused) == second.renew(refused) == store.read(NAME)
    assert vendor.refreshes == 1


def test_a_process_killed_while_it_holds_the_lock_holds_up_nobody(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from conductor.sources.tokens import FileTokenStore\n"
        "with FileTokenStore(Path(sys.argv[1])).refreshing('quickbooks-1'):\n"
        "    print('held', flush=True); sys.stdin.readline()"
    )
    folder = tmp_path / "tokens"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        store = FileTokenStore(folder, sleep=lambda seconds: None, patience_s=0.2)
        with pytest.raises(RetryLater), store.refreshing("quickbooks-1"):
            pass
    finally:
        process.kill()
        process.communicate()
    with store.refreshing("quickbooks-1"):
        pass
