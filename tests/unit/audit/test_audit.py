"""A carried and corrected day audits clean; each thing broken in it is found under the invariants that it breaks, and no other.

What follows from reasoning: two batches of receipts, one of rates, one of the catalogue; their raw objects are the day's
receipts, the correction, the rates and the catalogue; each version of the receipts is announced once. A row that the lake
or the warehouse holds differently is never the row of a rebuild, so I8 goes with I2 and I3 there.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from conductor import zones
from conductor.audit import Invariant, Scope
from conductor.errors import FixTheConfiguration

from .conftest import RATES, SLOT, Home

AMOUNT = r"^-?[0-9]{1,16}([.][0-9]{1,2})?$"
RECEIPTS = "finance.sales_receipts"


def first(rows: pl.DataFrame, wanted: pl.Expr) -> pl.Expr:
    """Name the first row for which something holds."""
    place = rows.select(pl.arg_where(wanted)).to_series()[0]
    return pl.int_range(pl.len()) == place


def without_first(wanted: pl.Expr, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(~first(rows, wanted))


def a_cent_more(rows: pl.DataFrame) -> pl.DataFrame:
    more = pl.col("amount") + pl.lit(Decimal("0.01"), pl.Decimal(18, 2))
    changed = pl.when(first(rows, pl.col("amount") > 0)).then(more).otherwise(pl.col("amount"))
    return rows.with_columns(changed.cast(rows.schema["amount"]).alias("amount"))


def set_aside(home: Home, batch: str) -> Path:
    return home.path / "store" / zones.quarantined(SLOT.dataset, batch)


def test_a_carried_and_corrected_day_is_clean_and_everything_was_looked_at(home: Home) -> None:
    report = home.audit()
    assert report.findings == ()
    assert (
        {check.invariant.value: check.checked for check in report.checks}
        == {
            "I1": 4,
            "I2": 4,
            "I3": 3,  # both versions against raw, the current one against the warehouse; rates and items have no amounts
            "I4": 4,
            "I5": 2,
            "I6": 4,
            "I7": 3,
            "I8": 3,
        }
    )
    [note] = report.unchecked
    assert (note.invariant, note.slot) == (Invariant.I3, SLOT.id)
    assert "no accounting API is set" in note.sentence


def test_an_audit_changes_nothing(home: Home) -> None:
    def everything() -> dict[str, bytes]:
        kept = (*home.path.glob("store/**/*"), *home.path.glob("backup/**/*"), home.path / "ledger.sqlite")
        return {str(path): path.read_bytes() for path in kept if path.is_file()}

    before = everything()
    home.audit()
    assert everything() == before
    assert list((home.path / "scratch").iterdir()) == []


def test_one_dataset_one_day_and_one_invariant_can_be_asked_for(home: Home) -> None:
    report = home.audit(Scope(RATES.dataset, RATES.day, (Invariant.I6,)))
    assert [(check.invariant, check.checked) for check in report.checks] == [(Invariant.I6, 1)]
    assert [check.checked for check in home.audit(Scope(day=date(2026, 11, 19))).checks] == [0] * 8


def test_an_unknown_dataset_is_refused(home: Home) -> None:
    with pytest.raises(FixTheConfiguration, match="finance/nothing"):
        home.audit(Scope(dataset="finance/nothing"))


def test_a_flipped_byte_of_an_original_is_found(home: Home) -> None:
    page = home.file("store/raw/finance/fx_rates/*/*/original/*.json")
    data = bytearray(page.read_bytes())
    data[100] ^= 1
    page.write_bytes(data)
    [finding] = home.audit().findings
    assert (finding.invariant, finding.slot) == (Invariant.I6, RATES.id)
    assert finding.object_id == page.parent.parent.name
    assert finding.next_command == "conductor reconcile"


def test_a_file_missing_in_the_second_place_is_found(home: Home) -> None:
    home.file("backup/raw/finance/fx_rates/*/*/records.parquet").unlink()
    [finding] = home.audit().findings
    assert (finding.invariant, finding.slot) == (Invariant.I6, RATES.id)
    assert finding.next_command == "conductor reconcile"


def test_damaged_records_are_found_and_all_else_is_checked_from_the_second_place(home: Home) -> None:
    home.file("store/raw/finance/sales_receipts/*/*/records.parquet").write_bytes(b"PAR1")
    assert home.broken() == {"I6"}


def test_a_manifest_that_says_something_else_is_found(home: Home) -> None:
    manifest = home.file("store/raw/finance/fx_rates/*/*/manifest.json")
    told = manifest.read_text()
    manifest.write_text(told.replace('"rows": 2', '"rows": 3'))
    assert manifest.read_text() != told
    assert home.broken() == {"I6"}


def test_a_row_that_left_the_quarantine_is_missed_though_its_amount_was_none(home: Home) -> None:
    without_amount = ~pl.col("Line.Amount").str.contains(AMOUNT)
    home.rewrite(set_aside(home, home.first), lambda rows: without_first(without_amount, rows))
    [finding] = home.audit().findings
    assert (finding.invariant, finding.batch) == (Invariant.I1, home.first)
    assert finding.next_command == f"conductor explain {home.first}"


def test_money_that_left_the_quarantine_is_missed(home: Home) -> None:
    with_amount = pl.col("Line.Amount").str.contains(AMOUNT)
    home.rewrite(set_aside(home, home.second), lambda rows: without_first(with_amount, rows))
    assert home.broken() == {"I1", "I3"}


def test_a_quarantine_file_that_is_gone_is_missed(home: Home) -> None:
    set_aside(home, home.second).unlink()
    assert home.broken() == {"I1", "I3"}


def test_a_row_that_left_the_lake_is_missed(home: Home) -> None:
    home.rewrite(home.current_file(), lambda rows: without_first(pl.col("amount") > 0, rows))
    # The warehouse then has a row more than the lake has keys, which I2 takes for one that is there twice.
    assert home.broken() == {"I1", "I2", "I3", "I8"}


def test_a_row_twice_in_the_lake_is_found(home: Home) -> None:
    home.rewrite(
        home.current_file(), lambda rows: pl.concat([rows, rows.filter(first(rows, pl.col("amount") > 0))])
    )
    assert home.broken() == {"I1", "I2", "I3", "I8"}


def test_a_cent_in_the_lake_is_found(home: Home) -> None:
    home.rewrite(home.current_file(), a_cent_more)
    assert home.broken() == {"I3", "I8"}


def test_files_of_the_current_version_that_are_gone_are_missed(home: Home) -> None:
    home.current_file().unlink()
    assert home.broken() == {"I1", "I2", "I3", "I8"}


def test_a_file_of_the_lake_that_cannot_be_read_is_found(home: Home) -> None:
    home.current_file().write_bytes(b"PAR1")
    assert home.broken() == {"I1", "I2", "I3", "I8"}


def test_a_cent_in_the_warehouse_is_found(home: Home) -> None:
    home.in_warehouse(
        f"UPDATE {RECEIPTS} SET amount = amount + 0.01 WHERE rowid = (SELECT min(rowid) FROM {RECEIPTS})"
    )
    assert home.broken() == {"I3", "I8"}


def test_a_name_changed_in_the_warehouse_is_found(home: Home) -> None:
    home.in_warehouse(
        f"UPDATE {RECEIPTS} SET customer_name = 'x' WHERE rowid = (SELECT min(rowid) FROM {RECEIPTS})"
    )
    assert home.broken() == {"I8"}


def test_a_row_twice_in_the_warehouse_is_found_also_by_those_who_query(home: Home) -> None:
    home.in_warehouse(f"INSERT INTO {RECEIPTS} SELECT * FROM {RECEIPTS} WHERE amount > 0 LIMIT 1")
    assert home.broken() == {"I2", "I3", "I8"}
    home.evidence().warehouse.swap_read_copy()
    twice = home.audit(Scope(invariants=(Invariant.I2,))).findings
    assert any("people who query" in finding.sentence for finding in twice)


def test_a_second_announcement_is_found(home: Home) -> None:
    home.in_ledger(
        "INSERT INTO events (id, type, subject, batch, version, time, data) "
        "SELECT 'again', type, subject, batch, version, time, data FROM events WHERE type = :type AND batch = :batch",
        type="conductor.data.ready",
        batch=home.second,
    )
    [finding] = home.audit().findings
    assert (finding.invariant, finding.batch) == (Invariant.I5, home.second)


def test_an_effect_that_happened_twice_is_found(home: Home) -> None:
    home.in_ledger("UPDATE events SET version = 2 WHERE type = 'conductor.data.ready'")
    sentences = [finding.sentence for finding in home.audit(Scope(invariants=(Invariant.I5,))).findings]
    assert any("revenue-dashboard acted 2 times on version 2" in sentence for sentence in sentences)


def test_an_announcement_before_built_is_found(home: Home) -> None:
    home.in_ledger(
        "UPDATE events SET type = 'conductor.data.ready' WHERE subject = :slot", slot=RATES.id
    )  # rates are published and never built
    [finding] = home.audit().findings
    assert (finding.invariant, finding.slot) == (Invariant.I5, RATES.id)


def test_a_built_version_that_was_never_announced_is_found(home: Home) -> None:
    home.in_ledger("DELETE FROM deliveries")
    home.in_ledger(
        "DELETE FROM events WHERE type = 'conductor.data.ready' AND batch = :batch", batch=home.first
    )
    [finding] = home.audit().findings
    assert (finding.invariant, finding.batch) == (Invariant.I5, home.first)


def test_a_lease_below_what_was_written_under_it_is_found(home: Home) -> None:
    home.in_ledger("UPDATE leases SET epoch = epoch - 1 WHERE name = :slot", slot=RATES.id)
    assert home.broken() == {"I7"}


def test_a_version_written_under_an_older_epoch_than_the_one_before_is_found(home: Home) -> None:
    home.in_ledger("UPDATE steps SET epoch = 2 WHERE batch = :batch AND step = 'load'", batch=home.first)
    home.in_ledger("UPDATE batches SET epoch = 1 WHERE id = :batch", batch=home.second)
    assert home.broken() == {"I7"}


def test_a_fence_below_what_was_loaded_is_found(home: Home) -> None:
    home.in_warehouse("UPDATE conductor.fence SET epoch = epoch - 1")
    home.evidence().warehouse.swap_read_copy()
    assert home.broken() == {"I7"}


def test_a_batch_that_stopped_is_found_unless_a_run_is_at_work(home: Home) -> None:
    home.in_ledger("UPDATE batches SET reached = 'posted' WHERE id = :batch", batch=home.second)
    findings = home.audit().findings
    assert {finding.invariant for finding in findings} == {Invariant.I4}
    assert len(findings) == 2  # the day's receipts and the correction; both are in version 1's successor
    assert {finding.batch for finding in findings} == {home.second}
    home.ledger().acquire(SLOT.id, "somebody", timedelta(hours=1), lambda _: True)
    report = home.audit()
    assert report.clean
    assert {note.invariant for note in report.unchecked if note.slot == SLOT.id} == set(Invariant) - {
        Invariant.I6
    }


def test_files_of_an_older_version_may_be_swept(home: Home) -> None:
    assert home.table().sweep(timedelta(0), dry_run=False)
    report = home.audit()
    assert report.clean
    assert {note.invariant for note in report.unchecked} == {Invariant.I1, Invariant.I2, Invariant.I3}
