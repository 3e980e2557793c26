"""`conductor audit`, as a person types it."""

from __future__ import annotations

import json

from .conftest import RATES, Home, conductor


def test_a_clean_home_gives_a_table_and_exit_code_0_with_the_books_compared(home: Home) -> None:
    done = conductor("audit", "--home", str(home.path))
    assert done.returncode == 0, done.stdout + done.stderr
    for invariant in ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8"):
        assert invariant in done.stdout
    assert "✗" not in done.stdout
    assert "not compared" not in done.stdout  # the sandbox, which keeps the books, was served meanwhile


def test_a_finding_gives_exit_code_1_and_what_to_type_next(home: Home) -> None:
    home.file("backup/raw/finance/fx_rates/*/*/manifest.json").unlink()
    done = conductor("audit", "--home", str(home.path), "--invariant", "I6", "--day", "2026-11-20", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["clean"] is False
    [check] = told["checks"]
    [finding] = check["findings"]
    assert (finding["invariant"], finding["slot"]) == ("I6", RATES.id)
    assert finding["next_command"] == "conductor reconcile"
