"""The tables of the ledger. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from conductor.errors import FixTheConfiguration

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An instant: aware in, UTC out. SQLite keeps no zone, so there the UTC wall time is stored."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: it could mean two instants."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise FixTheConfiguration(
                f"{value.isoformat()} has no time zone, so it cannot be kept as an instant"
            )
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the instant in UTC, whatever zone the session has."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


# SQLite counts rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
COUNTER = BigInteger().with_variant(Integer, "sqlite")

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text),
    Column("ttl_seconds", Float),
    Column("expires_at", Instant),
)

restores = Table(
    "restores",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("floor", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("part", Text, nullable=False),
    Index(None, "dataset", "day"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("slot", Text, ForeignKey("slots.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text),
    Column("batch", Text),
    Column("error_class", Text),
    Column("sentence", Text),
    Column("next_command", Text),
    Column("step", Text),
    UniqueConstraint("slot", "attempt"),
)

objects = Table(
    "objects",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("object_id", Text, nullable=False, unique=True),
    Column("slot", Text, ForeignKey("slots.id"), nullable=False, index=True),
    Column("corrects", Text),
    Column("documents", BigInteger, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("value", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slot", Text, ForeignKey("slots.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("reached", Text, nullable=False),
    Column("ended", Text),
    Column("note", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False, index=True),
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("slot", "version"),
)

# Not bound to `objects`: a batch restored from its Delta commit may outlive its raw objects.
batch_objects = Table(
    "batch_objects",
    metadata,
    Column("batch", Text, ForeignKey("batches.id"), primary_key=True),
    Column("object_id", Text, primary_key=True),
)

steps = Table(
    "steps",
    metadata,
    Column("batch", Text, ForeignKey("batches.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("schema_version", Integer, nullable=False),
    Column("value", Text, nullable=False),
    Column("rows", BigInteger),
    Column("seconds", Float, nullable=False),
    Column("peak_mib", Float),
    Column("epoch", BigInteger, nullable=False),
    Column("finished_at", Instant, nullable=False),
)

failures = Table(
    "failures",
    metadata,
    Column("slot", Text, ForeignKey("slots.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("error_class", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("number", COUNTER, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("batch", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("time", Instant, nullable=False),
    Column("data", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("event", Text, ForeignKey("events.id"), primary_key=True),
    Column("subscriber", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("delivered_at", Instant),
    Column("next_try_at", Instant),
    Column("sentence", Text),
)

# A consumer may live in another domain, with a ledger of its own: its inbox refers to nothing here.
inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("finished_at", Instant),
)

inbox_heads = Table(
    "inbox_heads",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("batch", Text, ForeignKey("batches.id"), nullable=False, index=True),
    Column("what", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("batch", Text, ForeignKey("batches.id"), nullable=False, index=True),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# Not bound to attempts: a run may end before it comes to a slot.
incidents = Table(
    "incidents",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("resolution", Text, nullable=False),
    Column("runbook", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

sizes = Table(
    "sizes",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("memory_mib", Integer, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
