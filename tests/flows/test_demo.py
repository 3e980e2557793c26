"""What a newcomer types, in the order in which the demo suggests it."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from pipeline.end_state import folder_bytes

DAY = "2026-11-20"
REVENUE = f"SELECT currency, gross FROM marts.mart_daily_revenue WHERE business_date = DATE '{DAY}'"


@dataclass(frozen=True)
class Typed:
    """What a command printed."""

    out: str
    err: str

    @property
    def plain(self) -> str:
        """Give the output with its tables' borders and line breaks taken out."""
        return " ".join(re.sub(r"[┃│┏┓┗┛━┳┻╇┡┩└┘─┴┬╈╋]", " ", self.out).split())


def typed(home: Path, command: str) -> Typed:
    """Run a command as a person would have typed it, in a terminal of 200 columns."""
    words = shlex.split(command)
    assert words[0] == ".venv/bin/conductor"
    done = subprocess.run(
        [sys.executable, "-m", "conductor.cli.main", *words[1:]],
        env=os.environ | {"COLUMNS": "200", "CONDUCTOR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return Typed(done.stdout, done.stderr)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's home."""
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def demo(home: Path) -> Typed:
    """The demo, on a smaller day."""
    return typed(home, f".venv/bin/conductor demo --receipts 150 --home {home}")


def revenue(home: Path) -> dict[str, Decimal]:
    """Ask the marts as an analyst would."""
    answer = json.loads(typed(home, f'.venv/bin/conductor query "{REVENUE}" --json').out)
    return {row["currency"]: Decimal(row["gross"]) for row in answer}


def test_the_demo_ends_with_what_it_did_and_three_commands_that_do_what_they_say(
    home: Path, demo: Typed
) -> None:
    for told in (
        "150 documents",
        "rejected, UNKNOWN_ITEM 2",
        "engine polars",
        "read back and equal",
        "peak MiB",
        "DataReady",
    ):
        assert told in demo.plain, told
    broken, explained, mended = re.findall(r"^ *(\.venv/bin/conductor .*)$", demo.out, re.MULTILINE)

    before = revenue(home)
    again = typed(home, broken)
    assert "archived" in again.plain
    assert revenue(home) == before

    batch = shlex.split(explained)[2]
    assert f"finance/sales_receipts/{DAY}, version 1: archived" in typed(home, explained).plain

    typed(home, f".venv/bin/conductor quarantine export {batch} {home / 'rows.csv'}")
    with (home / "rows.csv").open(newline="") as stream:
        unknown = [row for row in csv.DictReader(stream) if "UNKNOWN_ITEM" in str(row)]
    assert len(unknown) == 2
    replayed = typed(home, mended)
    assert "version 2: archived" in replayed.plain
    home_again = sum(Decimal(row["Line.Amount"]) for row in unknown)
    assert sum(revenue(home).values()) - sum(before.values()) == home_again


def test_a_plan_says_what_a_run_would_do_and_leaves_every_file_as_it_was(home: Path, demo: Typed) -> None:
    del demo
    before = folder_bytes(home)
    for day, steps in ((DAY, 0), ("2026-11-21", 8)):
        plans = json.loads(typed(home, f".venv/bin/conductor plan --day {day} --json").out)
        asked = next(plan for plan in plans if plan["slot"] == f"finance/sales_receipts/{day}")
        assert len(asked["steps"]) == steps
        assert asked["why"] == "asked for"
    assert folder_bytes(home) == before


def test_the_audit_of_all_that_holds(home: Path, demo: Typed) -> None:
    del demo
    report = json.loads(typed(home, ".venv/bin/conductor audit --json").out)
    assert report["clean"]
    assert {check["invariant"] for check in report["checks"]} == {f"I{n}" for n in range(1, 9)}
    assert all(check["checked"] for check in report["checks"])
