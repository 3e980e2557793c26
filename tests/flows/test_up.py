"""`conductor up`: from the form in Prefect's UI to the figures on the revenue page, and a clean end."""

from __future__ import annotations

import csv
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from served import ROOT, Up, command, up
from servers.prefect_ui import Tab, browser, look_at_artifact, needs_chromium, open_form, submit

DAY = "2026-11-21"
PATIENCE = 240  # seconds for a run, on a busy machine


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("up") / "home"
    folder.mkdir()
    (folder / "conductor.toml").write_text('timezone = "Europe/Berlin"\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def serving(home: Path) -> Iterator[Up]:
    with up(home) as started:
        yield started


def api(serving: Up, path: str, **body: Any) -> Any:
    url = f"{serving.addresses['api']}/{path}"
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = httpx.request("POST" if body else "GET", url, json=body or None, timeout=30, trust_env=False)
        # Prefect's server says so while another writer has its SQLite file.
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    answer.raise_for_status()
    return answer.json()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)


def state(serving: Up, run: str) -> str:
    return str(api(serving, f"flow_runs/{run}")["state"]["type"])


def truth(serving: Up, home: Path) -> list[dict[str, Any]]:
    """Give what the sandbox planned for the day, for the currencies that have good lines."""
    credentials = json.loads((home / "sandbox" / "quickbooks-credentials.json").read_text(encoding="utf-8"))
    answer = httpx.get(
        f"{serving.addresses['accounting']}/control/truth",
        params={"day": DAY},
        headers={"x-control-token": credentials["control_token"]},
        trust_env=False,
    )
    return [row for row in answer.json()["currencies"] if row["lines"]]


def test_the_nightly_deployment_runs_at_two_in_the_zone_of_the_workspace(serving: Up) -> None:
    (schedule,) = api(serving, "deployments/name/nightly-financials/nightly")["schedules"]
    assert schedule["active"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("0 2 * * *", "Europe/Berlin")


@pytest.mark.parametrize("name", ["nightly-financials/nightly", "accounting-aggregates/aggregates"])
def test_each_parameter_of_a_deployment_is_described(serving: Up, name: str) -> None:
    properties = api(serving, f"deployments/name/{name}")["parameter_openapi_schema"]["properties"]
    assert {parameter for parameter, schema in properties.items() if not schema.get("description")} == set()


@needs_chromium
def test_a_day_chosen_in_the_form_is_carried_to_the_revenue_page(serving: Up, home: Path) -> None:
    with browser() as tab:
        open_form(tab.page, serving.addresses["ui"])
        submit(tab.page, DAY)
        run = completed(serving)
        look_at_artifact(tab.page, serving.addresses["ui"], run, DAY)
        expected = truth(serving, home)
        assert expected
        pages = [home / "docs" / name for name in ("revenue.html", "accounting-aggregates.csv")]
        until(lambda: all(page.exists() for page in pages))
        look_at_revenue(tab, serving.addresses["dashboard"], expected)
        assert (tab.outside, tab.errors) == ([], [])
    check_totals(pages[1], expected)


def completed(serving: Up) -> str:
    """Wait until the one run for the day has completed, and give its id."""
    runs = [run for run in api(serving, "flow_runs/filter", limit=50) if run["parameters"].get("day") == DAY]
    (run,) = [run["id"] for run in runs]
    until(lambda: state(serving, run) in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"))
    assert state(serving, run) == "COMPLETED"
    return str(run)


def look_at_revenue(tab: Tab, address: str, expected: list[dict[str, Any]]) -> None:
    """Compare each currency's row on the page with what the source planned."""
    tab.page.goto(address)
    tab.page.get_by_text("Saturday 21 November 2026").first.wait_for()
    rows = tab.page.locator("#latest tbody tr")
    shown = {row[0]: row for row in (cells.split() for cells in rows.all_inner_texts())}
    assert set(shown) == {row["currency"] for row in expected}
    for row in expected:
        gross, net = Decimal(row["gross"]), Decimal(row["net"]) - Decimal(row["discount"])
        amounts = {Decimal(cell.replace(",", "")) for cell in shown[row["currency"]][1:]}
        assert {gross, net, Decimal(row["tax"])} <= amounts


def check_totals(file: Path, expected: list[dict[str, Any]]) -> None:
    with file.open(encoding="utf-8", newline="") as stream:
        totals = {row["currency"]: (row["month"], Decimal(row["gross"])) for row in csv.DictReader(stream)}
    assert totals == {row["currency"]: ("2026-11-01", Decimal(row["gross"])) for row in expected}


def test_a_second_up_says_where_the_first_one_serves(serving: Up, home: Path) -> None:
    second = subprocess.run(
        command(home, "--json"), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert second.returncode == 0
    assert json.loads(second.stdout) == serving.addresses


def test_a_taken_port_is_said_in_one_sentence_with_the_next_command(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            command(tmp_path, "--port", port), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
        )
    assert done.returncode == 1
    assert f"port {port} cannot be served on: address already in use" in done.stderr
    assert "next: conductor up --port 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_told_to_end_in_the_middle_of_a_run_it_takes_everything_with_it(tmp_path: Path) -> None:
    with up(tmp_path) as started:
        deployment = api(started, "deployments/name/nightly-financials/nightly")["id"]
        run = api(started, f"deployments/{deployment}/create_flow_run", parameters={"day": DAY})["id"]
        until(lambda: state(started, run) == "RUNNING")
        family = psutil.Process(started.process.pid).children(recursive=True)
        assert any("prefect.engine" in " ".join(child.cmdline()) for child in family)
        started.process.terminate()
        assert started.process.wait(timeout=60) == 0
        _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
