"""A data contract as the rest of the product sees it: what a product takes in, what it gives, and which rows
are good.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from conductor.contracts.bounds import Bounds
from conductor.contracts.file_format import FileFormat

FAULT = "_fault"
"""Column of the records of a file: why a row could not be taken apart, or nothing. It is the row's only reason then."""

PERSONAL = "personal"
"""The classification of a column that tells of a person."""
PARTITIONS = ("year", "month", "day")
"""Keys of the folders that hold a day's files; no column may be called so."""
OPEN = frozenset({None, "public", "none"})
"""Classifications of columns whose values anybody may see."""


PERIODS = {"h": 1, "hours": 1, "d": 24, "days": 24}
"""Units of a latency, in hours."""


class Kind(StrEnum):
    """The types a column may have. There is no binary floating point."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"


class Severity(StrEnum):
    """`error` stops what depends on it; `warning` tells."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Column:
    """One typed column, with all that the contract says of its values. Bounds are written as text, as in the
    contract. `format` is how a date is written in the records, such as `dd.MM.yyyy`; None is ISO 8601.
    `decimal_mark` is what stands there before the decimals of a number.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    precision: int | None = None
    scale: int | None = None
    pattern: str | None = None
    allowed: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    max_length: int | None = None
    classification: str | None = None
    min_length: int | None = None
    unique: bool = False
    format: str | None = None
    decimal_mark: str = "."


@dataclass(frozen=True)
class SourceField(Column):
    """A typed column read from the records; `path` is the name of the text column there, such as
    `CustomerRef.value`.
    """

    path: str = ""


@dataclass(frozen=True)
class Rule:
    """A row rule: `sql` is true for a good row and may name the contract's source fields; `code` is the
    stable reason.
    """

    code: str
    sql: str
    description: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class ForeignKey:
    """A row is good if `unless` holds, or if `columns` are found among the `targets` of another product."""

    code: str
    columns: tuple[str, ...]
    dataset: str
    targets: tuple[str, ...]
    description: str
    unless: str | None = None


@dataclass(frozen=True)
class Control:
    """The columns whose totals prove that no money vanished; the names stand in the source fields and the
    curated columns.
    """

    currency: str
    amount: str


@dataclass(frozen=True)
class RowCount:
    """How many rows a published version may have; None where that side is open."""

    least: int | None
    most: int | None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class Figure:
    """One number over all rows of a version, which `sql` gives from the dataset's table, and what it has to lie between."""

    code: str
    sql: str
    description: str
    bounds: Bounds
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class Agreement:
    """One service level that the owner promises, such as `latency` of `6` `h`."""

    name: str
    value: str
    unit: str = ""

    @property
    def hours(self) -> int | None:
        """The value in hours; None where it is no period of hours or days."""
        return int(self.value) * PERIODS[self.unit] if self.value.isdigit() and self.unit in PERIODS else None


@dataclass(frozen=True)
class Contract:
    """One product's contract.

    `fields`, `rules` and `foreign_keys` judge the records; `columns` are what readers get from `refine.sql`.
    `key` is the business key and `newest` the columns that order its versions, oldest first; both stand in
    `fields` and `columns`. `day` names the curated column with the business date. `lookback_days` is how far
    back changed days are looked for. `journal` says that a day's revenue is posted to the group's books.
    `file_format` is how dropped files are written; None where the records come from an API. `engine` refines it
    whatever the size, `spark_from_bytes` is from where on Spark does; None leaves it to the settings.
    """

    dataset: str
    version: str
    owner: str
    description: str
    source: str
    entity: str
    fields: tuple[SourceField, ...]
    rules: tuple[Rule, ...]
    foreign_keys: tuple[ForeignKey, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    newest: tuple[str, ...]
    day: str
    control: Control | None = None
    empty_day_allowed: bool = False
    lookback_days: int = 0
    usual_rows: int | None = None
    engine: str | None = None
    spark_from_bytes: int | None = None
    agreements: tuple[Agreement, ...] = ()
    row_counts: tuple[RowCount, ...] = ()
    figures: tuple[Figure, ...] = ()
    journal: bool = False
    file_format: FileFormat | None = None

    @property
    def schema(self) -> str:
        """Schema of the product's table in a warehouse: its domain."""
        return self.dataset.split("/")[0]

    @property
    def table(self) -> str:
        """Name of the product's table in a warehouse."""
        return self.dataset.split("/")[1]

    @property
    def personal(self) -> frozenset[str]:
        """Names of the fields and columns whose values are shown to nobody who need not see them: all but the open ones.

        A field that reads the same text as such a one is such a one, too.
        """
        paths = {field.path for field in self.fields if field.classification not in OPEN}
        return frozenset(
            each.name
            for each in (*self.fields, *self.columns)
            if each.classification not in OPEN or (isinstance(each, SourceField) and each.path in paths)
        )

    @property
    def delivered(self) -> tuple[str, ...]:
        """Names of the columns that a source delivers, in the order of the fields that read them; what begins with `_`
        is added here.
        """
        return tuple(dict.fromkeys(field.path for field in self.fields if not field.path.startswith("_")))

    @property
    def record_columns(self) -> tuple[str, ...]:
        """Names of all columns of the records that the checks read; one that records do not have reads as empty."""
        own = (FAULT,) if self.file_format else ()
        return (*dict.fromkeys(field.path for field in self.fields), *own)

    @property
    def references(self) -> tuple[str, ...]:
        """Datasets that this one joins, in the order of their first mention."""
        return tuple(dict.fromkeys(foreign.dataset for foreign in self.foreign_keys))


@dataclass(frozen=True)
class Product:
    """A data product as shipped in a folder: its contract and the SQL that makes its curated columns."""

    contract: Contract
    refine_sql: str
    folder: Path

    @property
    def refine_sha256(self) -> str:
        """Give the digest of the SQL, by which a batch says what it was made with."""
        return hashlib.sha256(self.refine_sql.encode()).hexdigest()
