"""Nights whose pods are killed at random moments, in random ways: what is left is what an unkilled night leaves, and the right figures.

CLUSTER_KILL_SEEDS names seeds to try, with commas between them, in place of those that are tried by themselves.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pipeline.expected import expected

from sandbox.quickbooks.seed import receipts_of

from .day_in_pod import exactly
from .nights import Night, Prefect, fresh_day, start
from .trial import Trial

PROGRAM = (Path(__file__).parent / "day_in_pod.py").read_text(encoding="utf-8")
SANDBOX_SEED, RECEIPTS = 7, 1000
"""Those of the trial: what the sandbox takes by itself, and `trial.sandbox.receiptsPerDay`."""
NIGHT_SECONDS = 600
SEEDS = [int(seed) for seed in os.environ.get("CLUSTER_KILL_SEEDS", "").split(",") if seed]
FEW = SEEDS or range(5)


def delete(night: Night, pod: str) -> None:
    night.kube.do("delete", "pod", pod, "--wait=false", check=False)


def force_delete(night: Night, pod: str) -> None:
    night.kube.do("delete", "pod", pod, "--wait=false", "--grace-period=0", "--force", check=False)


def kill_inside(night: Night, pod: str) -> None:
    night.kube.do("exec", pod, "--", "sh", "-c", "kill -9 -1 || true", check=False)


def evict(night: Night, pod: str) -> None:
    night.kube.evict(pod)


WAYS: tuple[Callable[[Night, str], None], ...] = (delete, force_delete, kill_inside, evict)


@pytest.fixture(scope="module")
def unkilled(trial: Trial, prefect: Prefect) -> tuple[Any, float]:
    """What a night leaves that nobody kills, and the seconds that its pod takes."""
    night = start(trial, prefect, fresh_day(trial))
    night.pod()
    begun = time.monotonic()
    assert night.ended(NIGHT_SECONDS) == "COMPLETED"
    took = time.monotonic() - begun
    found = held(trial, night.day)
    assert found["figures"] == wanted(night.day)
    return found["traces"], took


@pytest.mark.sample(lambda case: case["seed"] in FEW)
@pytest.mark.parametrize("seed", SEEDS or range(20))
def test_a_night_that_is_killed_anywhere_ends_as_if_nobody_had(
    trial: Trial, prefect: Prefect, unkilled: tuple[Any, float], seed: int
) -> None:
    """What the Job does not bring to an end, or what the pod's successor finds held, the next night does."""
    traces, seconds = unkilled
    rng = random.Random(seed)
    night = start(trial, prefect, fresh_day(trial))
    kills = list(killed(night, rng, seconds))
    print(f"seed {seed}, {night.day}: {', '.join(kills)}; {night.ended(NIGHT_SECONDS)}")
    night.until("nothing of it is at work", lambda: not night.left())
    if night.state()["type"] != "COMPLETED":
        assert start(trial, prefect, night.day).ended(NIGHT_SECONDS) == "COMPLETED"
    assert held(trial, night.day) == {"traces": traces, "figures": wanted(night.day)}
    assert trial.audited(night.day) == ""


def killed(night: Night, rng: random.Random, seconds: float) -> Iterator[str]:
    """Kill one to three pods of a night, each in the time that a whole night takes; say what was done."""
    for _ in range(rng.randint(1, 3)):
        night.until(
            "a pod runs, or the night is over", lambda: night.running() or night.over(), NIGHT_SECONDS
        )
        way, after = rng.choice(WAYS), rng.uniform(0, seconds)
        time.sleep(after)
        if night.over():
            return
        for pod in night.running():
            way(night, pod)
            yield f"{way.__name__} after {after:.0f} s"
            night.until("the pod is gone", lambda pod=pod: pod not in night.running())


def held(trial: Trial, day: date) -> Any:
    """Give what the workspace holds of a day."""
    return json.loads(trial.python(PROGRAM, "trial", f"{day}"))


def wanted(day: date) -> Any:
    """Give what a day has to come to, from the receipts as the sandbox planned them."""
    planned = expected(SANDBOX_SEED, receipts_of(SANDBOX_SEED, day, RECEIPTS))
    found = {
        "lake": planned.rows,
        "warehouse": planned.rows,
        "rejected": dict(planned.rejected),
        "mart": planned.mart,
        "books": {
            currency: {account: amount for account, amount in revenue.postings.items() if amount}
            for currency, revenue in planned.revenue.items()
        },
    }
    return json.loads(json.dumps(found, default=exactly))
