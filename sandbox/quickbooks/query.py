"""The query language: one statement in, one value out."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
OPERATORS = frozenset({"=", "<", ">", "<=", ">="})
TOKEN = re.compile(r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<sign><=|>=|[=<>(),*])|(?P<word>[^\s'=<>(),*]+))")


class BadQuery(ValueError):
    """The statement is not of the language; the text says where."""


@dataclass(frozen=True)
class Condition:
    """One comparison; all conditions of a statement must hold. Only `IN` has several values."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """One sort key."""

    field: str
    descending: bool = False


@dataclass(frozen=True)
class Query:
    """One statement. `start` counts from 1; `limit` is at most 1000."""

    entity: str
    count: bool = False
    where: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    start: int = 1
    limit: int = DEFAULT_PAGE


def parse(statement: str) -> Query:
    """Read a statement; `BadQuery` where it is not one."""
    return _Parser(statement).query()


class _Parser:
    """Recursive descent over the tokens, one method per clause."""

    def __init__(self, statement: str) -> None:
        self._tokens = _tokens(statement)
        self._at = 0

    def query(self) -> Query:
        self._expect("SELECT")
        count = self._selection()
        self._expect("FROM")
        entity = self._word("an entity")
        where = self._conditions() if self._accept("WHERE") else ()
        order = self._orders() if self._accept("ORDERBY") or self._accept_two("ORDER", "BY") else ()
        start = self._positive("STARTPOSITION", 1)
        limit = self._positive("MAXRESULTS", DEFAULT_PAGE)
        if self._peek():
            raise BadQuery(f"unexpected {self._peek()!r}")
        return Query(entity, count, where, order, start, min(limit, LARGEST_PAGE))

    def _selection(self) -> bool:
        if self._accept("*"):
            return False
        for token in ("COUNT", "(", "*", ")"):
            self._expect(token)
        return True

    def _conditions(self) -> tuple[Condition, ...]:
        conditions = [self._condition()]
        while self._accept("AND"):
            conditions.append(self._condition())
        return tuple(conditions)

    def _condition(self) -> Condition:
        field = self._word("a property")
        operator = self._take("an operator").upper()
        if operator == "IN":
            return Condition(field, operator, self._list())
        if operator not in OPERATORS and operator != "LIKE":
            raise BadQuery(f"{operator!r} is no operator")
        return Condition(field, operator, (self._literal(),))

    def _list(self) -> tuple[str, ...]:
        self._expect("(")
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        self._expect(")")
        return tuple(values)

    def _orders(self) -> tuple[Order, ...]:
        orders = [self._order()]
        while self._accept(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        field = self._word("a property")
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        return Order(field, descending)

    def _positive(self, keyword: str, default: int) -> int:
        if not self._accept(keyword):
            return default
        text = self._take("a number")
        if not text.isdecimal() or int(text) < 1:
            raise BadQuery(f"value {text} for {keyword} is not allowed. Minimum is 1")
        return int(text)

    def _literal(self) -> str:
        token = self._take("a value")
        return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith("'") else token

    def _word(self, wanted: str) -> str:
        token = self._take(wanted)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", token):
            raise BadQuery(f"{token!r} is not {wanted}")
        return token

    def _peek(self, ahead: int = 0) -> str:
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else ""

    def _take(self, wanted: str) -> str:
        token = self._peek()
        if not token:
            raise BadQuery(f"the statement ends where {wanted} was expected")
        self._at += 1
        return token

    def _accept(self, keyword: str) -> bool:
        found = self._peek().upper() == keyword
        self._at += found
        return found

    def _accept_two(self, first: str, second: str) -> bool:
        found = (self._peek().upper(), self._peek(1).upper()) == (first, second)
        self._at += 2 * found
        return found

    def _expect(self, keyword: str) -> None:
        if not self._accept(keyword):
            raise BadQuery(f"{keyword} was expected, not {self._peek() or 'the end'!r}")


def _tokens(statement: str) -> list[str]:
    found: list[str] = []
    place, text = 0, statement.strip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise BadQuery(f"cannot be read from {text[place : place + 20]!r}")
        found.append(match.group(match.lastgroup or 0))
        place = match.end()
    return found
