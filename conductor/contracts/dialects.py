"""What has to be written differently for different engines. It is little, and all of it stands here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How one engine turns guarded text into days and instants; `{text}` stands for the SQL of a text of
    proven shape.

    Common to all: identifiers in double quotes, REGEXP_LIKE, and `$` for the end of the text alone.
    """

    name: str
    date: str
    timestamp: str


POLARS = Dialect(
    "polars", date="DATE({text}, '%Y-%m-%d')", timestamp="STRPTIME({text}, '%Y-%m-%dT%H:%M:%S%.f%#z')"
)
DUCKDB = Dialect("duckdb", date="CAST({text} AS DATE)", timestamp="CAST({text} AS TIMESTAMP WITH TIME ZONE)")
SPARK = Dialect("spark", date="CAST({text} AS DATE)", timestamp="CAST({text} AS TIMESTAMP)")
"""Its SQL goes through `spark_sql`, which brings the names, texts and patterns that are common to all into its spelling."""


def identifier(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text."""
    return "'" + text.replace("'", "''") + "'"
