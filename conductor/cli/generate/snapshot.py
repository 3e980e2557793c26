"""A snapshot of how the product behaves towards others, so that a change of it shows in a diff."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from ruamel.yaml import YAML

from conductor.cli.generate.blocks import block_types, slug
from conductor.cli.generate.fields import fields_of
from conductor.cli.serve import deployments
from conductor.contracts.ddl import Warehouse, column_type
from conductor.contracts.model import Contract

SERVED = {
    "name",
    "description",
    "tags",
    "parameters",
    "schedules",
    "triggers",
    "concurrency_limit",
    "entrypoint",
}


def snapshot(prefect_yaml: Path, contracts: Iterable[Contract]) -> str:
    """Give the snapshot as JSON: deployments, flows with their parameters, blocks with their fields, contracts with their columns."""
    deployed = YAML(typ="safe").load(prefect_yaml)["deployments"]
    served = [_served(each) for each in deployments("UTC")]
    flows = [_flow(each["entrypoint"]) for each in (*deployed, *served)]
    found = {
        "deployments": {"prefect.yaml": _by_name(deployed), "conductor up": _by_name(served)},
        "flows": {flow.name: flow.parameters.model_dump(mode="json") for flow in flows},
        "blocks": {
            slug(block): {field.name: f"{field.kind} ({field.default})" for field in fields_of(block)}
            for block in block_types()
        },
        "contracts": {contract.dataset: _contract(contract) for contract in contracts},
    }
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _served(deployment: RunnerDeployment) -> Mapping[str, Any]:
    return deployment.model_dump(mode="json", include=SERVED, exclude_none=True)


def _by_name(deployments: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {f"{_flow(each['entrypoint']).name}/{each['name']}": each for each in deployments}


def _flow(entrypoint: str) -> Flow[Any, Any]:
    """Import a flow, whether it is named by file or by module."""
    module, _, name = entrypoint.replace(".py:", ".").replace("/", ".").replace(":", ".").rpartition(".")
    return getattr(importlib.import_module(module), name)


def _contract(contract: Contract) -> Mapping[str, Any]:
    return {
        "version": contract.version,
        "key": contract.key,
        "columns": {
            column.name: column_type(column, Warehouse.DUCKDB) + (" NOT NULL" if column.required else "")
            for column in contract.columns
        },
        "rules": {rule.code: rule.sql for rule in (*contract.rules, *contract.figures)},
        "references": {
            each.code: f"{', '.join(each.columns)} in {each.dataset}" for each in contract.foreign_keys
        },
    }
