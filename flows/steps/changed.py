"""Find which slots a night has to carry."""

from __future__ import annotations

from conductor.values import Slot
from flows.steps.night import Night


def changed(tonight: Night) -> tuple[Slot, ...]:
    """Give the night's own slot, then those of earlier days that the source changed since they were carried.

    Repeats: asks the source again; a day that is named needlessly is found to be done.
    """
    contract = tonight.workspace.product(tonight.dataset).contract
    source = tonight.workspace.source(contract.source)
    known = tonight.workspace.ledger.known_days(tonight.dataset)
    earlier = (
        source.changed_days(contract.entity, known, tonight.day, contract.lookback_days) if known else ()
    )
    days = (tonight.day, *(day for day in earlier if day != tonight.day))
    tonight.slots = [Slot(dataset=tonight.dataset, day=day) for day in days]
    return tuple(tonight.slots)
