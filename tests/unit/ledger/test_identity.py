from __future__ import annotations

from datetime import date

from conductor.ledger.identity import inputs_digest, returning_id
from conductor.values import Reference, Slot

SLOT = Slot(dataset="finance/receipts", day=date(2025, 2, 28))
RATES = Reference(dataset="finance/rates", batch="r1", table_version=4)
SHOPS = Reference(dataset="sales/shops", batch="s1", table_version=9)


def test_the_order_of_references_does_not_make_another_batch() -> None:
    one = inputs_digest(SLOT, ["a"], "1", "sql", [RATES, SHOPS])
    assert inputs_digest(SLOT, ["a"], "1", "sql", [SHOPS, RATES]) == one


def test_every_input_counts_and_none_runs_into_its_neighbour() -> None:
    variants = [
        inputs_digest(SLOT, ["a", "b"], "1", "sql", []),
        inputs_digest(SLOT, ["b", "a"], "1", "sql", []),
        inputs_digest(SLOT, ["ab"], "1", "sql", []),
        inputs_digest(SLOT, ["a", "b", "1"], "", "sql", []),
        inputs_digest(SLOT, ["a", "b"], "2", "sql", []),
        inputs_digest(SLOT, ["a", "b"], "1", "SQL", []),
        inputs_digest(SLOT, ["a", "b"], "1", "sql", [RATES]),
        inputs_digest(SLOT, ["a", "b"], "1", "sql", [RATES.model_copy(update={"table_version": 5})]),
        inputs_digest(SLOT.model_copy(update={"part": "store-1"}), ["a", "b"], "1", "sql", []),
    ]
    assert len(set(variants)) == len(variants)


def test_inputs_that_return_get_an_id_for_each_version() -> None:
    inputs = inputs_digest(SLOT, ["a"], "1", "sql", [])
    assert len({inputs, returning_id(inputs, 3), returning_id(inputs, 5)}) == 3
