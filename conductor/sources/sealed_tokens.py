"""OAuth tokens in the ledger's database, for pods that share no disk: sealed with a key that the database never sees."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr, ValidationError

from conductor.errors import FixTheConfiguration, LeaseHeld, RetryLater
from conductor.ledger import Lease
from conductor.sources.tokens import CONNECTION, Tokens, serialized

# A refresh is one request; whoever died in the middle of one is waited for no longer than this.
REFRESH = timedelta(seconds=60)
POLL_S = 0.5


class Sealed(Protocol):
    """What the ledger offers for tokens; see `conductor.ledger.tokens` and `conductor.ledger.leases`."""

    def sealed(self, name: str) -> str | None:
        """Give a sealed text."""
        ...

    def reseal(self, name: str, expected: str | None, new: str) -> bool:
        """Replace a sealed text if it is the expected one."""
        ...

    def acquire(self, name: str, holder: str, ttl: timedelta, alive: Callable[[str], bool]) -> Lease:
        """Take a lease."""
        ...

    def release(self, lease: Lease) -> None:
        """Give a lease back."""
        ...


class SealedTokenStore:
    """Tokens in a ledger, encrypted and authenticated with the first of the keys; the others only open what is older.

    `keys` are Fernet keys between commas, `patience_s` is how long to wait for another pod, `sleep` is time as an argument.
    """

    def __init__(
        self,
        ledger: Sealed,
        keys: SecretStr,
        *,
        sleep: Callable[[float], None] = time.sleep,
        patience_s: float = 120.0,
    ) -> None:
        try:
            self._box = MultiFernet([Fernet(key.strip()) for key in keys.get_secret_value().split(",")])
        except ValueError:
            raise FixTheConfiguration(
                "the token key is not a Fernet key: 32 random bytes in URL-safe base64",
                next_command='python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"',
            ) from None
        self._ledger = ledger
        self._sleep = sleep
        self._patience_s = patience_s

    def read(self, connection: str) -> Tokens | None:
        """Give the tokens as they are now, None if nobody has consented yet."""
        return self._opened(connection, self._ledger.sealed(_checked(connection)))

    def replace(self, connection: str, expected: Tokens | None, new: Tokens) -> bool:
        """Store `new` if `expected` is what is stored, else change nothing and give False."""
        sealed = self._ledger.sealed(_checked(connection))
        if self._opened(connection, sealed) != expected:
            return False
        # What is stored is compared as it lies there, so another pod that came between is seen.
        return self._ledger.reseal(connection, sealed, self._box.encrypt(serialized(new)).decode())

    @contextmanager
    def refreshing(self, connection: str) -> Generator[None]:
        """Let one refresher in, across all pods; `RetryLater` when another takes too long."""
        lease = self._lease(f"tokens/{_checked(connection)}")
        try:
            yield
        finally:
            self._ledger.release(lease)

    def _lease(self, name: str) -> Lease:
        holder = uuid.uuid4().hex
        for _ in range(1 + int(self._patience_s / POLL_S)):
            try:
                return self._ledger.acquire(name, holder, REFRESH, lambda _: True)
            except LeaseHeld:
                self._sleep(POLL_S)
        raise RetryLater(f"another pod holds {name} for over {self._patience_s:g} s")

    def _opened(self, connection: str, sealed: str | None) -> Tokens | None:
        if sealed is None:
            return None
        try:
            return Tokens.model_validate_json(self._box.decrypt(sealed))
        except (InvalidToken, ValidationError):
            raise FixTheConfiguration(
                f"the tokens of {connection} were sealed with another key than this workspace's token_key names",
                next_command="conductor connect quickbooks, or bring the old key back, after the new one and a comma",
            ) from None


def _checked(connection: str) -> str:
    if not CONNECTION.fullmatch(connection):
        raise FixTheConfiguration(f"{connection!r} is not a connection: it is written <source>-<company>")
    return connection
