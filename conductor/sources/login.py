"""Being logged in to a company: always the newest tokens, renewed by one process at a time."""

from __future__ import annotations

from conductor.errors import FixTheConfiguration
from conductor.sources.oauth import InvalidGrant, TokenEndpoint
from conductor.sources.tokens import Tokens, TokenStore


def connection_name(source: str, company: str) -> str:
    """Give the name under which a company's tokens are stored."""
    return f"{source}-{company}"


class Login:
    """The login of one company. Nothing is cached: what another process renewed is used at once."""

    def __init__(self, source: str, company: str, store: TokenStore, endpoint: TokenEndpoint) -> None:
        self.company = company
        self._source = source
        self._connection = connection_name(source, company)
        self._store = store
        self._endpoint = endpoint

    def tokens(self) -> Tokens:
        """Give the tokens as they are; without consent `FixTheConfiguration`."""
        tokens = self._store.read(self._connection)
        if tokens is None:
            raise self._needs_consent("nobody has consented yet")
        return tokens

    def renew(self, refused: Tokens) -> Tokens:
        """Give tokens other than the refused ones, stored before they are given.

        Repeats: whoever comes second finds the first one's tokens and takes them.
        """
        with self._store.refreshing(self._connection):
            current = self.tokens()
            if current.access != refused.access:
                return current
            try:
                new = self._endpoint.refresh(current)
            except InvalidGrant as error:
                return self._replaced_meanwhile(current, error)
            if self._store.replace(self._connection, current, new):
                return new
            return self.tokens()

    def _replaced_meanwhile(self, dead: Tokens, error: InvalidGrant) -> Tokens:
        """Look once more: a person consenting anew may have stored living tokens."""
        current = self.tokens()
        if current != dead:
            return current
        raise self._needs_consent(error.sentence) from error

    def _needs_consent(self, why: str) -> FixTheConfiguration:
        return FixTheConfiguration(
            f"company {self.company} needs consent: {why}", next_command=f"conductor connect {self._source}"
        )
