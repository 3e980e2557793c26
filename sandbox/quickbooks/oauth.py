"""Consent and tokens: who may read which company, for how long."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sandbox.quickbooks.answers import RefusedAtGateway
from sandbox.quickbooks.jsontext import Document

ACCESS_LIFE = timedelta(seconds=3600)
REFRESH_LIFE = timedelta(seconds=8_726_400)
CODE_LIFE = timedelta(minutes=10)
ROTATION = timedelta(hours=24)


class Rotation(StrEnum):
    """When a refresh gives a new refresh token. Whenever it does, the old one is refused at once."""

    ALWAYS = "always"
    DAILY = "daily"
    NEVER = "never"


class RefusedGrant(Exception):
    """The token endpoint says no; `error` is its one word, `status` the HTTP status."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


@dataclass
class Grant:
    """One consent: a company, and the refresh token that is good now."""

    realm: str
    refresh_token: str
    rotated: datetime
    used: datetime
    revoked: bool = False


@dataclass
class Access:
    """One access token. `left` is how many more requests it is good for; None for any number."""

    grant: Grant
    expires: datetime
    left: int | None


@dataclass(frozen=True)
class Code:
    """One authorization code, good once, for the address that it was sent to."""

    realm: str
    redirect_uri: str
    expires: datetime


@dataclass
class Consents:
    """What outlives a restart. `issued` counts all tokens ever made, so that none repeats."""

    grants: list[Grant] = field(default_factory=list[Grant])
    issued: int = 0


class Tokens:
    """The authorization server's memory.

    `uses` limits the requests that an access token is good for (None: only its hour counts). `rotate_once`
    makes the next refresh rotate whatever the mode.
    """

    def __init__(self, seed: int, consents: Consents, rotation: Rotation, uses: int | None) -> None:
        self.rotation = rotation
        self.uses = uses
        self.rotate_once = False
        self._seed = seed
        self._consents = consents
        self._access: dict[str, Access] = {}
        self._codes: dict[str, Code] = {}

    def code(self, realm: str, redirect_uri: str, now: datetime) -> str:
        """Give an authorization code for a company."""
        code = self._new("code")
        self._codes[code] = Code(realm, redirect_uri, now + CODE_LIFE)
        return code

    def exchange(self, code: str, redirect_uri: str, now: datetime) -> Document:
        """Turn a code into tokens; `RefusedGrant` for an unknown, used, late or redirected one."""
        found = self._codes.pop(code, None)
        if found is None or found.redirect_uri != redirect_uri or now >= found.expires:
            raise RefusedGrant("invalid_grant")
        return self.consent(found.realm, now)

    def consent(self, realm: str, now: datetime) -> Document:
        """Give tokens for a company, as if somebody had just consented."""
        grant = Grant(realm, self._new("refresh"), now, now)
        self._consents.grants.append(grant)
        return self._response(grant, now)

    def refresh(self, token: str, now: datetime) -> Document:
        """Give a new access token and the refresh token to use from now on; `RefusedGrant` for a dead one."""
        grant = self._grant(token)
        if grant is None or now >= grant.used + REFRESH_LIFE:
            raise RefusedGrant("invalid_grant")
        if self._due(grant, now):
            grant.refresh_token, grant.rotated = self._new("refresh"), now
        self.rotate_once = False
        grant.used = now
        return self._response(grant, now)

    def is_current(self, token: str) -> bool:
        """Say whether a refresh token is good now."""
        return self._grant(token) is not None

    def revoke(self, token: str) -> bool:
        """End the consent that a token of either kind belongs to; False where it belongs to none."""
        access = self._access.get(token)
        grant = access.grant if access else self._grant(token)
        if grant is None:
            return False
        grant.revoked = True
        return True

    def revoke_realm(self, realm: str) -> None:
        """End every consent for a company."""
        for grant in self._consents.grants:
            grant.revoked = grant.revoked or grant.realm == realm

    def expire(self, token: str) -> None:
        """End an access token before its hour."""
        self._access.pop(token, None)

    def admit(self, token: str, realm: str, now: datetime) -> None:
        """Let a request through or raise `RefusedAtGateway`: 401 for a dead token, 403 for a foreign one."""
        access = self._access.get(token)
        if access is None or access.grant.revoked or now >= access.expires or access.left == 0:
            raise RefusedAtGateway(401, "3200", "AuthenticationFailed", "Token expired", "AUTHENTICATION")
        if access.grant.realm != realm:
            raise forbidden()
        if access.left is not None:
            access.left -= 1

    def _due(self, grant: Grant, now: datetime) -> bool:
        by_mode = {
            Rotation.ALWAYS: True,
            Rotation.DAILY: now >= grant.rotated + ROTATION,
            Rotation.NEVER: False,
        }
        return self.rotate_once or by_mode[self.rotation]

    def _grant(self, refresh_token: str) -> Grant | None:
        live = (grant for grant in self._consents.grants if not grant.revoked)
        return next((grant for grant in live if grant.refresh_token == refresh_token), None)

    def _response(self, grant: Grant, now: datetime) -> Document:
        token = self._new("access")
        self._access[token] = Access(grant, now + ACCESS_LIFE, self.uses)
        return {
            "token_type": "bearer",
            "access_token": token,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "refresh_token": grant.refresh_token,
            "x_refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
        }

    def _new(self, kind: str) -> str:
        self._consents.issued += 1
        text = f"{self._seed}/{kind}/{self._consents.issued}"
        return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def forbidden() -> RefusedAtGateway:
    """Give the refusal of an app that may not see this company."""
    reason = "ApplicationAuthorizationFailed"
    return RefusedAtGateway(403, "3100", reason, "Application not authorized", "SERVICE")
