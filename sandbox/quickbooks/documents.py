"""How each thing is written: the vendor's objects, with absent attributes left out and never null."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sandbox.quickbooks import catalogue
from sandbox.quickbooks.catalogue import Account, Customer, Item
from sandbox.quickbooks.jsontext import Document, number
from sandbox.quickbooks.receipts import PACIFIC, Deleted, Receipt, SalesLine, TaxLine, percent_of


def stamp(instant: datetime) -> str:
    """Write an instant as the vendor does in MetaData: whole seconds, Pacific offset."""
    return instant.astimezone(PACIFIC).isoformat(timespec="seconds")


def envelope_time(instant: datetime) -> str:
    """Write an instant as the vendor does in the envelope: milliseconds, Pacific offset."""
    return instant.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def reference(value: str, name: str | None = None) -> Document:
    """Write a reference; `name` is left out where there is none."""
    return {"value": value} if name is None else {"value": value, "name": name}


def head(identity: str, created: datetime, updated: datetime, sync: int = 0) -> Document:
    """Write what all documents begin with."""
    return {
        "Id": identity,
        "SyncToken": str(sync),
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"CreateTime": stamp(created), "LastUpdatedTime": stamp(updated)},
    }


def deleted(stub: Deleted) -> Document:
    """Write what change capture says of a deleted document."""
    return {
        "Id": stub.id,
        "domain": "QBO",
        "status": "Deleted",
        "MetaData": {"LastUpdatedTime": stamp(stub.updated)},
    }


def receipt(value: Receipt, seed: int) -> Document:
    """Write a sales receipt."""
    document = head(value.id, value.created, value.updated, value.sync)
    if value.number:
        document["DocNumber"] = value.number
    document["TxnDate"] = value.day.isoformat()
    currency = catalogue.CURRENCIES.get(value.currency, value.currency)
    document["CurrencyRef"] = reference(value.currency, currency)
    if value.customer:
        buyer = catalogue.CUSTOMERS[int(value.customer) - 1]
        document["CustomerRef"] = reference(buyer.id, buyer.name)
    if value.void:
        document["PrivateNote"] = "Voided"
    document["Line"] = _lines(value, seed)
    if value.taxes:
        document["TxnTaxDetail"] = _tax(value)
        document["ApplyTaxAfterDiscount"] = False
    document |= _totals(value)
    document["DepositToAccountRef"] = reference(catalogue.UNDEPOSITED, "Undeposited Funds")
    return document


def _totals(value: Receipt) -> Document:
    totals: Document = {"TotalAmt": number(value.total), "Balance": 0}
    if value.rate is not None:
        totals["ExchangeRate"] = number(value.rate)
        totals["HomeTotalAmt"] = number(percent_of(value.total, value.rate * 100))
    return totals


def _lines(value: Receipt, seed: int) -> list[Document]:
    lines = [_sales_line(place, line, seed) for place, line in enumerate(value.lines, start=1)]
    subtotal: Document = {
        "Amount": number(value.subtotal),
        "DetailType": "SubTotalLineDetail",
        "SubTotalLineDetail": {},
    }
    lines.append(subtotal)
    if value.discount_percent:
        lines.append(_discount_line(value, value.discount_percent))
    return lines


def _sales_line(place: int, line: SalesLine, seed: int) -> Document:
    detail: Document = {}
    if line.item:
        detail["ItemRef"] = reference(line.item, _item_name(line.item, seed))
    if line.price is not None:
        detail["UnitPrice"] = number(line.price)
    if line.quantity is not None:
        detail["Qty"] = number(line.quantity)
    detail["TaxCodeRef"] = reference("TAX" if line.taxable else "NON")
    return {
        "Id": str(place),
        "LineNum": place,
        "Amount": number(line.amount),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": detail,
    }


def _item_name(identity: str, seed: int) -> str | None:
    known = catalogue.items(seed)
    return known[int(identity) - 1].name if int(identity) <= len(known) else None


def _discount_line(value: Receipt, percent: Decimal) -> Document:
    return {
        "Amount": number(value.discount),
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {
            "PercentBased": True,
            "DiscountPercent": number(percent),
            "DiscountAccountRef": reference(catalogue.DISCOUNTS, "Discounts given"),
        },
    }


def _tax(value: Receipt) -> Document:
    return {"TotalTax": number(value.tax), "TaxLine": [_tax_line(line) for line in value.tax_lines]}


def _tax_line(line: TaxLine) -> Document:
    return {
        "Amount": number(line.amount),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": reference(line.rate.id),
            "PercentBased": True,
            "TaxPercent": number(line.rate.percent),
            "NetAmountTaxable": number(line.taxable),
        },
    }


def item(value: Item, since: datetime) -> Document:
    """Write an item; a category has neither price nor income account."""
    document = head(value.id, since, since)
    document |= {"Name": value.name, "FullyQualifiedName": value.name}
    document |= {"Type": value.type, "Active": value.active}
    if value.sku:
        document["Sku"] = value.sku
    if value.type != "Category":
        document["UnitPrice"] = number(value.price)
        document["IncomeAccountRef"] = reference("79", "Sales")
    return document


def customer(value: Customer, since: datetime) -> Document:
    """Write a customer."""
    document = head(value.id, since, since)
    document |= {"DisplayName": value.name, "FullyQualifiedName": value.name, "Active": value.active}
    document |= {"Job": False, "Taxable": True, "CurrencyRef": reference(catalogue.HOME)}
    return document


def account(value: Account, since: datetime) -> Document:
    """Write an account of the chart."""
    document = head(value.id, since, since)
    document |= {
        "Name": value.name,
        "FullyQualifiedName": value.name,
        "AcctNum": value.number,
        "Classification": value.classification,
        "AccountType": value.type,
        "AccountSubType": value.subtype,
        "Active": value.active,
        "SubAccount": False,
        "CurrencyRef": reference(value.currency, catalogue.CURRENCIES[value.currency]),
    }
    return document
