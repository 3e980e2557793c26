"""The trial balance, in the vendor's report shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from sandbox.quickbooks import catalogue
from sandbox.quickbooks.documents import envelope_time
from sandbox.quickbooks.journal import Entry
from sandbox.quickbooks.jsontext import Document

SIDES = ("Debit", "Credit")
BY_ID = {account.id: account for account in catalogue.ACCOUNTS}


def balances(entries: Iterable[Entry], start: date, end: date) -> Mapping[str, Decimal]:
    """Give the balance of each touched account at `end` in the home currency, debits positive.

    Income and expense count from `start`; what they were before is in retained earnings.
    """
    result: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.day > end:
            continue
        for line in entry.lines:
            earlier = entry.day < start and BY_ID[line.account].temporary
            account = catalogue.RETAINED if earlier else line.account
            result[account] += line.home if line.debit else -line.home
    return result


def trial_balance(entries: Iterable[Entry], start: date, end: date, now: datetime) -> Document:
    """Write the trial balance of a period. Amounts are texts with two decimals; an empty cell is ""."""
    found = balances(entries, start, end)
    rows = [(account, found[account.id]) for account in catalogue.ACCOUNTS if found.get(account.id)]
    debit = sum((amount for _, amount in rows if amount > 0), Decimal(0))
    credit = sum((-amount for _, amount in rows if amount < 0), Decimal(0))
    total = [_cell("TOTAL"), _cell(f"{debit:.2f}"), _cell(f"{credit:.2f}")]
    lines: list[Document] = [_row(account.name, account.id, amount) for account, amount in rows]
    lines.append({"Summary": {"ColData": total}, "type": "Section", "group": "GrandTotal"})
    return {
        "Header": _header(start, end, now, empty=not rows),
        "Columns": {"Column": [_column("", "Account"), *(_column(side, "Money") for side in SIDES)]},
        "Rows": {"Row": lines},
    }


def _header(start: date, end: date, now: datetime, *, empty: bool) -> Document:
    return {
        "Time": envelope_time(now),
        "ReportName": "TrialBalance",
        "ReportBasis": "Accrual",
        "StartPeriod": start.isoformat(),
        "EndPeriod": end.isoformat(),
        "Currency": catalogue.HOME,
        "Option": [{"Name": "NoReportData", "Value": "true" if empty else "false"}],
    }


def _column(title: str, kind: str) -> Document:
    return {"ColTitle": title, "ColType": kind}


def _row(name: str, identity: str, amount: Decimal) -> Document:
    debit = f"{amount:.2f}" if amount > 0 else ""
    credit = f"{-amount:.2f}" if amount < 0 else ""
    return {"ColData": [{"value": name, "id": identity}, _cell(debit), _cell(credit)], "type": "Data"}


def _cell(text: str) -> Document:
    return {"value": text}
