"""Decide which version of the slot this content is."""

from __future__ import annotations

from collections.abc import Sequence

from conductor.errors import RetryLater
from conductor.values import BackedUp, Batch, Landed, Reference, State
from flows.steps.step import step
from flows.steps.turn import Turn

STATES = {"land": State.LANDED, "back_up": State.BACKED_UP}


@step(Batch)
def version(turn: Turn, landed: Landed, _backed_up: BackedUp, references: Sequence[Reference] = ()) -> Batch:
    """Give the batch: landed content, corrections of it, contract, SQL and the joined products' versions.

    Repeats: the slot's current version, if nothing of these changed; otherwise the next one.
    """
    ledger, contract = turn.workspace.ledger, turn.product.contract
    corrections = [found.object_id for found in ledger.objects(turn.slot) if found.corrects]
    turn.batch = ledger.open_batch(
        turn.slot,
        object_ids=(landed.object_id, *corrections),
        contract_version=contract.version,
        refine_sha256=turn.product.refine_sha256,
        references=tuple(references),
        epoch=turn.lease.epoch,
    )
    _file(turn, turn.batch)
    return turn.batch


def _file(turn: Turn, batch: Batch) -> None:
    """Remember, now that the batch is known, the steps that finished before."""
    for done in turn.unfiled:
        if turn.workspace.ledger.remembered(batch.id, done.verb, type(done.value)) is None:
            turn.worked = True
            turn.workspace.ledger.remember(
                batch.id,
                done.verb,
                done.value,
                state=STATES.get(done.verb),
                rows=getattr(done.value, "rows", None),
                seconds=done.seconds,
                peak_mib=done.peak_mib,
                epoch=turn.lease.epoch,
                events=(),
            )
    turn.unfiled.clear()


def current(turn: Turn) -> Batch:
    """Give the slot's newest version, which another run opened, as the one that this turn is at."""
    row = turn.workspace.ledger.current(turn.slot)
    if row is None:
        raise RetryLater(f"nothing of {turn.slot.id} has come yet", next_command="conductor status")
    turn.batch = row.batch
    return row.batch
