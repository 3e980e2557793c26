"""A dropped file comes to the warehouse, its bad rows set aside and brought home once; what can't be trusted is refused whole."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from books import newest
from pipeline.end_state import end_state
from pipeline.fixtures import NewSite
from pipeline.runs import At
from pipeline.site import Site
from typed import answered, typed

from conductor import zones
from conductor.quality import quarantine
from conductor.values import Refined, Slot, State
from conductor.warehouses.rowhash import hash_rows

DATASET = "sales/daily_sales"
DAY = date(2026, 3, 2)
SLOT = Slot(dataset=DATASET, day=DAY)
HEADER = (
    *("store", "receipt", "line", "business_date", "sku", "description", "quantity", "unit_price", "amount"),
    *("currency", "payment", "recorded_at"),
)
Row = dict[str, str]
BAD: dict[str, tuple[tuple[str, str], ...]] = {
    "MISSING_SKU": (("sku", ""), ("sku", " ")),
    "BAD_QUANTITY": (("quantity", "ten"), ("quantity", "1.0001")),
    "BAD_UNIT_PRICE": (("unit_price", "9.99.9"), ("unit_price", "1e3")),
    "OUT_OF_RANGE_UNIT_PRICE": (("unit_price", "-1.00"), ("unit_price", "-0.0001")),
    "BAD_STORE_ID": (("store", "12A4"), ("store", "7")),
    "NOT_ALLOWED_PAYMENT": (("payment", "cheque"), ("payment", "Cash")),
    "OTHER_DAY": (("business_date", "2026-03-01"), ("business_date", "2026-02-28")),
    "BAD_CURRENCY": (("currency", "usd"),),
}
"""Reasons, and the values that call for them; with two lines of too few fields, 17 bad rows in 9 ways."""
CUT_SHORT = 2


def good_rows(count: int) -> list[Row]:
    """Give rows that keep the contract, each with a receipt of its own."""
    chance = random.Random(20260302)
    rows: list[Row] = []
    for number in range(count):
        quantity, cents = chance.randint(1, 9), chance.randint(1, 99_999)
        price, amount = Decimal(cents) / 100, Decimal(cents * quantity) / 100
        values = (
            *(f"{chance.randint(1, 50):04}", f"R{number:06}", "1", DAY.isoformat(), f"{number % 700:06}"),
            *("Tea, green", str(quantity), f"{price:.2f}", f"{amount:.2f}", "USD"),
            *(chance.choice(("cash", "card", "voucher")), f"{DAY.isoformat()}T10:15:00+01:00"),
        )
        rows.append(dict(zip(HEADER, values, strict=True)))
    return rows


def written(path: Path, rows: list[Row], *, cut: dict[int, str] | None = None) -> Path:
    """Write rows as the tills do; of the rows in `cut` the field of that name and all after it are missing."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(HEADER)
        for number, row in enumerate(rows):
            until = HEADER.index((cut or {})[number]) if number in (cut or {}) else len(HEADER)
            out.writerow([row[name] for name in HEADER[:until]])
    return path


def dropped(file: Path) -> dict[str, str]:
    return {"product": DATASET, "file": str(file)}


def in_warehouse(here: Site) -> Counter[tuple[str, Decimal]]:
    workspace = here.workspace()
    try:
        contract = workspace.product(DATASET).contract
        batches = list(workspace.table(contract).read(SLOT))
        assert workspace.warehouse.row_hashes(contract) == hash_rows(contract, batches)
    finally:
        workspace.close()
    return Counter((row["receipt_no"], row["amount"]) for batch in batches for row in batch.to_pylist())


def refined(here: Site, batch: str) -> Refined:
    workspace = here.workspace()
    try:
        found = workspace.ledger.remembered(batch, "refine", Refined)
    finally:
        workspace.close()
    assert found is not None
    return found


def amounts(rows: list[Row]) -> Counter[tuple[str, Decimal]]:
    return Counter((row["receipt"], Decimal(row["amount"])) for row in rows)


def spoilt(rows: list[Row]) -> tuple[list[Row], set[int], dict[int, str]]:
    """Spoil 17 rows; give the rows, the places of the bad ones, and which of them are cut short."""
    places = random.Random(17).sample(range(len(rows)), 17)
    left, given = list(places), [dict(row) for row in rows]
    for name, value in (change for changes in BAD.values() for change in changes):
        given[left.pop()][name] = value
    return given, set(places), dict.fromkeys(left, "currency")


