import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from conductor.chart import BOTTOM, HEIGHT, TOP, columns
from conductor.dashboard import DailyRevenue, Freshness, build
from conductor.errors import FixTheConfiguration

D = Decimal
LAST = date(2026, 11, 24)
NOW = datetime(2026, 11, 25, 6, 43, tzinfo=UTC)
FRESHNESS = Freshness(
    dataset="finance/sales_receipts",
    as_of=datetime(2026, 11, 25, 3, 12, tzinfo=UTC),
    version=2,
    batch="8c1f0e6d",
    rows=1612,
    rejected=3,
    home_currency="GBP",
    data_docs="docs/gate/8c1f0e6d/index.html",
)


def row(
    day: date, currency: str, gross: str, home: str, receipts: int = 1, tax: str = "0.00"
) -> DailyRevenue:
    return DailyRevenue(day, currency, receipts, receipts * 2, D(gross) - D(tax), D(tax), D(gross), D(home))


ROWS = [
    row(LAST, "GBP", "1200.00", "1200.00", receipts=1000, tax="200.00"),
    row(LAST, "EUR", "60.01", "50.10", receipts=3, tax="10.00"),
    row(LAST - timedelta(days=7), "GBP", "1000.08", "1000.08", receipts=8),
    row(LAST - timedelta(days=29), "EUR", "12.00", "10.02", receipts=2),
    row(LAST - timedelta(days=30), "USD", "999999.99", "888888.88", receipts=77),
]


