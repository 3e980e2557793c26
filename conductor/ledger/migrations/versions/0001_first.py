"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "events",
        sa.Column("number", COUNTER, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("batch", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("time", INSTANT, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
    )
    op.create_index("ix_events_batch", "events", ["batch"])
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("consumer", "event", name="pk_inbox"),
    )
    op.create_table(
        "inbox_heads",
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("consumer", "type", "subject", name="pk_inbox_heads"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("ttl_seconds", sa.Float),
        sa.Column("expires_at", INSTANT),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "restores",
        sa.Column("id", COUNTER, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_restores"),
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_slots"),
    )
    op.create_index("ix_slots_dataset_day", "slots", ["dataset", "day"])
    op.create_table(
        "attempts",
        sa.Column("id", COUNTER, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("outcome", sa.Text),
        sa.Column("batch", sa.Text),
        sa.Column("error_class", sa.Text),
        sa.Column("sentence", sa.Text),
        sa.Column("next_command", sa.Text),
        sa.Column("step", sa.Text),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"], name="fk_attempts_slot"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("slot", "attempt", name="uq_attempts_slot_attempt"),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("reached", sa.Text, nullable=False),
        sa.Column("ended", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"], name="fk_batches_slot"),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sa.UniqueConstraint("slot", "version", name="uq_batches_slot_version"),
    )
    op.create_index("ix_batches_opened_at", "batches", ["opened_at"])
    op.create_table(
        "deliveries",
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("subscriber", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("delivered_at", INSTANT),
        sa.Column("next_try_at", INSTANT),
        sa.Column("sentence", sa.Text),
        sa.ForeignKeyConstraint(["event"], ["events.id"], name="fk_deliveries_event"),
        sa.PrimaryKeyConstraint("event", "subscriber", name="pk_deliveries"),
    )
    op.create_table(
        "failures",
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("error_class", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"], name="fk_failures_slot"),
        sa.PrimaryKeyConstraint("slot", "step", "error_class", "fingerprint", name="pk_failures"),
    )
    op.create_table(
        "objects",
        sa.Column("id", COUNTER, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("corrects", sa.Text),
        sa.Column("documents", sa.BigInteger, nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"], name="fk_objects_slot"),
        sa.PrimaryKeyConstraint("id", name="pk_objects"),
        sa.UniqueConstraint("object_id", name="uq_objects_object_id"),
    )
    op.create_index("ix_objects_slot", "objects", ["slot"])
    op.create_table(
        "approvals",
        sa.Column("id", COUNTER, nullable=False),
        sa.Column("batch", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name="fk_approvals_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_batch", "approvals", ["batch"])
    op.create_table(
        "batch_objects",
        sa.Column("batch", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name="fk_batch_objects_batch"),
        sa.PrimaryKeyConstraint("batch", "object_id", name="pk_batch_objects"),
    )
    op.create_table(
        "notes",
        sa.Column("id", COUNTER, nullable=False),
        sa.Column("batch", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name="fk_notes_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )
    op.create_index("ix_notes_batch", "notes", ["batch"])
    op.create_table(
        "steps",
        sa.Column("batch", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("peak_mib", sa.Float),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name="fk_steps_batch"),
        sa.PrimaryKeyConstraint("batch", "step", name="pk_steps"),
    )
