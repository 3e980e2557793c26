"""Rules of `type: sql`: a query that gives one number, and what the number has to be.

Over the records it counts bad rows, of which there may be none, so it becomes a rule of each row, with a reason of its own.
Over the dataset it gives a figure of all rows of a version, which the gate judges.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from conductor.contracts.bounds import Bounds, read_bounds
from conductor.contracts.document import Node
from conductor.contracts.model import Column, Figure, Rule, Severity, SourceField
from conductor.contracts.portable import check_condition, check_query
from conductor.contracts.problems import Problems

PLACEHOLDERS = ("${object}", "{object}", "${table}", "${schema}")
"""What the standard's examples write for the object that a rule stands at."""
COUNTING = "a SQL rule of the records counts bad rows: SELECT COUNT(*) FROM records WHERE <a row is bad>, `mustBe: 0`"


def read_counting_rule(
    node: Node, records: str, fields: tuple[SourceField, ...], severity: Severity, problems: Problems
) -> Rule:
    """Read a rule that counts bad rows as the rule that each row has to keep."""
    bad = _bad_rows(_query(node, records), records)
    if bad is None or read_bounds(node, problems) != Bounds(Decimal(0), Decimal(0)):
        problems.add(node.line_of("query"), COUNTING)
        return Rule(node.text("name"), "TRUE", node.text("description"), severity)
    sql = f"NOT ({bad})"
    for fault in check_condition(sql, [field.name for field in fields]):
        problems.add(node.line_of("query"), fault)
    return Rule(node.text("name"), sql, node.text("description"), severity)


def read_figure(
    node: Node, table: str, columns: tuple[Column, ...], severity: Severity, problems: Problems
) -> Figure:
    """Read a figure of the dataset; it is one aggregate over its columns, computed alike by all engines."""
    sql = _query(node, table)
    for line, fault in check_query(sql, [table]):
        problems.add(node.line_of("query") + line - 1, fault)
    for fault in _figure_faults(sql, [column.name for column in columns]):
        problems.add(node.line_of("query"), fault)
    return Figure(node.text("name"), sql, node.text("description"), read_bounds(node, problems), severity)


def _query(node: Node, table: str) -> str:
    sql = node.text("query")
    for placeholder in PLACEHOLDERS:
        sql = sql.replace(placeholder, table)
    return sql


def _bad_rows(sql: str, records: str) -> str | None:
    """Give the condition of a query that counts rows of the records; None for any other query."""
    tree = _select(sql)
    where = tree.args.get("where") if tree else None
    if tree is None or where is None:
        return None
    plain = f"SELECT COUNT(*) FROM {records} WHERE {where.this.sql()}"
    return str(where.this.sql()) if tree.sql() == plain else None


def _figure_faults(sql: str, columns: list[str]) -> Iterator[str]:
    tree = _select(sql)
    if tree is None:
        return
    given = tree.expressions[0]
    alone = len(tree.expressions) == 1 and given.find(exp.AggFunc) and not given.find(exp.Window)
    if not alone or tree.args.get("group"):
        yield "a SQL rule of the dataset gives one number: SELECT of one aggregate, without GROUP BY"
    known = {*columns, *(each.alias_or_name for each in tree.find_all(exp.Alias))}
    for column in tree.find_all(exp.Column):
        if column.name not in known:
            yield f"there is no column {column.sql()}"


def _select(sql: str) -> exp.Select | None:
    try:
        tree = sqlglot.parse_one(sql)
    except SqlglotError:
        return None
    return tree if isinstance(tree, exp.Select) else None