class Page(HTMLParser):
    """What a browser would find: the tables by id, the chart's bars, all text, and all attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.bars: list[dict[str, str]] = []
        self.text = ""
        self._table: list[list[str]] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in found.items()]
        if tag == "table":
            self._table = self.tables.setdefault(found["id"], [])
        elif tag == "tr" and self._table is not None:
            self._table.append([])
        elif tag in ("td", "th") and self._table:
            self._table[-1].append("")
        elif tag == "rect":
            self.bars.append(found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._table and self._table[-1]:
            self._table[-1][-1] += data.strip()


def page(rows: list[DailyRevenue] = ROWS, freshness: Freshness = FRESHNESS) -> Page:
    return Page(build(rows, freshness, NOW))


def test_the_latest_day_shows_every_figure_of_every_currency() -> None:
    assert page().tables["latest"][1:] == [
        ["EUR", "3", "6", "50.01", "10.00", "60.01", "50.10"],
        ["GBP", "1,000", "2,000", "1,000.00", "200.00", "1,200.00", "1,200.00"],
        ["Total", "1,003", "2,006", "", "", "", "1,250.10"],
    ]


def test_thirty_days_are_listed_and_a_day_without_rows_shows_as_one() -> None:
    days = page().tables["days"][1:]
    assert len(days) == 30
    assert days[0] == ["24 Nov", "1,003", "1,250.10"]
    assert days[1] == ["23 Nov", "", "no data"]
    assert days[7] == ["17 Nov", "8", "1,000.08"]
    assert days[29] == ["26 Oct", "2", "10.02"]


def test_what_is_older_than_thirty_days_counts_nowhere() -> None:
    found = page()
    assert found.tables["shares"][1:] == [
        ["GBP", "", "97.3 %", "1,008", "2,200.08", "2,200.08"],  # 2,200.08 of 2,260.20
        ["EUR", "", "2.7 %", "5", "72.01", "60.12"],
        ["Total", "", "", "", "", "2,260.20"],
    ]
    assert "USD" not in found.text
    assert "888,888.88" not in found.text


def test_the_head_compares_with_a_week_before_and_tells_what_was_rejected() -> None:
    text = " ".join(page().text.split())
    assert "Tuesday 24 November 2026" in text
    assert "1,250.10 GBP +25.0 % against a week before" in text  # 1,250.10 after 1,000.08
    assert "2,260.20 GBP 3 days with data" in text
    assert "Rejected rows 3 of 1,612" in text


def test_without_a_week_before_nothing_is_compared() -> None:
    text = page(ROWS[:2]).text
    assert "no figure a week before" in text
    assert "against a week before" not in text


def test_the_page_says_what_it_is_built_from() -> None:
    found = page()
    text = " ".join(found.text.split())
    assert "data as of Wednesday 25 November 2026, 03:12 UTC, 3 hours before this page was made" in text
    assert "Built from finance/sales_receipts, version 2, batch 8c1f0e6d" in text
    assert ("a", "href", "docs/gate/8c1f0e6d/index.html") in found.attributes


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(days=2, hours=1), "2 days"),
    ],
)
def test_the_age_of_the_data_is_told_in_its_largest_unit(age: timedelta, said: str) -> None:
    html = build(ROWS, FRESHNESS, FRESHNESS.as_of + age)
    assert f", {said} before this page was made" in " ".join(Page(html).text.split())


def test_the_bars_stand_to_each_other_as_the_figures_do() -> None:
    heights = [float(bar["height"]) for bar in page().bars]
    assert len(heights) == 3
    for height, amount in zip(heights, (10.02, 1000.08, 1250.10), strict=True):
        assert height / heights[-1] == pytest.approx(amount / 1250.10, abs=1e-4)


def test_nothing_is_fetched_and_nothing_can_run() -> None:
    html = build(ROWS, FRESHNESS, NOW)
    found = Page(html)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", html)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(found.tags)
    assert not [name for _, name, _ in found.attributes if name.startswith("on") or name in ("src", "srcset")]
    policy = [value for _, name, value in found.attributes if name == "content" and "default-src" in value]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_markup_in_values_stays_text() -> None:
    hostile = '"><script>alert(1)</script>'
    freshness = Freshness(hostile, FRESHNESS.as_of, 1, hostile, 1, 0, hostile, f"docs/{hostile}")
    found = page([row(LAST, hostile, "1.00", "1.00")], freshness)
    assert "script" not in found.tags
    assert found.tables["latest"][1][0] == hostile
    assert ("a", "href", f"docs/{hostile}") in found.attributes


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "\x01javascript:x"]
)
def test_an_address_that_could_run_is_refused(address: str) -> None:
    freshness = Freshness("finance/x", FRESHNESS.as_of, 1, "b", 1, 0, "GBP", address)
    with pytest.raises(FixTheConfiguration):
        build(ROWS, freshness, NOW)


def test_readers_of_all_kinds_find_their_way() -> None:
    found = page()
    assert ("html", "lang", "en") in found.attributes
    assert "Daily revenue, Tuesday 24 November 2026" in found.text
    ids = {value for _, name, value in found.attributes if name == "id"}
    named = [value for _, name, value in found.attributes if name == "aria-labelledby"]
    assert named
    assert set(named) <= ids
    assert found.tags.count("caption") == found.tags.count("table") == 3
    assert found.tags.count("figcaption") == found.tags.count("svg") == 1
    assert {value for tag, name, value in found.attributes if (tag, name) == ("th", "scope")} == {
        "col",
        "row",
    }


def test_money_is_never_rounded_and_never_in_powers_of_ten() -> None:
    rows = [row(LAST, "KWD", "1234567890123456.789", "1E+3"), row(LAST, "JPY", "500", "2.5")]
    latest = page(rows).tables["latest"]
    assert latest[1][5:] == ["500.00", "2.50"]
    assert latest[2][5:] == ["1,234,567,890,123,456.789", "1,000.00"]
    assert latest[3][6] == "1,002.50"


def test_where_returns_outweigh_sales_no_share_is_claimed() -> None:
    rows = [row(LAST, "GBP", "100.00", "100.00"), row(LAST, "EUR", "-30.00", "-25.00")]
    assert [line[2] for line in page(rows).tables["shares"][1:3]] == ["", ""]


def test_an_empty_mart_makes_a_page_that_says_so() -> None:
    found = page([])
    assert "No revenue yet" in found.text
    assert found.tables == {}


def test_the_same_input_makes_the_same_page_in_whatever_order_it_comes() -> None:
    assert build(ROWS, FRESHNESS, NOW) == build(ROWS[::-1], FRESHNESS, NOW)


def test_the_axis_has_round_values_and_a_zero_that_bars_stand_on_or_hang_from() -> None:
    chart = columns([("a", D(-420)), ("b", None), ("c", D(1200))], label_every=1)
    assert [mark.text for mark in chart.values] == ["-500", "0", "500", "1k", "1.5k"]
    (zero,) = (mark.at for mark in chart.values if mark.zero)
    down, up = chart.columns
    assert down.y == zero
    assert up.y + up.height == pytest.approx(zero, abs=0.02)
    assert up.height / down.height == pytest.approx(1200 / 420, rel=1e-3)
    assert chart.values[0].at == HEIGHT - BOTTOM
    assert chart.values[-1].at == TOP


@pytest.mark.parametrize(
    ("highest", "axis"),
    [
        ("0", ["0", "1"]),
        ("0.03", ["0", "0.01", "0.02", "0.03"]),
        ("5", ["0", "1", "2", "3", "4", "5"]),
        ("9999999", ["0", "2m", "4m", "6m", "8m", "10m"]),
        ("40000000000", ["0", "10bn", "20bn", "30bn", "40bn"]),
    ],
)
def test_the_axis_fits_any_size_of_money(highest: str, axis: list[str]) -> None:
    assert [mark.text for mark in columns([("a", D(highest))], label_every=1).values] == axis


def test_labels_are_counted_from_the_last_day() -> None:
    chart = columns([(str(day), D(day)) for day in range(1, 31)], label_every=7)
    assert [mark.text for mark in chart.names] == ["2", "9", "16", "23", "30"]
