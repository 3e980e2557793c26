"""Serve the deployments of the embedded workspace: `python -m conductor.cli.serve ZONE`, in a home's environment."""

from __future__ import annotations

import sys
from typing import cast

from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.finance.accounting_aggregates import accounting_aggregates
from flows.finance.nightly_financials import nightly_financials


def deployments(timezone: str) -> tuple[RunnerDeployment, ...]:
    """Give what is served: the nightly flow with its schedule, at 02:00 in the zone, and the accountants' totals."""
    nightly = nightly_financials.to_deployment(
        name="nightly",
        description="One day of sales receipts, from the accounting API to the revenue mart and the group's books.",
        tags=["finance", "nightly"],
        schedules=[Cron("0 2 * * *", timezone=timezone)],
        parameters={"workspace": "embedded"},
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    aggregates = accounting_aggregates.to_deployment(
        name="aggregates",
        description="The accountants' monthly totals, brought up to date for a batch that is ready.",
        tags=["finance"],
        parameters={"workspace": "embedded"},
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast(RunnerDeployment, nightly), cast(RunnerDeployment, aggregates)


def main(timezone: str) -> None:
    """Register the deployments and run what is due, one run at a time, until interrupted."""
    # Schedules stay as they are when serving ends: nights that became due meanwhile are carried when it begins again.
    serve(*deployments(timezone), limit=1, pause_on_shutdown=False)


if __name__ == "__main__":
    main(sys.argv[1])
