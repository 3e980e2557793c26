"""An embedded home whose runs have their batches refined elsewhere, and what is left there when all went well."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from servers.prefect import PrefectServer

from conductor.embedded import open_embedded
from conductor.ledger import Attempt
from conductor.settings import Settings
from conductor.values import Refined
from conductor.workspace import Workspace
from pipeline.pooled import DATASET, SLOT

TESTS = Path(__file__).parents[1]
FILE = """store,receipt,line,business_date,sku,description,quantity,unit_price,amount,currency,payment,recorded_at
0012,R000001,1,2026-03-02,000123,"Tea, green",2,3.50,7.00,USD,card,2026-03-02T10:15:00+01:00
0012,R000002,1,2026-03-02,000124,"Tea, black",1,4.25,4.25,USD,cash,2026-03-02T10:16:00+01:00
0012,R000003,1,2026-03-02,000125,"Tea, black",1,4.25,4.25,USD,cheque,2026-03-02T10:17:00+01:00
"""
"""Two good rows and a bad one."""
LEASE = 20  # seconds; what is killed on this machine is taken over at once


class Home:
    """An embedded home whose runs send everything to the pool. There the batch is refined as `in_pool` sets it."""

    def __init__(self, folder: Path, server: PrefectServer, in_pool: dict[str, object]) -> None:
        self.path = folder / "home"
        self.server = server
        self.file = folder / "sales.csv"
        self.file.write_text(FILE)
        common = {"home": self.path, "step_retry_seconds": 0.1, "lease_seconds": LEASE}
        self.in_pool = _variables(common | in_pool)
        self.outside = _variables(common | {"spark_from_bytes": 0, "spark_runs": "pool"})

    def carry(self) -> subprocess.Popen[str]:
        """Begin a run that carries the file."""
        path = os.pathsep.join(map(str, (TESTS, TESTS.parent)))
        environment = {**self.server.environment, **self.outside, "PYTHONPATH": path}
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.pooled", str(self.file)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def workspace(self) -> Workspace:
        """Open it to look at it."""
        return open_embedded(self.path, Settings(), lambda: datetime.now(UTC), "looking")

    def attempts(self) -> tuple[Attempt, ...]:
        """Give the attempts at the slot, oldest first."""
        opened = self.workspace()
        try:
            return opened.ledger.attempts(SLOT)
        finally:
            opened.close()

    def outcomes(self) -> list[str | None]:
        """Give how they ended."""
        return [each.outcome for each in self.attempts()]


def _variables(settings: dict[str, object]) -> dict[str, str]:
    return {f"CONDUCTOR_{name.upper()}": str(value) for name, value in settings.items()}


def ended(run: subprocess.Popen[str]) -> str:
    """Wait for a run; give its last words, and fail with its log if they are not those of an error of ours."""
    log, _ = run.communicate(timeout=600)
    if run.returncode == 0:
        return ""
    last = log.strip().splitlines()[-1]
    assert last.split(":")[0].isidentifier(), log[-4000:]
    return last


def well(run: subprocess.Popen[str]) -> None:
    assert ended(run) == ""


def carried_once(home: Home, engine: str) -> None:
    """Hold what is left against what one run leaves: the two good rows in one commit, the bad one aside, all under the epochs in order."""
    opened = home.workspace()
    try:
        [row] = opened.ledger.history(SLOT)
        refined = opened.ledger.remembered(row.batch.id, "refine", Refined)
        assert refined
        assert refined.counts.model_dump() == {
            "records": 3,
            "accepted": 2,
            "rejected": 1,
            "duplicates": 0,
            "superseded": 0,
        }
        assert refined.choice.engine == engine  # the pool's own settings decided
        table = opened.table(opened.product(DATASET).contract)
        [commit] = table.history()
        assert (commit.note.batch, commit.note.rows) == (row.batch, 2)
        assert sum(batch.num_rows for batch in table.read(SLOT)) == 2
        aside = [stat.key for stat in opened.lake.list("quarantine/")]
        assert [key.split("/")[-2:] for key in aside] == [[row.batch.id, "rejected.parquet"]]
        steps = {step.step: step.epoch for step in opened.ledger.steps(row.batch.id)}
        assert (
            row.epoch <= steps["land"] < steps["refine"] < commit.note.epoch <= opened.ledger.epoch(SLOT.id)
        )
        assert opened.ledger.lease(SLOT.id) is None
    finally:
        opened.close()
