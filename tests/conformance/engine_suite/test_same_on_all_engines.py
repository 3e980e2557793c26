"""On the same generated records all engines give the same rows to the last cent; nothing gets lost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import Engine

from .agreement import agreed
from .duckdb_engine import DuckDbEngine
from .jobs import Row, sale, tax
from .spark_here import on_spark, spark

BOTH: list[Engine] = [PolarsEngine(), DuckDbEngine()]
AMOUNTS = (
    *(
        "0",
        "-0",
        "0.01",
        "-0.01",
        "0.005",
        "12.345",
        "1e2",
        "+1",
        " 1",
        "1 ",
        "",
        "  ",
        ".5",
        "5.",
        "1,000.00",
        "٣",
    ),
    *(
        "90071992547409.93",
        "-90071992547409.93",
        "1000000000000000",
        "-1000000000000000.01",
        "9999999999999999.99",
    ),
    *("10000000000000000", "0000000000000001.10", "NaN", "Infinity", "0x10", "1_000", "7\n", "337.5"),
)
TEXTS = (
    None,
    "",
    " ",
    "\t",
    "\u00a0",
    "ß",
    "İ",
    "日本語",
    "a\x00b",
    "🧾" * 22,
    "x" * 21,
    "x" * 22,
    "'",
    '"',
    ";",
    "a;b",
    "\x1f",
)
DATES = (
    "2026-11-20",
    "2026-11-20",
    "2026-11-20",
    "2026-11-2",
    "2026-11-31",
    "2024-02-29",
    "2100-02-29",
    "20.11.2026",
    "",
)
TIMES = (
    *(
        "2026-11-20T13:45:06-08:00",
        "2026-11-20T13:45:06Z",
        "2026-11-20T23:59:59.999999+14:00",
        "2026-11-20T00:00:00-00:00",
    ),
    *(
        "2026-11-20T13:45:06",
        "2026-11-20 13:45:06Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T13:45:60Z",
        "epoch",
        None,
    ),
)


@pytest.mark.parametrize("seed", range(4))
def test_edge_values_are_judged_alike(tmp_path: Path, seed: int):
    rng = Random(seed)
    objects = [[_odd(rng, line) for line in range(1, 400)] for _ in range(2)]
    agreed(tmp_path, BOTH, *objects)


@on_spark
def test_spark_judges_edge_values_as_they_do(tmp_path: Path):
    rng = Random(100)
    objects = [[_odd(rng, line) for line in range(1, 1500)] for _ in range(2)]
    agreed(tmp_path, [*BOTH, spark()], *objects)


def test_a_usual_day_with_a_few_flaws_comes_out_alike(tmp_path: Path):
    _a_usual_day(tmp_path, BOTH, Random(11))


@on_spark
def test_a_usual_day_comes_out_alike_on_spark(tmp_path: Path):
    _a_usual_day(tmp_path, [*BOTH, spark()], Random(12))


def _a_usual_day(folder: Path, engines: list[Engine], rng: Random) -> None:
    rows = [_usual(rng, line) for line in range(1, 20_000)]
    again = [
        row | {"SyncToken": str(rng.randrange(3)), "_line": str(n)}
        for n, row in enumerate(rng.choices(rows, k=400), start=20_000)
    ]
    counts = agreed(folder, engines, rows + again).outcome.counts
    assert counts.records == 19_999 + 400
    assert counts.duplicates > 300
    assert 50 < counts.rejected < 400


def _odd(rng: Random, line: int) -> Row:
    return sale(
        str(line),
        rng.choice(AMOUNTS),
        Line__Id=str(rng.randrange(300)),
        DocNumber=rng.choice(TEXTS),
        CustomerRef__name=rng.choice(TEXTS),
        PrivateNote=rng.choice([*TEXTS, "Voided", "Voided\nagain", "voided"]),
        TxnDate=rng.choice(DATES),
        MetaData__LastUpdatedTime=rng.choice(TIMES),
        SyncToken=rng.choice(["0", "1", "10", "9", "-1", "1.0", "x"]),
        CurrencyRef__value=rng.choice(["USD", "EUR", "GBP", "XXX", "usd", None]),
        Line__SalesItemLineDetail__Qty=rng.choice([None, "1", "-1", "0.333333", "2.5", "1.0000001"]),
        Line__SalesItemLineDetail__UnitPrice=rng.choice([None, "0.01", "12.5", "337.5", "-0.000001"]),
        Line__SalesItemLineDetail__ItemRef__value=rng.choice(["1", "2", "3", "9999", None]),
        Line__DetailType=rng.choice(
            [
                "SalesItemLineDetail",
                "SalesItemLineDetail",
                "DiscountLineDetail",
                "DescriptionOnly",
                "GroupLineDetail",
            ]
        ),
    )


def _usual(rng: Random, line: int) -> Row:
    """Give a good line, or in one of a hundred cases a bad one."""
    currency = rng.choice(["USD", "EUR", "GBP"])
    cents = rng.choice(
        [rng.randrange(1, 100_000), rng.randrange(1, 100_000), rng.randrange(2**53, 2**53 + 10**6)]
    )
    amount = str(Decimal(cents).scaleb(-2))
    row = sale(
        str(line),
        amount,
        CurrencyRef__value=currency,
        CustomerRef__name=rng.choice(["Zoë", "東京", "Ælfgifu"]),
    )
    if rng.randrange(5) == 0:
        row = tax(str(line), "8.50", "8.5", "100.00") | {"CurrencyRef.value": currency}
    if rng.randrange(100) == 0:
        row |= rng.choice(
            [{"Line.Amount": "12.345"}, {"CurrencyRef.value": "XXX"}, {"SyncToken": None}, {"Line.Id": ""}]
        )
    return row
