"""Contracts as sources of a dbt project: descriptions, types and tests of the tables that products are loaded
into.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from itertools import groupby
from typing import TypeAlias

from ruamel.yaml import YAML

from conductor.contracts.ddl import Warehouse, column_type
from conductor.contracts.dialects import identifier, literal
from conductor.contracts.model import Column, Contract

Yaml: TypeAlias = "str | int | bool | Sequence[Yaml] | Mapping[str, Yaml]"
HEADER = "# Made from the contracts of the products; edit those, not this file.\n"


def sources(contracts: Iterable[Contract], warehouse: Warehouse) -> str:
    """Give the text of a sources file: a source per domain, a table per product, in order of name."""
    ordered = sorted(contracts, key=lambda contract: contract.dataset)
    document: Yaml = {
        "version": 2,
        "sources": [
            {
                "name": domain,
                "schema": domain,
                "tables": [_table(contract, warehouse) for contract in products],
            }
            for domain, products in groupby(ordered, key=lambda contract: contract.schema)
        ],
    }
    yaml, text = YAML(), StringIO()
    yaml.width = 1000
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, text)
    return HEADER + text.getvalue()


def _table(contract: Contract, warehouse: Warehouse) -> Yaml:
    return {
        "name": contract.table,
        "description": contract.description,
        "config": _freshness(contract)
        | {"meta": {"owner": contract.owner, "contract_version": contract.version}},
        "data_tests": [_unique(contract)],
        "columns": [_column(column, warehouse) for column in contract.columns],
    }


def _unique(contract: Contract) -> Yaml:
    """Test that a business key stands once; a separator that no text holds keeps two keys from running into
    one.
    """
    parts = [f"CAST({identifier(name)} AS VARCHAR)" for name in contract.key]
    return {
        "unique": {
            "name": f"{contract.table}_key_is_unique",
            "arguments": {"column_name": f"({' || CHR(31) || '.join(parts)})"},
        }
    }


def names_of_tests(contract: Contract) -> tuple[str, ...]:
    """Name the tests of a product's source, such as `not_null receipt_id`."""
    named = ("not_null", "unique", "accepted_values")
    of_columns = (
        f"{name} {column.name}"
        for column in contract.columns
        for name, there in zip(named, (column.required, column.unique, column.allowed), strict=True)
        if there
    )
    fresh = ("freshness",) if _freshness(contract) else ()
    return (f"unique {', '.join(contract.key)}", *of_columns, *fresh)


def _freshness(contract: Contract) -> dict[str, Yaml]:
    """Ask for a load within a day and the promised latency; the warehouse's own ledger says when one was."""
    hours = next((each.hours for each in contract.agreements if each.name == "latency"), None)
    if hours is None:
        return {}
    newest = (
        f"SELECT max(loaded_at) FROM conductor.load_ledger WHERE slot LIKE {literal(f'{contract.dataset}/%')}"
    )
    return {"freshness": {"error_after": {"count": 24 + hours, "period": "hour"}}, "loaded_at_query": newest}


def _tests(column: Column) -> list[Yaml]:
    tests: list[Yaml] = ["not_null"] if column.required else []
    tests += ["unique"] if column.unique else []
    if column.allowed:
        tests.append({"accepted_values": {"arguments": {"values": list(column.allowed)}}})
    return tests


def _column(column: Column, warehouse: Warehouse) -> Yaml:
    tests = _tests(column)
    found: dict[str, Yaml] = {
        "name": column.name,
        "description": column.description,
        "data_type": column_type(column, warehouse).lower(),
    }
    if column.classification:
        found["config"] = {"meta": {"classification": column.classification}}
    return found | ({"data_tests": tests} if tests else {})
