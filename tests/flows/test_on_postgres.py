"""A night as pods carry it: ledger, warehouse and tokens in PostgreSQL, stores on S3, and a home that is gone with each pod."""

from __future__ import annotations

import shutil
from datetime import date

from pipeline.end_state import end_state
from pipeline.fixtures import NewSite
from pipeline.site import Site

DAY = date(2026, 3, 2)


def lose_the_disk(site: Site) -> None:
    shutil.rmtree(site.home)


def test_a_night_without_a_disk_ends_as_on_one_machine(new_site: NewSite, new_cluster_site: NewSite) -> None:
    here, there = new_site("here"), new_cluster_site("there")
    for site in (here, there):
        site.run(DAY).well()
    lose_the_disk(there)
    assert end_state(there).differences(end_state(here)) == []
    assert there.audited() == []
    lose_the_disk(there)
    again = there.run(DAY).well()
    assert again.worked(f"finance/sales_receipts/{DAY}") == ("extract", "land", "back_up", "version")
    assert end_state(there).differences(end_state(here)) == []


def test_nothing_secret_lies_in_home_or_database(new_cluster_site: NewSite) -> None:
    site = new_cluster_site()
    site.run(DAY).well()
    workspace = site.workspace()
    try:
        tokens = workspace.tokens.read("quickbooks-9130350000000001")
        sealed = workspace.ledger.sealed("quickbooks-9130350000000001")
    finally:
        workspace.close()
    assert tokens is not None
    assert sealed is not None
    secrets = {
        tokens.access.get_secret_value(),
        tokens.refresh.get_secret_value(),
        site.variables["CONDUCTOR_TOKEN_KEY"],
        site.variables["CONDUCTOR_WAREHOUSE_URL"].split(":")[2].split("@")[0],
    }
    assert "" not in secrets
    files = [path.read_bytes() for path in site.home.rglob("*") if path.is_file()]
    assert files
    assert not [secret for secret in secrets if any(secret.encode() in data for data in files)]
    assert not [secret for secret in secrets if secret in sealed]
    assert not (site.home / "secrets").exists()
