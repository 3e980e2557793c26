"""What can be read from QuickBooks Online, and how each entity is asked for by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from conductor.errors import FixTheConfiguration
from conductor.sources.quickbooks.reading import Query, quote


@dataclass(frozen=True)
class Entity:
    """One entity. `day` is the property that holds its business date, None for lists that have none and are
    read whole.

    `tells_changes` says whether changes can be asked for; `inactive_hidden` whether inactive rows must be
    asked for by name.
    """

    name: str
    day: str | None = None
    key: str = "Id"
    tells_changes: bool = True
    inactive_hidden: bool = False

    def of_day(self, day: date) -> Query:
        """Query for what belongs to a business date."""
        if self.day:
            return self._query(f"{self.day} = {quote(day.isoformat())}")
        return self._query("Active IN (true, false)" if self.inactive_hidden else "")

    def of_day_since(self, day: date, since: datetime) -> Query:
        """Query for what belongs to a business date and was made or edited at or after an instant."""
        updated = f"MetaData.LastUpdatedTime >= {quote(since.isoformat(timespec='seconds'))}"
        return self._query(f"{self.of_day(day).where} AND {updated}")

    def _query(self, where: str) -> Query:
        return Query(self.name, where, self.key)


ENTITIES = (
    Entity("SalesReceipt", day="TxnDate"),
    Entity("Item", inactive_hidden=True),
    Entity("ExchangeRate", day="AsOfDate", key="SourceCurrencyCode", tells_changes=False),
)


def entity_named(name: str) -> Entity:
    """Give an entity by the vendor's name for it; an unknown one is `FixTheConfiguration`."""
    for entity in ENTITIES:
        if entity.name == name:
            return entity
    known = ", ".join(entity.name for entity in ENTITIES)
    raise FixTheConfiguration(
        f"QuickBooks has no entity {name!r} that can be read by day; known are: {known}"
    )
