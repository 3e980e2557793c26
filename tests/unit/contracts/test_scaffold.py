from __future__ import annotations

from pathlib import Path

import pytest

from conductor.contracts.examine import examine
from conductor.contracts.load import load, survey
from conductor.contracts.model import Control, Kind
from conductor.contracts.scaffold import scaffold
from conductor.errors import FixTheConfiguration


def test_a_new_product_is_sound_at_once(tmp_path: Path):
    files = scaffold("sales/returns", tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        "sales/returns/contract.odcs.yaml",
        "sales/returns/refine.sql",
    ]
    (reading,) = survey([tmp_path])
    assert examine(reading, [reading]).faults == ()


def test_a_new_product_has_a_key_a_day_money_and_two_rules(tmp_path: Path):
    scaffold("sales/late_returns", tmp_path)
    contract = load(tmp_path / "sales/late_returns").contract
    assert contract.dataset == "sales/late_returns"
    assert len(contract.key) == 1
    assert contract.day == "business_date"
    assert contract.control == Control("currency", "amount")
    assert len(contract.rules) == 2
    amount = next(column for column in contract.columns if column.name == "amount")
    assert (amount.kind, amount.scale) == (Kind.DECIMAL, 2)


def test_what_is_there_is_never_touched(tmp_path: Path):
    contract, _ = scaffold("sales/returns", tmp_path)
    contract.write_text("mine")
    with pytest.raises(FixTheConfiguration, match="is there already, and nothing in it was changed"):
        scaffold("sales/returns", tmp_path)
    assert contract.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["returns", "Sales/returns", "sales/returns/x", "../returns", "sales/re turns", "/sales/returns"]
)
def test_what_is_no_name_of_a_product_is_refused(tmp_path: Path, name: str):
    with pytest.raises(FixTheConfiguration, match="is not a product"):
        scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
