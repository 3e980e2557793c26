"""What can be done to a running sandbox from outside the protocol: edit, close, revoke, break, look."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sandbox.quickbooks.book import ReceiptBook
from sandbox.quickbooks.faults import Faults, Injector
from sandbox.quickbooks.jsontext import Document
from sandbox.quickbooks.receipts import Deleted, Receipt
from sandbox.quickbooks.service import SHOP, Logged, Service
from sandbox.quickbooks.truth import Truth


class Controlled(Service):
    """A service with its controls.

    Edits take the instant of the sandbox's clock, raise SyncToken and show in change capture. They raise `KeyError`
    for a receipt or company that is not there and `ValueError` for a value that cannot be.
    """

    @property
    def faults(self) -> Faults:
        """The schedule in force; setting one begins it anew."""
        return self._injector.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        with self._turn:
            self._injector = Injector(faults)

    @property
    def requests(self) -> tuple[Logged, ...]:
        """All requests since the log was cleared, in the order in which they were answered."""
        with self._turn:
            return tuple(self._log)

    def clear_requests(self) -> None:
        """Empty the request log."""
        with self._turn:
            self._log.clear()

    def truth(self, day: date) -> Truth:
        """Give what the shop's day adds up to as it stands now."""
        with self._turn:
            return Truth.of(day, self._shop.of(day))

    def receipts(self, day: date) -> list[Receipt]:
        """Give the shop's receipts of a day as they stand now."""
        with self._turn:
            return self._shop.of(day)

    def change_line(self, identity: str, line: int, amount: Decimal) -> Receipt:
        """Give a line (from 1) of a receipt another amount."""
        with self._turn:
            return self._kept(self._shop.change_line(identity, line, amount, self._clock()))

    def void(self, identity: str) -> Receipt:
        """Void a receipt."""
        with self._turn:
            return self._kept(self._shop.void(identity, self._clock()))

    def delete(self, identity: str) -> Deleted:
        """Delete a receipt."""
        with self._turn:
            stub = self._shop.delete(identity, self._clock())
            self._keep()
            return stub

    def move(self, identity: str, day: date) -> Receipt:
        """Give a receipt another date."""
        with self._turn:
            return self._kept(self._shop.move(identity, day, self._clock()))

    def add(self, day: date, currency: str, amount: Decimal) -> Receipt:
        """Add a receipt of one line to a day."""
        with self._turn:
            return self._kept(self._shop.add(day, currency, amount, self._clock()))

    def close_books(self, realm: str, through: date | None) -> None:
        """Close a company's books through a day; None opens them."""
        with self._turn:
            self._companies[realm].ledger.closed_through = through
            self._keep()

    def consent(self, realm: str) -> Document:
        """Give tokens for a company as if somebody had just consented: the token endpoint's answer."""
        with self._turn:
            tokens = self.tokens.consent(self._companies[realm].profile.realm, self._clock())
            self._keep()
            return tokens

    def revoke(self, realm: str) -> None:
        """End all consents for a company, as its owner can."""
        with self._turn:
            self.tokens.revoke_realm(self._companies[realm].profile.realm)
            self._keep()

    @property
    def _shop(self) -> ReceiptBook:
        return self._companies[SHOP.realm].book

    def _kept(self, receipt: Receipt) -> Receipt:
        self._keep()
        return receipt
