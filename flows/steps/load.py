"""Bring the batch into the warehouse."""

from __future__ import annotations

from conductor.values import Loaded, Published, State
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Loaded, state=State.LOADED)
def load(turn: Turn, published: Published) -> Loaded:
    """Stage the batch's rows and merge them, with the fence and the load's ledger row, in one transaction.

    Repeats: the load's ledger row is found, and nothing is written.
    """
    workspace, contract = turn.workspace, turn.product.contract
    data = workspace.table(contract).read(published.batch.slot)
    workspace.ledger.ensure(turn.lease)
    return workspace.warehouse.load(contract, published.batch, turn.lease.epoch, data, workspace.now())
