from datetime import date
from decimal import Decimal

from conductor.events.aggregates import AccountLine, MonthlyTotal, monthly_totals

D = Decimal


def line(day: date, currency: str, account: str, net: str, tax: str) -> AccountLine:
    return AccountLine(day, currency, account, 1, D(net), D(tax), D(net) + D(tax))


def test_months_currencies_and_accounts_stay_apart() -> None:
    totals = monthly_totals(
        [
            line(date(2026, 11, 30), "EUR", "4000", "0.10", "0.02"),
            line(date(2026, 11, 1), "EUR", "4000", "0.20", "0.04"),
            line(date(2026, 12, 1), "EUR", "4000", "7.00", "0.00"),
            line(date(2026, 11, 1), "GBP", "4000", "5.00", "1.00"),
            line(date(2026, 11, 1), "EUR", "0400", "3.00", "0.00"),
            line(date(2025, 11, 1), "EUR", "4000", "9.00", "0.00"),
        ]
    )
    assert totals == (
        MonthlyTotal(date(2025, 11, 1), "EUR", "4000", 1, D("9.00"), D("0.00"), D("9.00")),
        MonthlyTotal(date(2026, 11, 1), "EUR", "0400", 1, D("3.00"), D("0.00"), D("3.00")),
        MonthlyTotal(date(2026, 11, 1), "EUR", "4000", 2, D("0.30"), D("0.06"), D("0.36")),
        MonthlyTotal(date(2026, 11, 1), "GBP", "4000", 1, D("5.00"), D("1.00"), D("6.00")),
        MonthlyTotal(date(2026, 12, 1), "EUR", "4000", 1, D("7.00"), D("0.00"), D("7.00")),
    )


def test_a_return_takes_away_what_the_sale_added() -> None:
    sale = line(date(2026, 11, 1), "EUR", "4000", "19.99", "4.00")
    back = line(date(2026, 11, 2), "EUR", "4000", "-19.99", "-4.00")
    (total,) = monthly_totals([sale, back])
    assert (total.lines, total.net, total.tax, total.gross) == (2, D("0.00"), D("0.00"), D("0.00"))


def test_no_lines_make_no_totals() -> None:
    assert monthly_totals([]) == ()
