"""The log for machines: what stands in it, what must not, and that two processes do not mix their lines."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pipeline.expected import expected
from pipeline.site import PRODUCT, SEED, Site
from prefect.exceptions import TerminationSignal

from conductor.embedded import open_embedded
from conductor.errors import RetryLater
from conductor.settings import Settings
from conductor.values import Slot
from flows.steps.log import AttemptLog, told
from sandbox.quickbooks import catalogue

DAY, EMPTY = date(2026, 3, 2), date(2026, 3, 3)
STEPS = ("extract", "land", "back_up", "version", "refine", "gate", "publish", "load", "build", "post",
         "announce", "archive")  # fmt: skip
SLOT = Slot(dataset=PRODUCT, day=DAY)
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from conductor.embedded import open_embedded
from conductor.settings import Settings
from conductor.values import Slot
from flows.steps.log import AttemptLog
workspace = open_embedded(Path(sys.argv[1]), Settings(), lambda: datetime(2026, 3, 5, tzinfo=UTC), sys.argv[2])
log = AttemptLog(workspace, Slot.parse("finance/sales_receipts/2026-03-02"), 1, 1)
print("ready", flush=True)
sys.stdin.readline()
for row in range(3000):
    log.add("finished", None, step="refine", rows=row)
"""


def lines(home: Path) -> list[dict[str, Any]]:
    """Give the log's lines, file by file; each file holds the lines of its UTC day."""
    found: list[dict[str, Any]] = []
    for file in sorted((home / "logs").glob("conductor-*.jsonl")):
        mine = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for line in mine:
            at = datetime.fromisoformat(line["time"])
            assert at.tzinfo == UTC
            assert file.name == f"conductor-{at:%Y-%m-%d}.jsonl"
        found += mine
    return found


def test_a_run_logs_its_steps_its_failures_and_no_secret_or_name(new_site: Callable[..., Site]) -> None:
    here = new_site(days={EMPTY: 0})
    here.run(DAY).well()
    good = [line for line in lines(here.home) if line["slot"] == SLOT.id]
    failed = here.run(EMPTY)
    assert failed.code == 1

    tells_each_step(good, rows=expected(SEED, here.sandbox.receipts(DAY)).rows)
    tells_the_failure(
        [line for line in lines(here.home) if line["slot"] == f"{PRODUCT}/{EMPTY}"], failed.error.sentence
    )
    keeps_to_itself(here)


def tells_each_step(good: list[dict[str, Any]], rows: int) -> None:
    assert tuple(line["step"] for line in good if line["moment"] == "finished") == STEPS
    assert tuple(line["step"] for line in good if line["moment"] == "started") == STEPS
    assert len({(line["run_id"], line["epoch"]) for line in good}) == 1
    assert {(line["workspace"], line["attempt"], line["level"]) for line in good} == {("embedded", 1, "info")}
    # The batch is known once `version` has given it.
    known = [bool(line["batch"]) for line in good]
    assert known == sorted(known)
    assert {line["step"] for line in good if not line["batch"]} == set(STEPS[:4])
    (published,) = [line for line in good if (line["step"], line["moment"]) == ("publish", "finished")]
    assert published["rows"] == rows
    assert published["seconds"] > 0
    assert (good[-1]["moment"], good[-1]["outcome"], good[-1]["step"]) == ("ended", "done", None)


def tells_the_failure(bad: list[dict[str, Any]], sentence: str) -> None:
    assert [(line["step"], line["level"]) for line in bad if line["moment"] == "failed"] == [
        ("gate", "warning")
    ]
    last = bad[-1]
    assert (last["moment"], last["outcome"], last["level"], last["step"]) == (
        "ended",
        "failed",
        "error",
        "gate",
    )
    assert (last["error"], last["sentence"]) == ("FixTheData", sentence)
    assert last["next_command"].startswith(f"conductor explain {last['batch']}")


def keeps_to_itself(here: Site) -> None:
    logged = b"".join(file.read_bytes() for file in (here.home / "logs").rglob("*") if file.is_file())
    assert SLOT.id.encode() in logged
    carried = b"".join(file.read_bytes() for file in (here.home / "store" / "raw").rglob("*.json"))
    names = [customer.name.encode() for customer in catalogue.CUSTOMERS if customer.name.encode() in carried]
    tokens = [token.encode() for token in texts(here.home / "secrets") if len(token) > 20]
    assert names
    assert tokens
    secrets = [*names, *tokens, here.sandbox.settings.client.secret.encode()]
    assert [secret for secret in secrets if secret in logged] == []


def texts(folder: Path) -> list[str]:
    """Give all texts in the JSON files of a folder."""
    found: list[str] = []
    for file in folder.rglob("*.json"):
        json.loads(file.read_text(encoding="utf-8"), object_hook=lambda part: found.extend(
            value for value in part.values() if isinstance(value, str)
        ))  # fmt: skip
    return found


def test_lines_of_two_processes_stay_whole(tmp_path: Path) -> None:
    open_embedded(tmp_path, Settings(), lambda: datetime.now(UTC), "first").close()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [writer.wait(120) for writer in writers] == [0, 0]

    found = lines(tmp_path)
    assert Counter(line["run_id"] for line in found) == {"one": 3000, "two": 3000}
    for name in ("one", "two"):
        assert [line["rows"] for line in found if line["run_id"] == name] == list(range(3000))


def test_another_workspace_logs_to_stdout(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    workspace = open_embedded(tmp_path, Settings(), lambda: datetime(2026, 3, 5, tzinfo=UTC), "a-run")
    AttemptLog(replace(workspace, name="acme"), SLOT, 2, 7).add(
        "failed",
        None,
        step="land",
        level="warning",
        error=RetryLater("the store is away", next_command="wait"),
    )
    workspace.close()

    (line,) = capfd.readouterr().out.splitlines()
    assert json.loads(line) == {
        "time": "2026-03-05T00:00:00Z",
        "level": "warning",
        "run_id": "a-run",
        "workspace": "acme",
        "slot": SLOT.id,
        "batch": None,
        "attempt": 2,
        "epoch": 7,
        "step": "land",
        "moment": "failed",
        "outcome": None,
        "seconds": None,
        "rows": None,
        "error": "RetryLater",
        "sentence": "the store is away",
        "next_command": "wait",
    }
    assert not (tmp_path / "logs").exists()


def test_the_text_of_an_unforeseen_error_is_not_logged(tmp_path: Path) -> None:
    workspace = open_embedded(tmp_path, Settings(), lambda: datetime(2026, 3, 5, tzinfo=UTC), "a-run")
    AttemptLog(workspace, SLOT, 1, 1).add("ended", None, level="error", error=ValueError("Jo Doe, 12.50"))
    workspace.close()

    (line,) = lines(tmp_path)
    assert line["error"] == "ValueError"
    assert "Doe" not in json.dumps(line)


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    workspace = open_embedded(tmp_path, Settings(), lambda: datetime(2026, 3, 5, tzinfo=UTC), "a-run")
    (tmp_path / "logs").write_text("in the way", encoding="utf-8")
    AttemptLog(workspace, SLOT, 1, 1).add("started", None, step="land")
    workspace.close()
    assert (tmp_path / "logs").read_text(encoding="utf-8") == "in the way"


def test_who_was_told_to_end_says_so_and_what_nobody_foresaw_is_not_quoted() -> None:
    assert "told to end" in told(TerminationSignal(signal.SIGTERM)).sentence
    unforeseen = told(ValueError("a row's value")).sentence
    assert "unforeseen" in unforeseen
    assert "a row's value" not in unforeseen
