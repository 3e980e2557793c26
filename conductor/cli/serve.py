"""Serve the nightly deployment of the embedded workspace: `python -m conductor.cli.serve ZONE`, in a home's environment."""

from __future__ import annotations

import sys
from typing import cast

from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.finance.nightly_financials import nightly_financials


def main(timezone: str) -> None:
    """Register the deployment with its 02:00 schedule and run what is due, one run at a time."""
    nightly = nightly_financials.to_deployment(
        name="nightly",
        description="One day of sales receipts, from the accounting API to the revenue mart and the group's books.",
        tags=["finance", "nightly"],
        schedules=[Cron("0 2 * * *", timezone=timezone)],
        parameters={"workspace": "embedded"},
    )
    serve(cast(RunnerDeployment, nightly), limit=1)


if __name__ == "__main__":
    main(sys.argv[1])
