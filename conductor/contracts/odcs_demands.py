"""What a contract demands: of each row, of the rows of a day, of other products, and of its owner."""

from __future__ import annotations

from collections.abc import Mapping

from conductor.contracts.bounds import read_bounds
from conductor.contracts.document import Node
from conductor.contracts.model import (
    Agreement,
    Column,
    Figure,
    ForeignKey,
    RowCount,
    Rule,
    Severity,
    SourceField,
)
from conductor.contracts.odcs_sql import read_counting_rule, read_figure
from conductor.contracts.portable import check_condition
from conductor.contracts.problems import Problems, nearest

RECORDS = "records"
RULE_ENGINE = "cloud-conductor"
AGREEMENTS = {
    "latency": "how long after the end of the business day the data is there; dbt's source freshness asks for it",
    "retention": "how long the data is kept; the product's page tells it, and nothing is deleted here",
}


def read_agreement(node: Node, problems: Problems) -> Agreement:
    """Read a service level; one that nobody would watch is a fault."""
    name, value, unit = node.text("property"), node.text("value"), node.text("unit")
    if name not in AGREEMENTS:
        known = ", ".join(AGREEMENTS)
        sentence = (
            f"nobody here would see that `{name}` is kept; there are {known}{nearest(name, AGREEMENTS)}"
        )
        problems.add(node.line_of("property"), sentence)
    agreement = Agreement(name, value, unit)
    if name == "latency" and agreement.hours is None:
        problems.add(node.line_of("value"), "`latency` is a whole number of h or d")
    return agreement


def _severity(node: Node, problems: Problems) -> Severity:
    severity = node.text("severity") or Severity.ERROR.value
    if severity not in set(Severity):
        problems.add(node.line_of("severity"), f"`severity` cannot be `{severity}`; it is error or warning")
        return Severity.ERROR
    return Severity(severity)


def read_rule(node: Node, fields: tuple[SourceField, ...], problems: Problems) -> Rule:
    """Read a row rule over the fields of the records."""
    if node.text("type") == "sql":
        return read_counting_rule(node, RECORDS, fields, _severity(node, problems), problems)
    for key, value in (("type", "custom"), ("engine", RULE_ENGINE)):
        if node.text(key) != value:
            problems.add(
                node.line_of(key),
                f"a row rule has `{key}: {value}`, or `type: sql`; no other is checked here",
            )
    sql = node.text("implementation")
    for fault in check_condition(sql, [field.name for field in fields]):
        problems.add(node.line_of("implementation"), fault)
    return Rule(node.text("name"), sql, node.text("description"), _severity(node, problems))


def read_checks(
    curated: Node, columns: tuple[Column, ...], problems: Problems
) -> tuple[tuple[RowCount, ...], tuple[Figure, ...]]:
    """Read the checks of the dataset as a whole: how many rows it has, and figures of them."""
    counts: list[RowCount] = []
    figures: list[Figure] = []
    for node in curated.nodes("quality"):
        if node.text("type") == "sql":
            severity = _severity(node, problems)
            figures.append(read_figure(node, curated.text("name"), columns, severity, problems))
        else:
            counts.append(_row_count(node, problems))
    return tuple(counts), tuple(figures)


def _row_count(node: Node, problems: Problems) -> RowCount:
    for key, value in (("type", "library"), ("metric", "rowCount")):
        if node.text(key) != value:
            problems.add(
                node.line_of(key),
                f"a check of the dataset has `{key}: {value}`, or `type: sql`; no other is checked here",
            )
    least, most = read_bounds(node, problems).in_units(0)
    if least is not None and most is not None and most < least:
        problems.add(node.line, "no number of rows is what this `rowCount` asks for")
    return RowCount(least, most, _severity(node, problems))


def read_relationship(node: Node, fields: tuple[SourceField, ...], problems: Problems) -> ForeignKey:
    """Read a relationship from fields of the records to columns of another product."""
    said = {item.text("property"): item for item in node.nodes("customProperties")}
    for name in said.keys() - {"code", "unless", "description"}:
        problems.add(
            said[name].line,
            f"`{name}` is not a property of a relationship; there are code, unless and description",
        )
    unless = value_of(said, "unless") or None
    for fault in check_condition(unless, [field.name for field in fields]) if unless else ():
        problems.add(said["unless"].line, fault)
    targets = [tuple(target.rsplit(".", 1)) for target in node.texts("to")]
    datasets = list(dict.fromkeys(target[0].replace(".", "/") for target in targets))
    if len(datasets) != 1 or any(not source.startswith(f"{RECORDS}.") for source in node.texts("from")):
        problems.add(
            node.line,
            f"a relationship goes from `{RECORDS}.<field>` to `<domain>.<dataset>.<column>`, one dataset",
        )
    return ForeignKey(
        code=value_of(said, "code"),
        columns=tuple(source.removeprefix(f"{RECORDS}.") for source in node.texts("from")),
        dataset=next(iter(datasets), ""),
        targets=tuple(target[-1] for target in targets),
        description=value_of(said, "description"),
        unless=unless,
    )


def value_of(said: Mapping[str, Node], name: str) -> str:
    """Give the value of a custom property, as text; nothing for one that is not there."""
    return said[name].text("value") if name in said else ""
