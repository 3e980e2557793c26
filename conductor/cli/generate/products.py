"""A page per data product."""

from __future__ import annotations

from conductor.cli.generate.markdown import code, document, table
from conductor.contracts.codes import field_codes
from conductor.contracts.ddl import Warehouse, column_type
from conductor.contracts.model import Column, Contract, ForeignKey, SourceField

GOOD = {
    "MISSING": "is there",
    "BAD": "is written as its type and pattern ask",
    "NOT_ALLOWED": "is one of its values",
    "OUT_OF_RANGE": "is within its bounds",
    "TOO_SHORT": "is no shorter than it has to be",
    "TOO_LONG": "is no longer than it may be",
}


def file_name(contract: Contract) -> str:
    """Name the product's page."""
    return f"{contract.dataset.replace('/', '-')}.md"


def page(contract: Contract) -> str:
    """Give the page: what the product is, its columns, what it reads, and why a row is set aside."""
    return document(
        contract.dataset,
        f"`products/{contract.dataset}/contract.odcs.yaml`",
        contract.description,
        table(("", ""), _facts(contract)),
        f"## Columns\n\n{_columns(contract)}",
        f"## What is read\n\n{_fields(contract)}",
        f"## Why a row is set aside\n\n{_reasons(contract)}",
        *_figures(contract),
    )


def _facts(contract: Contract) -> list[tuple[str, str]]:
    control = contract.control
    facts = {
        "version": contract.version,
        "owner": contract.owner,
        "source": f"{contract.entity} of {contract.source}",
        "key": _names(contract.key),
        "newest by": _names(contract.newest),
        "business day": code(contract.day),
        "control total": f"sum of `{control.amount}` per `{control.currency}`" if control else "none",
        "joins": _names(contract.references) or "nothing",
        "a day without rows": "is allowed" if contract.empty_day_allowed else "stops at the gate",
        "in the books": "a journal entry per day and currency" if contract.journal else "not posted",
        "changed days are looked for": f"{contract.lookback_days} days back",
        **{each.name: f"{each.value} {each.unit}".strip() for each in contract.agreements},
    }
    return list(facts.items())


def _columns(contract: Contract) -> str:
    rows = [(code(column.name), *_told(column)) for column in contract.columns]
    return table(("column", "type", "limits", "what it is"), rows)


def _fields(contract: Contract) -> str:
    rows = [(code(field.path), code(field.name), *_told(field)) for field in contract.fields]
    return table(("in the source", "as", "type", "limits", "what it is"), rows)


def _told(column: Column) -> tuple[str, str, str]:
    return column_type(column, Warehouse.DUCKDB).lower(), _limits(column), column.description


def _reasons(contract: Contract) -> str:
    rows = [
        (code(rule.code), rule.severity.value, rule.description, code(rule.sql)) for rule in contract.rules
    ]
    rows += [(code(each.code), "error", each.description, _found(each)) for each in contract.foreign_keys]
    rows += [
        (code(reason), "error", _sentence(reason, field), "")
        for field in contract.fields
        for reason in field_codes(field)
    ]
    return table(("reason", "severity", "what holds for a good row", "rule"), rows)


def _figures(contract: Contract) -> list[str]:
    """Give the section of what all rows together come to, where the contract asks for it."""
    rows = [
        (code(each.code), each.severity.value, each.description, code(each.sql)) for each in contract.figures
    ]
    told = table(("figure", "severity", "what it is", "query"), rows)
    return [f"## What a version comes to\n\n{told}"] if rows else []


def _found(key: ForeignKey) -> str:
    unless = f", unless {code(key.unless)}" if key.unless else ""
    return f"{_names(key.columns)} as {_names(key.targets)} in {code(key.dataset)}{unless}"


def _sentence(reason: str, field: SourceField) -> str:
    return f"{code(field.path)} {GOOD[reason.removesuffix(field.name.upper()).rstrip('_')]}."


def _limits(column: Column) -> str:
    found = ["required"] if column.required else []
    found += [f"one of {_names(column.allowed)}"] if column.allowed else []
    found += [f"matches {code(column.pattern)}"] if column.pattern else []
    found += [f"at least {column.minimum}"] if column.minimum else []
    found += [f"at most {column.maximum}"] if column.maximum else []
    found += [f"up to {column.max_length} characters"] if column.max_length else []
    found += [column.classification] if column.classification else []
    return "; ".join(found)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(code, names))
