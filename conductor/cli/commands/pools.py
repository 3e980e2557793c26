"""`conductor pools`: the work pools of a cluster."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from conductor.cli import show
from conductor.cli.session import prefect_api
from conductor.cluster.pools import KUBERNETES
from conductor.errors import FixTheConfiguration, NotFound

cli = typer.Typer(
    help="The work pools that pods are started from, one base job template each.", no_args_is_help=True
)


@cli.callback()
def _pools() -> None:
    """Keep `apply` a word of its own while it is the only one."""


@cli.command()
def apply(
    folder: Annotated[
        Path, typer.Argument(help="Folder with a base job template <pool>.json for each pool.")
    ],
) -> None:
    """Make each pool, or give one that is there its template; whether it is paused and what limits it stay as they are.

    A pool is of the type that its file names at the top, as `type`; of Kubernetes if it names none. Repeats: the same pools.
    """
    templates = {file.stem: _template(file) for file in sorted(folder.glob("*.json"))}
    if not templates:
        raise NotFound(f"{folder} holds no base job template", next_command="conductor pools apply k8s/pools")
    with prefect_api("pools would be there"):
        for pool, made in asyncio.run(_apply(templates)).items():
            show.line(f"{pool}: {'made' if made else 'brought up to date'}", mark="✓", style="green")


def _template(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FixTheConfiguration(f"{file} is not JSON: {error}") from None
    if not isinstance(found, dict) or not {"job_configuration", "variables"} <= found.keys():
        raise FixTheConfiguration(
            f"{file} is no base job template: it has no job_configuration and variables"
        )
    return found


async def _apply(templates: Mapping[str, Mapping[str, Any]]) -> Mapping[str, bool]:
    """Give for each pool whether it was made. A worker that starts meanwhile may make it before us."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectAlreadyExists

    made: dict[str, bool] = {}
    async with get_client() as client:
        for pool, said in templates.items():
            template = {name: part for name, part in said.items() if name != "type"}
            kind = said.get("type", KUBERNETES)
            try:
                await client.create_work_pool(
                    WorkPoolCreate(name=pool, type=kind, base_job_template=template)
                )
                made[pool] = True
            except ObjectAlreadyExists:
                there = await client.read_work_pool(pool)
                if there.type != kind:
                    raise FixTheConfiguration(
                        f"work pool {pool} is of type {there.type} and cannot become one of type {kind}",
                        next_command=f"prefect work-pool delete {pool}",
                    ) from None
                # Only what is set is sent: anything else would unpause the pool and take its limit away.
                await client.update_work_pool(pool, WorkPoolUpdate(base_job_template=template))
                made[pool] = False
    return made
