"""Find which slots a night has to carry."""

from __future__ import annotations

from conductor.values import Slot
from flows.steps.night import Night


def changed(tonight: Night) -> tuple[Slot, ...]:
    """Give the night's own slot, then those of other days that the source changed or that no run has brought to an end.

    Repeats: asks the source again; a day that is named needlessly is found to be done.
    """
    ledger, contract = tonight.workspace.ledger, tonight.workspace.product(tonight.dataset).contract
    source = tonight.workspace.source(contract.source)
    known = ledger.known_days(tonight.dataset)
    newest = max((tonight.day, *known))
    touched = source.changed_days(contract.entity, known, newest, contract.lookback_days) if known else ()
    own = tonight.slot
    found = (
        *(Slot(dataset=tonight.dataset, day=day) for day in touched),
        *ledger.unfinished(tonight.dataset),
    )
    others = {slot.id: slot for slot in found if slot != own}
    tonight.slots = [own, *sorted(others.values(), key=lambda slot: slot.day)]
    return tuple(tonight.slots)
