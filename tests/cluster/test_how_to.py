"""The how-to of the installation does what it says, typed as it stands; conftest types install, deployment and the end."""

from __future__ import annotations

from .how_to import blocks
from .nights import prefect_of
from .trial import AWAY, CARRY, DEPLOY, INSTALL, PROVE, Trial

NIGHT_SECONDS, AUDIT_SECONDS = 900, 900


def test_nothing_of_the_page_is_left_untyped() -> None:
    images, *rest = blocks()
    assert images == "1. Build the images"
    assert rest == [INSTALL, DEPLOY, CARRY, PROVE, AWAY]


def test_all_deployments_are_there(trial: Trial) -> None:
    with prefect_of(trial) as prefect:
        found = prefect.ask("POST", "/deployments/filter", {})
    assert {each["name"] for each in found} >= {"nightly", "refine", "files", "scale"}
    assert {each["work_pool_name"] for each in found} <= {"polars", "spark", "platform"}


def test_a_day_is_carried_in_pods_and_every_invariant_holds(trial: Trial) -> None:
    printed = trial.page.run(blocks()[CARRY], NIGHT_SECONDS)
    assert "finished successfully" in printed
    (carried,) = trial.ledger(
        "SELECT count(*) FROM batches WHERE slot LIKE 'finance/sales_receipts%' AND reached = 'archived'"
    )
    assert int(carried) >= 1
    told = trial.page.run(blocks()[PROVE], AUDIT_SECONDS)
    for invariant in range(1, 9):
        (line,) = [line for line in told.splitlines() if line.startswith(f"│I{invariant} ")]
        assert line.rstrip("│ ").endswith("none"), line
    assert "were not compared" not in told


def test_a_second_night_writes_nothing(trial: Trial) -> None:
    def effects() -> list[str]:
        return trial.ledger("SELECT batch, step, epoch FROM steps ORDER BY 1, 2")

    before = effects()
    assert before
    assert "finished successfully" in trial.page.run(blocks()[CARRY], NIGHT_SECONDS)
    assert effects() == before


def test_the_doctor_finds_nothing_to_mend(trial: Trial) -> None:
    findings = trial.answered("doctor", "--cluster")
    assert {each["about"] for each in findings} >= {"cluster", "rights", "prefect", "pools", "ledger", "raw"}
    assert not [each for each in findings if each["verdict"] == "problem"]
