"""The entities that can be queried, each with the properties that the vendor lets one filter by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.quickbooks import catalogue, documents, journal
from sandbox.quickbooks.catalogue import Account, Customer, Item
from sandbox.quickbooks.documents import reference, stamp
from sandbox.quickbooks.journal import Entry
from sandbox.quickbooks.jsontext import Document, number
from sandbox.quickbooks.receipts import Receipt
from sandbox.quickbooks.select import Kind, Property, Table, midnight

SINCE = midnight(date(2020, 1, 2))


@dataclass(frozen=True)
class Rate:
    """The rate of a currency on a day."""

    source: str
    rate: Decimal
    day: date


@dataclass(frozen=True)
class Profile:
    """What a company says of itself."""

    realm: str
    name: str


def receipts(seed: int) -> Table[Receipt]:
    """Give the table of sales receipts."""
    return Table[Receipt](
        "SalesReceipt",
        {
            "id": Property(Kind.ID, lambda row: int(row.id)),
            "docnumber": Property(Kind.TEXT, lambda row: row.number),
            "txndate": Property(Kind.DATE, lambda row: row.day),
            "customerref": Property(Kind.TEXT, lambda row: row.customer),
            "totalamt": Property(Kind.NUMBER, lambda row: row.total),
            "metadata.createtime": Property(Kind.TIME, lambda row: row.created),
            "metadata.lastupdatedtime": Property(Kind.TIME, lambda row: row.updated),
        },
        lambda row: documents.receipt(row, seed),
    )


ENTRIES = Table[Entry](
    "JournalEntry",
    {
        "id": Property(Kind.ID, lambda row: int(row.id)),
        "docnumber": Property(Kind.TEXT, lambda row: row.number),
        "txndate": Property(Kind.DATE, lambda row: row.day),
        "metadata.createtime": Property(Kind.TIME, lambda row: row.created),
        "metadata.lastupdatedtime": Property(Kind.TIME, lambda row: row.created),
    },
    journal.document,
)

ITEMS = Table[Item](
    "Item",
    {
        "id": Property(Kind.ID, lambda row: int(row.id)),
        "name": Property(Kind.TEXT, lambda row: row.name),
        "sku": Property(Kind.TEXT, lambda row: row.sku),
        "type": Property(Kind.TEXT, lambda row: row.type),
        "active": Property(Kind.FLAG, lambda row: row.active),
        "metadata.lastupdatedtime": Property(Kind.TIME, lambda _: SINCE),
    },
    lambda row: documents.item(row, SINCE),
    hides_inactive=True,
)

CUSTOMERS = Table[Customer](
    "Customer",
    {
        "id": Property(Kind.ID, lambda row: int(row.id)),
        "displayname": Property(Kind.TEXT, lambda row: row.name),
        "active": Property(Kind.FLAG, lambda row: row.active),
        "metadata.lastupdatedtime": Property(Kind.TIME, lambda _: SINCE),
    },
    lambda row: documents.customer(row, SINCE),
    hides_inactive=True,
)

ACCOUNTS = Table[Account](
    "Account",
    {
        "id": Property(Kind.ID, lambda row: int(row.id)),
        "name": Property(Kind.TEXT, lambda row: row.name),
        "acctnum": Property(Kind.TEXT, lambda row: row.number),
        "classification": Property(Kind.TEXT, lambda row: row.classification),
        "accounttype": Property(Kind.TEXT, lambda row: row.type),
        "accountsubtype": Property(Kind.TEXT, lambda row: row.subtype),
        "active": Property(Kind.FLAG, lambda row: row.active),
        "metadata.lastupdatedtime": Property(Kind.TIME, lambda _: SINCE),
    },
    lambda row: documents.account(row, SINCE),
    hides_inactive=True,
)


def exchange_rate(rate: Rate) -> Document:
    """Write an exchange rate: home units per unit of the source currency."""
    return {
        "SourceCurrencyCode": rate.source,
        "TargetCurrencyCode": catalogue.HOME,
        "Rate": number(rate.rate),
        "AsOfDate": rate.day.isoformat(),
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"LastUpdatedTime": stamp(midnight(rate.day))},
    }


RATES = Table[Rate](
    "ExchangeRate",
    {
        "sourcecurrencycode": Property(Kind.TEXT, lambda row: row.source),
        "targetcurrencycode": Property(Kind.TEXT, lambda _: catalogue.HOME),
        "asofdate": Property(Kind.DATE, lambda row: row.day),
    },
    exchange_rate,
)


def company_info(profile: Profile) -> Document:
    """Write what a company says of itself."""
    result = documents.head("1", SINCE, SINCE)
    result |= {"CompanyName": profile.name, "LegalName": profile.name, "Country": "USA"}
    result |= {"FiscalYearStartMonth": "January"}
    return result


PROFILES = Table[Profile]("CompanyInfo", {"id": Property(Kind.ID, lambda _: 1)}, company_info)


def preferences(_: Profile) -> Document:
    """Write the settings of a company: it keeps several currencies, at home in one."""
    result = documents.head("1", SINCE, SINCE)
    result["CurrencyPrefs"] = {"MultiCurrencyEnabled": True, "HomeCurrency": reference(catalogue.HOME)}
    result["SalesFormsPrefs"] = {"CustomTxnNumbers": True}
    return result


PREFERENCES = Table[Profile]("Preferences", {"id": Property(Kind.ID, lambda _: 1)}, preferences)
