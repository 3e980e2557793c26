"""The revenue page as a person sees it, opened from the folder by a browser."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from servers.prefect_ui import browser, needs_chromium

from conductor.dashboard import DailyRevenue, Freshness, build

LAST = date(2026, 11, 21)
DOCS = "quality/finance/sales_receipts/index.html"

pytestmark = needs_chromium


def row(days_ago: int, currency: str, gross: str, home: str) -> DailyRevenue:
    amounts = (Decimal(gross), Decimal("0.00"), Decimal(gross), Decimal(home))
    return DailyRevenue(LAST - timedelta(days=days_ago), currency, 10, 20, *amounts)


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    """The page of a month in which each day took in 1,000.00 EUR, the last one 250.50 GBP besides."""
    rows = [row(days, "EUR", "1000.00", "1100.00") for days in range(30)]
    rows.append(row(0, "GBP", "250.50", "325.65"))
    as_of = datetime(2026, 11, 22, 2, tzinfo=UTC)
    freshness = Freshness("finance/sales_receipts", as_of, 2, "b4tch", 20, 3, "USD", DOCS)
    file = tmp_path / "revenue.html"
    file.write_text(build(rows, freshness, as_of + timedelta(minutes=5)), encoding="utf-8")
    docs = tmp_path / DOCS
    docs.parent.mkdir(parents=True)
    docs.write_text("<h1>Data Docs of sales receipts</h1>", encoding="utf-8")
    return file


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 820, 1400])
def test_the_page_says_the_day_and_fits_every_screen_without_the_network(
    page_file: Path, width: int, colours: str
) -> None:
    with browser(viewport={"width": width, "height": 900}, color_scheme=colours) as tab:
        requests: list[str] = []
        tab.page.on("request", lambda request: requests.append(request.url))
        tab.page.goto(page_file.as_uri())
        said = tab.page.inner_text("main")
        too_wide = tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert requests == [page_file.as_uri()]
        assert tab.errors == []
    assert "Saturday 21 November 2026" in said
    assert "1,425.65" in said  # 1,100.00 and 325.65 in the home currency
    assert "250.50" in said
    assert "29.6" in said  # against 1,100.00 a week before
    assert too_wide <= 0


def test_the_ink_stands_out_from_the_paper_in_both_colour_schemes(page_file: Path) -> None:
    for colours in ("light", "dark"):
        with browser(color_scheme=colours) as tab:
            tab.page.goto(page_file.as_uri())
            styles = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
            ink, paper = tab.page.locator("body").evaluate(styles)
        assert contrast(ink, paper) >= 7


def test_the_link_to_the_data_docs_opens_them(page_file: Path) -> None:
    with browser() as tab:
        tab.page.goto(page_file.as_uri())
        tab.page.get_by_role("link", name="Data Docs").first.click()
        tab.page.get_by_role("heading", name="Data Docs of sales receipts").wait_for()
        assert (tab.outside, tab.errors) == ([], [])


def contrast(ink: str, paper: str) -> float:
    """Give the contrast ratio of two `rgb(r, g, b)` colours as the accessibility guidelines (WCAG 2) count it."""
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
