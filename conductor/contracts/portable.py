"""SQL that means the same on every engine.

Engines agree on little: how text is trimmed, upper-cased or cast, what `/` and a decimal literal are, how a
division is rounded. What stands in `MEASURED` gives equal results on Polars, DuckDB and Spark (a test
holds each part to it); all else is refused when the contract is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

MEASURED: frozenset[type[exp.Expr]] = frozenset(
    {
        *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Is, exp.In, exp.Between, exp.Like),
        *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
        *(exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs, exp.Round),
        *(exp.Case, exp.If, exp.Cast, exp.Coalesce, exp.Nullif, exp.RegexpLike, exp.Length),
        *(exp.Sum, exp.Count, exp.Min, exp.Max, exp.RowNumber),
    }
)
"""Operators and functions that give the same on every engine."""

TYPES = frozenset(
    {
        exp.DType.DECIMAL,
        exp.DType.VARCHAR,
        exp.DType.TEXT,
        exp.DType.DATE,
        exp.DType.BIGINT,
        exp.DType.BOOLEAN,
    }
)
"""Types that a CAST may name. Binary floating point is not among them, and instants come typed from the
records.
"""


def check_query(sql: str, tables: Collection[str] | None) -> Iterator[tuple[int, str]]:
    """Give the faults of a `refine.sql`, each with its line: one SELECT over the given tables, of measured parts only.

    Without `tables`, which an unreadable contract can't tell, only the parts are looked at.
    """
    tree = _parsed(sql)
    if isinstance(tree, _NotSql):
        yield tree.line, tree.sentence
        return
    if not isinstance(tree, exp.Query):
        yield 1, "refine.sql has to be one SELECT"
        return
    for node, sentence in (*_unknown_tables(tree, tables), *_unmeasured(tree)):
        line, column = _position(node)
        yield line, f"column {column}: {sentence}"


def check_condition(sql: str, columns: Collection[str]) -> Iterator[str]:
    """Give the faults of a row rule: one condition over the given columns, of measured parts only."""
    tree = _parsed(f"SELECT NOT ({sql}) FROM records")
    if isinstance(tree, _NotSql):
        yield tree.sentence
        return
    bad = tree.expressions[0] if isinstance(tree, exp.Select) and len(tree.expressions) == 1 else tree
    if not (isinstance(bad, exp.Not) and isinstance(bad.this, exp.Paren)):
        yield f"{sql} is not one condition"
    for column in tree.find_all(exp.Column):
        if column.name not in columns or column.table:
            yield f"there is no field {column.sql()}"
    if (
        next(tree.find_all(exp.Subquery, exp.Window), None) is not None
        or len(list(tree.find_all(exp.Select))) > 1
    ):
        yield "a row rule looks at one row only"
    yield from (sentence for _, sentence in _unmeasured(tree))


def check_pattern(pattern: str) -> Iterator[str]:
    """Give the faults of a regular expression: engines agree on character classes, counts, groups and anchors
    only.
    """
    for part in ("\\", "(?", "[[", "&&", "--", "~~", "*+", "++", "?+", "}+"):
        if part in pattern:
            yield f"the pattern {pattern} holds {part}, which engines read differently; write [0-9] or [.]"
    try:
        re.compile(pattern)
    except re.error as error:
        yield f"the pattern {pattern} is not a regular expression: {error}"


@dataclass(frozen=True)
class _NotSql:
    """Why a text is not one statement."""

    line: int
    sentence: str


def _parsed(sql: str) -> exp.Expr | _NotSql:
    try:
        trees = [tree for tree in sqlglot.parse(sql) if tree is not None]
    except ParseError as error:
        first = error.errors[0]
        place = f"line {first.get('line')}, column {first.get('col')}"
        return _NotSql(first.get("line") or 1, f"this is not SQL, near {place}: {first.get('description')}")
    except TokenError as error:
        return _NotSql(1, f"this is not SQL: {str(error).splitlines()[0]}")
    return trees[0] if len(trees) == 1 else _NotSql(1, "this has to be one SQL statement")


def _unknown_tables(tree: exp.Query, tables: Collection[str] | None) -> Iterator[tuple[exp.Expr, str]]:
    if tables is None:
        return
    names = {*tables, *(cte.alias for cte in tree.find_all(exp.CTE))}
    for table in tree.find_all(exp.Table):
        if table.name not in names or table.db:
            yield table, f"there is no table {table.sql()}; there are {', '.join(sorted(names))}"


def _position(node: exp.Expr) -> tuple[int, int]:
    """Give line and column, from 1, where the first part of a node begins that has a place."""
    places = (each.meta for each in node.walk() if "line" in each.meta)
    return min(((at["line"], at["col"] - at["end"] + at["start"]) for at in places), default=(1, 1))


def _unmeasured(tree: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    for node in tree.walk():
        if isinstance(node, exp.DataType):
            yield from ((node.parent or node, fault) for fault in _type_fault(node))
        elif isinstance(node, exp.Literal) and not node.is_string and not node.is_int:
            yield (
                node,
                f"{node.sql()} would be binary floating point; write CAST('{node.sql()}' AS DECIMAL(p,s))",
            )
        elif isinstance(node, exp.RegexpLike | exp.Like):
            yield from ((node, fault) for fault in _match_fault(node))
        elif isinstance(node, exp.Window) and not node.args.get("order"):
            yield node, f"{node.sql()} needs an ORDER BY that leaves no ties"
        elif isinstance(node, exp.Func | exp.Binary | exp.Unary | exp.Predicate) and not _is_measured(node):
            yield node, f"{node.sql()} is not on the list of what all engines compute alike"


def _match_fault(node: exp.RegexpLike | exp.Like) -> Iterator[str]:
    """Find a pattern that is not written out, or that engines read differently."""
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string) or node.args.get("flag"):
        yield f"{node.sql()} needs its pattern written out as one text"
    elif isinstance(node, exp.RegexpLike):
        yield from check_pattern(pattern.name)
    elif "\\" in pattern.name:
        yield f"{node.sql()} holds a \\, which engines read differently"


def _is_measured(node: exp.Expr) -> bool:
    """Tell whether a node is measured; a name with a dot is a binary node to the parser, and TRY_CAST is a
    CAST.
    """
    return type(node) in MEASURED or isinstance(node, exp.Dot)


def _type_fault(node: exp.DataType) -> Iterator[str]:
    if node.this not in TYPES:
        yield f"{node.sql()} is not a type here; there are DECIMAL(p,s), VARCHAR, DATE, BIGINT and BOOLEAN"
    elif node.this is exp.DType.DECIMAL and len(node.expressions) != 2:
        yield "DECIMAL needs precision and scale, for the defaults differ by engine"
