"""What the sections of the ledger share: a database, and methods that are transactions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection

from conductor.errors import StopAndCall
from conductor.ledger.database import Database
from conductor.values import Value

S = TypeVar("S", bound="Section")
V = TypeVar("V", bound=Value)
P = ParamSpec("P")
R = TypeVar("R")


class Section:
    """A part of the ledger with its own tables and verbs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def database(self) -> Database:
        """The database that all sections share."""
        return self._database


def reads(method: Callable[Concatenate[S, Connection, P], R]) -> Callable[Concatenate[S, P], R]:
    """Make a method one reading transaction; callers leave out the connection that it takes first."""

    @wraps(method)
    def transaction(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.database.read(lambda connection: method(self, connection, *args, **kwargs))

    return _as_called(transaction)


def writes(method: Callable[Concatenate[S, Connection, P], R]) -> Callable[Concatenate[S, P], R]:
    """Make a method one writing transaction; callers leave out the connection that it takes first."""

    @wraps(method)
    def transaction(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.database.write(lambda connection: method(self, connection, *args, **kwargs))

    return _as_called(transaction)


def stored(kind: type[V], text: str, what: str) -> V:
    """Read a value back that the ledger cannot do without; `StopAndCall` if this program cannot read it."""
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise StopAndCall(
            f"The ledger's {what} cannot be read by this version of the program",
            next_command="conductor reconcile",
        ) from error


def _as_called(transaction: Callable[P, R]) -> Callable[P, R]:
    # What help() and the reference pages show is how the method is called.
    signature = inspect.signature(transaction)
    shown = [parameter for name, parameter in signature.parameters.items() if name != "connection"]
    transaction.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
    return transaction