def test_of_a_thousand_rows_seventeen_bad_ones_are_set_aside_and_come_home_once(
    any_site: NewSite, tmp_path: Path
) -> None:
    here, rows = any_site(), good_rows(1000)
    given, places, cut = spoilt(rows)
    assert len(cut) == CUT_SHORT
    here.run(DAY, dropped=dropped(written(tmp_path / "sales.csv", given, cut=cut))).well()

    first = newest(here, SLOT)
    found = refined(here, first)
    wanted = {code: len(changes) for code, changes in BAD.items()} | {"WRONG_FIELD_COUNT": CUT_SHORT}
    assert (found.counts.records, found.counts.accepted, found.counts.rejected) == (1000, 983, 17)
    assert dict(found.reasons) == wanted
    assert in_warehouse(here) == amounts([row for n, row in enumerate(rows) if n not in places])
    assert here.audited() == []

    correction = mended(exported(here, found, tmp_path / "rejected.csv"), tmp_path / "mended.csv", rows)
    replay = {"batch": first, "file": str(correction), "by": "Ada", "reason": "the till's mistake"}
    here.run(replay=replay).well()

    assert in_warehouse(here) == amounts(rows)
    assert refined(here, newest(here, SLOT)).rejected is None
    assert here.audited() == []
    before = end_state(here)
    here.run(replay=replay).well()
    assert end_state(here).differences(before) == []


def exported(here: Site, found: Refined, to: Path) -> Path:
    """Write the rejected rows as `conductor quarantine export` does."""
    assert found.rejected is not None
    workspace = here.workspace()
    try:
        quarantine.export(quarantine.rows(workspace.lake, found.rejected.key), to)
    finally:
        workspace.close()
    return to


def mended(exported: Path, to: Path, rows: list[Row]) -> Path:
    """Set every field of the exported rows as it should have been; a row's line in the file says which it is."""
    with exported.open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert len(found) == 17
    for row in found:
        row |= rows[int(row["_line"]) - 2]
    with to.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, list(found[0]))
        out.writeheader()
        out.writerows(found)
    return to


def test_the_same_content_again_changes_nothing_and_other_content_is_the_next_version(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    here, rows = new_site(), good_rows(50)
    here.run(DAY, dropped=dropped(written(tmp_path / "sales.csv", rows))).well()
    before = end_state(here)

    packed = tmp_path / "again.csv.gz"
    packed.write_bytes(gzip.compress((tmp_path / "sales.csv").read_bytes()))
    here.run(DAY, dropped=dropped(packed)).well()
    assert end_state(here).differences(before) == []

    fewer = [row | {"amount": "0.05"} if n == 7 else row for n, row in enumerate(rows) if n != 3]
    here.run(DAY, dropped=dropped(written(tmp_path / "restated.csv", fewer))).well()
    assert in_warehouse(here) == amounts(fewer)
    assert here.audited() == []


def test_a_file_that_cannot_be_trusted_is_kept_with_a_diagnosis_and_loads_nothing(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    here = new_site()
    file = written(tmp_path / "sales.csv", good_rows(20))
    file.write_bytes(file.read_bytes()[:-30] + b'"')
    ended = here.run(DAY, dropped=dropped(file))

    assert ended.code == 1
    assert ended.error is not None
    assert ended.error.error == "FixTheData"
    workspace = here.workspace()
    try:
        keys = [stat.key for stat in workspace.lake.list(zones.key(zones.Zone.ERRORS))]
        kept = {key.rsplit("/", 1)[1]: workspace.lake.read(key) for key in keys}
        assert list(workspace.raw.list(zones.key(zones.Zone.RAW, "sales", "daily_sales"))) == []
        assert workspace.ledger.current(SLOT) is None
    finally:
        workspace.close()
    assert kept["file"] == file.read_bytes()
    told = json.loads(kept["diagnosis.json"])
    assert (told["code"], told["file"]) == ("UNBALANCED_QUOTE", "sales.csv")


@pytest.mark.sample(lambda case: case["step"] in {"version", "load"})
@pytest.mark.parametrize("step", ["land", "version", "refine", "publish", "load", "build", "archive"])
def test_a_run_killed_on_its_way_is_finished_by_the_same_words(
    new_site: Callable[..., Site], tmp_path: Path, step: str
) -> None:
    here, rows = new_site(), good_rows(30)
    file = dropped(written(tmp_path / "sales.csv", rows))
    assert here.run(DAY, dropped=file, kill=At(DATASET, step, "done")).code == -9
    here.run(DAY, dropped=file).well()
    assert in_warehouse(here) == amounts(rows)
    assert here.audited() == []


def test_a_person_types_it(new_site: Callable[..., Site], tmp_path: Path) -> None:
    here, rows = new_site(), good_rows(12)
    file = written(tmp_path / "sales.csv", [*rows[:11], rows[11] | {"currency": "usd"}])
    words = ("run", "dropped-file", "--product", DATASET, "--file", str(file), "--day", DAY.isoformat())
    [told] = answered(here, *words)
    assert (told["slot"], told["state"], told["worked"]) == (SLOT.id, State.ARCHIVED, True)
    assert [again["worked"] for again in answered(here, *words)] == [False]

    assert typed(here, "run", "dropped-file", "--product", DATASET).returncode == 2
    assert typed(here, "run", "nightly-financials", "--file", str(file)).returncode == 2
    missing = typed(here, *words[:5], str(tmp_path / "none.csv"), "--day", DAY.isoformat())
    assert missing.returncode == 1
    assert "there is no file" in missing.stderr
    assert here.workspace().ledger.slots(DATASET) == (SLOT,)
    assert (DAY - timedelta(days=1)) not in here.workspace().ledger.known_days(DATASET)
