"""Keys of an object store, kept out of every text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """An access key, its secret and, for borrowed identities, the session token.

    All None means the identity of the pod or machine. No representation shows the secret or the token.
    """

    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
