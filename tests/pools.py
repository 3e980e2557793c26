"""The Jobs that Prefect's worker would make of the base job templates."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration

TEMPLATES = Path(__file__).parents[1] / "k8s/pools"
POOLS = ("polars", "spark", "platform")


def rendered(pool: str, **job_variables: object) -> dict[str, Any]:
    """Give the Job of a run in this pool, as it would go to the API server."""
    template = json.loads((TEMPLATES / f"{pool}.json").read_text(encoding="utf-8"))
    nobody = PrefectClient(
        "http://127.0.0.1:9/api"
    )  # nothing is to be looked up; without it a server would be started
    configuration = asyncio.run(
        KubernetesWorkerJobConfiguration.from_template_and_values(template, job_variables, client=nobody)
    )
    configuration.prepare_for_flow_run(FlowRun(id=uuid4(), flow_id=uuid4(), name="A Run"))
    return configuration.job_manifest


def quantity(text: str) -> Decimal:
    """Give a quantity of Kubernetes as a number: `500m` is half, `2Mi` two times 1024 times 1024."""
    units = {"m": Decimal("0.001"), "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    number = text.rstrip("mKiMG")
    return Decimal(number) * units.get(text[len(number) :], 1)
