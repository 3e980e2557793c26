"""Personal values planted in every column of a file come to no reason, log, notice, artifact, page, ledger or Prefect database.

Neither do they when a step is ended by an error of a library that quotes a row, whether somebody foresaw it or not.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from books import newest
from pipeline.runs import Errand, carry
from pipeline.site import Ended, Site
from servers.prefect import PrefectServer
from test_personal_values import databases, dumped, told_in
from typed import typed

import conductor.tables.curated
from conductor.errors import RetryLater
from conductor.values import Slot

DATASET = "sales/customers"
DAY = date(2026, 3, 2)
SLOT = Slot(dataset=DATASET, day=DAY)
GOOD = {
    "customer_id": "000001",
    "name": "Canary Goodname",
    "email": "canary.good@example.org",
    "phone": "+44 canary 1",
    "country": "GB",
    "since": "2020-01-01",
    "yearly_spend": "12.00",
    "currency": "GBP",
    "active": "true",
    "updated_at": "2026-03-01T10:00:00Z",
}
CANARY = "canary"
CURRENCY = f"Canary currency {'x' * 300}"


def planted() -> list[dict[str, str]]:
    """Give good rows, and one row per column that has a person's name there, and all else as it should be."""
    rows = [GOOD | {"customer_id": f"{n:06}"} for n in range(30)]
    rows += [
        GOOD | {"customer_id": f"{100 + n:06}", column: f"Canary {column} {'x' * 300}"}
        for n, column in enumerate(GOOD)
    ]
    return rows


def written(file: Path) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, list(GOOD))
        out.writeheader()
        out.writerows(planted())
        stream.write("000999,Canary Cutshort\n")
    return file


def everywhere(here: Site, prefect: PrefectServer) -> dict[str, str]:
    """Give all that is told of the runs: each file that is not data, and what the databases hold."""
    found = {str(path): path.read_bytes().decode(errors="replace") for path in told_in(here)}
    return found | {str(path): dumped(path) for path in databases(here, prefect)}


def leaks(told: dict[str, str]) -> list[tuple[str, str]]:
    """Give where a planted value is told, with what stands around it.

    Left out are the name of this test, and in the ledger the currency, which is the name of a control total.
    """
    found: list[tuple[str, str]] = []
    for place, text in told.items():
        text = text.lower().replace("test_canary", "")
        if place.endswith("ledger.sqlite"):
            text = text.replace(CURRENCY.lower(), "")
        if (at := text.find(CANARY)) >= 0:
            found.append((place, text[max(0, at - 80) : at + 80]))
    return found


def test_values_planted_in_every_column_stay_in_the_data(
    new_site: Callable[..., Site], tmp_path: Path, prefect_server: PrefectServer
) -> None:
    here, file = new_site(), written(tmp_path / "masterfile.csv")
    here.run(DAY, dropped={"product": DATASET, "file": str(file)}).well()
    batch = newest(here, SLOT)
    shown = typed(here, "quarantine", "show", batch)
    assert "BAD_CUSTOMER_ID" in shown.stdout
    assert "WRONG_FIELD_COUNT" in shown.stdout
    told = everywhere(here, prefect_server) | {"explain": typed(here, "explain", batch).stdout}
    assert leaks(told) == []
    assert any(
        CANARY in path.read_bytes().decode(errors="replace").lower() for path in here.home.rglob("original/*")
    )


def broken(kind: type[Exception], cause: bool, errand: Errand) -> None:
    """Carry an errand in a process in which publishing ends with a library's error that quotes a row."""

    def publish(*_: object, **__: object) -> None:
        quoting = ValueError(f"could not convert {GOOD!r}")
        if cause:
            raise kind("the store did not answer") from quoting
        raise quoting

    with patch.object(conductor.tables.curated.CuratedTable, "publish", publish):
        carry(errand)


@pytest.mark.parametrize(
    ("cause", "told"), [(False, "something unforeseen went wrong, a ValueError"), (True, "did not answer")]
)
def test_a_librarys_error_that_quotes_a_row_is_told_without_its_words(
    new_site: Callable[..., Site], tmp_path: Path, prefect_server: PrefectServer, cause: bool, told: str
) -> None:
    here, file = new_site(), written(tmp_path / "masterfile.csv")
    with patch("pipeline.site.carry", partial(broken, RetryLater, cause)):
        ended: Ended = here.run(DAY, dropped={"product": DATASET, "file": str(file)}, step_retries=0)
    assert ended.code == 1
    assert told in ended.error.sentence
    found = everywhere(here, prefect_server)
    assert any(told in text for place, text in found.items() if place.endswith("prefect.db"))
    assert any("ValueError at test_canary.py" in text for text in found.values())
    assert leaks(found) == []
