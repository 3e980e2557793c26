"""Fit the work pools to what waits in them: more places while runs queue, fewer when it is quiet."""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from conductor.scaling import Bounds
from flows.steps.scale import scale_pool


@flow(name="scale-pools", flow_run_name="scale work pools", persist_result=False, log_prints=False)
def scale_pools(pools: dict[str, Bounds]) -> None:
    """Set how many runs each work pool lets run at once, from how many are due and wait.

    The pool that this flow itself runs in is best left out: it has no limit. Repeats: the limits are right already.

    Args:
        pools: For each work pool, how many runs it lets run at once at the least (baseline) and at the most (ceiling).
    """
    for pool, bounds in pools.items():
        if scaled := scale_pool(pool, bounds):
            get_run_logger().info(f"{pool} lets {scaled.limit} run at once: {scaled.reason}")
