"""Find the days to read again, from what was read and what the service says now: no watermark to lose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from conductor.errors import FixTheConfiguration
from conductor.records import Document, leaf, objects
from conductor.sources.client import ApiClient
from conductor.sources.protocol import Known
from conductor.sources.quickbooks.entities import Entity
from conductor.sources.quickbooks.reading import count, instant, rows_of

OVERLAP = timedelta(minutes=2)
CAPTURE_REACHES_BACK = timedelta(days=30)
CAPTURE_HOLDS = 1000


def changed_days(
    client: ApiClient, entity: Entity, known: Mapping[date, Known], upto: date, lookback_days: int
) -> tuple[date, ...]:
    """Give the days within `lookback_days` up to `upto` that are no longer what they were when they were
    read.

    A day changes in two ways. It gains a document, or holds one in another state (made, edited, voided, moved
    here): that document is on the day now and was updated after the day was read, which change capture or a
    count of such documents tells. Or it loses one (deleted, moved away): no list shows that, but then the day
    has fewer documents than it had, unless it gained one too, which is the first case. So both together leave
    nothing out. A day between known ones that was never read is named when something changed on it.

    An entity of which the service tells no changes has all its days named: only reading them can tell, and a
    day that is named needlessly is found to be what it was.
    """
    if entity.day is None:
        raise FixTheConfiguration(f"{entity.name} has no business date: it is read whole each time")
    first = max(upto - timedelta(days=lookback_days), min(known, default=upto))
    recent = {day: what for day, what in known.items() if first <= day <= upto}
    if not recent or not entity.tells_changes:
        return tuple(sorted(recent))
    counted = {day: count(client, entity.of_day(day)) for day in sorted(recent)}
    lost = {day for day, now in counted.items() if now.rows != recent[day].documents}
    oldest = min(what.as_of for what in recent.values())
    days = (first + timedelta(days=n) for n in range((upto - first).days + 1))
    since = {day: (recent[day].as_of if day in recent else oldest) - OVERLAP for day in days}
    gained = _gained(client, entity, since, max(now.as_of for now in counted.values()))
    return tuple(sorted(lost | gained))


def _gained(
    client: ApiClient, entity: Entity, since: Mapping[date, datetime], server_now: datetime
) -> set[date]:
    """Give the days that hold a document updated at or after the day's instant.

    Change capture tells with one request, if it reaches back so far and its answer is not full; else each day
    is asked for itself.
    """
    begin = min(since.values())
    if begin > server_now - CAPTURE_REACHES_BACK:
        captured = _captured(client, entity, begin)
        if len(captured) < CAPTURE_HOLDS:
            return set(_dates(captured, entity.day or "", since))
    return {day for day, moment in since.items() if count(client, entity.of_day_since(day, moment)).rows}


def _captured(client: ApiClient, entity: Entity, since: datetime) -> list[Document]:
    """Ask change capture; of a deleted document it gives an id and no date."""
    params = {"entities": entity.name, "changedSince": since.isoformat(timespec="seconds")}
    answer = client.get("cdc", params, expect="CDCResponse").document
    parts = objects(answer["CDCResponse"])
    responses = [response for part in parts for response in objects(part.get("QueryResponse"))]
    return [row for response in responses for row in rows_of({"QueryResponse": response}, entity.name)]


def _dates(captured: Iterable[Document], day_property: str, since: Mapping[date, datetime]) -> Iterable[date]:
    for document in captured:
        text = leaf(document, day_property)
        day = date.fromisoformat(text) if text else date.min
        if day in since and instant(leaf(document, "MetaData.LastUpdatedTime")) >= since[day]:
            yield day
