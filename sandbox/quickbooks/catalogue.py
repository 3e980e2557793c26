"""What both companies hold besides documents: items, customers, accounts, taxes and exchange rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from random import Random

from sandbox.quickbooks.receipts import TaxRate

HOME = "USD"
CURRENCIES = {"USD": "United States Dollar", "EUR": "Euro", "GBP": "British Pound Sterling"}
UNRATED = "XXX"
MIDDLE_RATES = {"EUR": Decimal("1.09"), "GBP": Decimal("1.27")}

STATE_TAX = TaxRate("3", "State tax", Decimal("6.25"))
COUNTY_TAX = TaxRate("4", "County tax", Decimal("1.125"))
CITY_TAX = TaxRate("5", "City tax", Decimal("8.5"))

UNDEPOSITED, RETAINED, DISCOUNTS = "4", "2", "86"


@dataclass(frozen=True)
class Item:
    """A thing that is sold; `price` is in the home currency, `sku` is absent on some."""

    id: str
    name: str
    type: str
    price: Decimal
    sku: str | None
    active: bool


@dataclass(frozen=True)
class Customer:
    """A customer; `name` is unique."""

    id: str
    name: str
    active: bool = True


@dataclass(frozen=True)
class Account:
    """An account of the chart; bank and receivable accounts take entries in their own currency only."""

    id: str
    number: str
    name: str
    classification: str
    type: str
    subtype: str
    currency: str = HOME
    active: bool = True

    @property
    def tied_to_currency(self) -> bool:
        """Whether an entry must be in the account's currency."""
        return self.type in {"Bank", "Accounts Receivable", "Accounts Payable"}

    @property
    def temporary(self) -> bool:
        """Whether the balance starts anew each period (income, expense)."""
        return self.classification in {"Revenue", "Expense"}


ACCOUNTS = (
    Account("35", "1000", "Checking", "Asset", "Bank", "Checking"),
    Account("36", "1010", "Checking EUR", "Asset", "Bank", "Checking", currency="EUR"),
    Account("84", "1100", "Accounts Receivable", "Asset", "Accounts Receivable", "AccountsReceivable"),
    Account(UNDEPOSITED, "1200", "Undeposited Funds", "Asset", "Other Current Asset", "UndepositedFunds"),
    Account("91", "1210", "Sales Clearing", "Asset", "Other Current Asset", "OtherCurrentAssets"),
    Account("33", "2000", "Accounts Payable", "Liability", "Accounts Payable", "AccountsPayable"),
    Account("90", "2200", "Sales Tax Payable", "Liability", "Other Current Liability", "SalesTaxPayable"),
    Account(RETAINED, "3000", "Retained Earnings", "Equity", "Equity", "RetainedEarnings"),
    Account("79", "4000", "Sales", "Revenue", "Income", "SalesOfProductIncome"),
    Account(DISCOUNTS, "4100", "Discounts given", "Revenue", "Income", "DiscountsRefundsGiven"),
    Account("82", "4900", "Sales before 2020", "Revenue", "Income", "SalesOfProductIncome", active=False),
    Account("95", "8000", "Exchange Gain or Loss", "Expense", "Other Expense", "ExchangeGainOrLoss"),
)

CUSTOMER_NAMES = (
    "Zoë's Atelier", "Łódź Rowery", "Señor Ñandú", "Ολυμπία Εμπόριο", "Кафе «Север»", "東京文具店",
    "서울상회", "متجر النخيل", "חנות הספרים", "Smørrebrød & Sønner", "Ça Va Épicerie", "Weiß & Groß",
    "İstanbul Kahve", "Dvořák Nástroje", "Café ☕ Noir", "Nai\u0308ve Designs", "O'Hara Marine",
    'The "Quoted" Shop', "Comma, Inc.", "Back\\slash Systems", "हिमालय चाय", "ร้านดอกไม้",
    "Đà Nẵng Foods", "Ærø Bådeværft", "Plain Paper Co.",
)  # fmt: skip
CUSTOMERS = tuple(
    Customer(str(place), name, active=name != CUSTOMER_NAMES[-1])
    for place, name in enumerate(CUSTOMER_NAMES, start=1)
)
WORDS = (
    "Notebook", "Fountain pen", "Desk lamp", "Café mug", "Backpack", "Wool scarf", "Tea set",
    "Map of the world", "Chess board", "Bicycle bell", "Umbrella", "Water bottle",
)  # fmt: skip
SIZES = ("small", "medium", "large", "naïve", "deluxe")
SOLD_INACTIVE = "55"
INACTIVE = frozenset({"55", "56", "57", "58"})
CATEGORY = "60"


@cache
def items(seed: int) -> tuple[Item, ...]:
    """Give the sixty items of a seed. Four are inactive, and one of those is still sold."""
    rng = Random(f"items/{seed}")
    names = [f"{word}, {size}" for size in SIZES for word in WORDS]
    return tuple(_item(str(position), name, rng) for position, name in enumerate(names, start=1))


def _item(item_id: str, name: str, rng: Random) -> Item:
    price = Decimal(rng.randrange(100, 20000)).scaleb(-2)
    kind = "Category" if item_id == CATEGORY else rng.choice(("Inventory", "NonInventory", "Service"))
    sku = None if kind == "Service" else f"SKU-{item_id:0>4}"
    return Item(item_id, name, kind, price, sku, item_id not in INACTIVE)


def rate(seed: int, currency: str, day: date) -> Decimal | None:
    """Give home units per unit of a currency on a day, in four to six decimals; None without a rate."""
    if currency == HOME:
        return Decimal(1)
    middle = MIDDLE_RATES.get(currency)
    if middle is None:
        return None
    rng = Random(f"rate/{seed}/{currency}/{day.isoformat()}")
    digits = rng.choice((4, 5, 6))
    spread = rng.randrange(-3 * 10 ** (digits - 2), 3 * 10 ** (digits - 2)) // 10 * 10 + rng.randrange(1, 10)
    return middle + Decimal(spread).scaleb(-digits)
