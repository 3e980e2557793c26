"""What work pools have in common, whatever starts their runs."""

from __future__ import annotations

KUBERNETES, SPARK_SERVICE = "kubernetes", "spark-service"
"""The types of pools, as Prefect calls them: runs are pods, or jobs at a service that runs Spark."""
ENVIRONMENT = {"PREFECT_CLIENT_MAX_RETRIES": "100", "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false"}
"""What every run finds in its environment: it waits out a server that is away, and leaves no results."""
COST = {
    "project": ("cloud-conductor", "Project that pays for the run"),
    "owner": ("data-platform", "Team that answers for the run"),
    "cost_center": ("unassigned", "Cost centre that the run is booked on"),
    "compliance": ("internal", "Rules that the data is under"),
}
"""The variables by which costs are told apart: what each is if nobody says, and its words."""
