"""Incidents: what the cluster did to runs, and what size of pod that taught us."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from conductor.ledger.database import insert
from conductor.ledger.rows import Incident, Size
from conductor.ledger.schema import incidents, sizes
from conductor.ledger.section import Section, reads, writes


class Incidents(Section):
    """What happened to the pods of runs, kept for longer than a cluster keeps it; and the memory that products need."""

    @writes
    def note_incident(self, connection: Connection, incident: Incident) -> None:
        """Keep an incident. The first word on a run's object stands; later ones change nothing."""
        row = {
            "run_id": incident.run_id,
            "subject": incident.subject,
            "category": incident.category,
            "sentence": incident.sentence,
            "resolution": incident.resolution,
            "runbook": incident.runbook,
            "at": incident.at,
        }
        connection.execute(insert(connection, incidents).values(row).on_conflict_do_nothing())

    @reads
    def incidents(self, connection: Connection, run_ids: Sequence[str]) -> tuple[Incident, ...]:
        """Give what happened to these runs, first thing first."""
        query = select(incidents).where(incidents.c.run_id.in_(run_ids))
        found = connection.execute(query.order_by(incidents.c.at, incidents.c.subject)).mappings()
        return tuple(Incident(**row) for row in found)

    @writes
    def remember_size(self, connection: Connection, size: Size) -> None:
        """Keep how much memory the runs of a deployment need for a product; what is there is never lowered."""
        row = {
            "deployment": size.deployment,
            "product": size.product,
            "memory_mib": size.memory_mib,
            "run_id": size.run_id,
            "at": size.at,
        }
        first = insert(connection, sizes).values(row)
        upsert = first.on_conflict_do_update(
            index_elements=list(sizes.primary_key),
            set_=row,
            where=sizes.c.memory_mib < first.excluded.memory_mib,
        )
        connection.execute(upsert)

    @reads
    def sizes(self, connection: Connection) -> tuple[Size, ...]:
        """Give all that is known of sizes, by deployment and product."""
        query = select(sizes).order_by(sizes.c.deployment, sizes.c.product)
        return tuple(Size(**row) for row in connection.execute(query).mappings())
