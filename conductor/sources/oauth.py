"""OAuth 2.0: the address where consent is given, and the two questions to the token endpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from conductor.errors import ConductorError, FixTheConfiguration, RetryLater
from conductor.sources.pace import Throttled
from conductor.sources.tokens import Tokens
from conductor.sources.transport import SILENCE, RawAnswer, fetch

DEADLINE_S = 60.0


@dataclass(frozen=True)
class Endpoints:
    """Addresses of a vendor: for a person's consent, for tokens, and what the API's paths begin with."""

    authorize: str
    tokens: str
    api: str


@dataclass(frozen=True)
class App:
    """Our registration at the vendor."""

    client_id: str
    client_secret: SecretStr
    scope: str


class InvalidGrant(FixTheConfiguration):
    """The code or the refresh token is dead: used, replaced, run out or revoked."""


def authorize_url(endpoints: Endpoints, app: App, redirect_uri: str, state: str) -> str:
    """Give the address that a person opens to consent; `state`, unguessable, comes back with the answer."""
    return prepare_grant_uri(
        endpoints.authorize, app.client_id, "code", redirect_uri=redirect_uri, scope=app.scope, state=state
    )


class TokenEndpoint:
    """Give out tokens for a code or for a refresh token.

    Errors: `InvalidGrant`; `FixTheConfiguration` for a refused client; `RetryLater` when it does not answer
    or is busy.
    """

    def __init__(
        self,
        http: httpx.Client,
        url: str,
        app: App,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._url = url
        self._app = app
        self._monotonic = monotonic
        self._now = now

    def exchange(self, company: str, code: str, redirect_uri: str) -> Tokens:
        """Give the first tokens of a company for the code that came with its consent; a code works once."""
        return self._ask(
            prepare_token_request("authorization_code", redirect_uri=redirect_uri, code=code), company
        )

    def refresh(self, old: Tokens) -> Tokens:
        """Give the next tokens. The old refresh token may be dead from then on, so store them before use."""
        refresh = old.refresh.get_secret_value()
        return self._ask(
            prepare_token_request("refresh_token", refresh_token=refresh), old.company, old.refresh
        )

    def _ask(self, form: str, company: str, old_refresh: SecretStr | None = None) -> Tokens:
        request = self._http.build_request(
            "POST",
            self._url,
            content=form,
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            timeout=SILENCE,
        )
        basic = httpx.BasicAuth(self._app.client_id, self._app.client_secret.get_secret_value())
        request = next(basic.sync_auth_flow(request))
        answer = fetch(self._http, request, self._monotonic, DEADLINE_S)
        if answer.status != HTTPStatus.OK:
            raise _refusal(answer)
        return self._granted(answer, company, old_refresh)

    def _granted(self, answer: RawAnswer, company: str, old_refresh: SecretStr | None) -> Tokens:
        try:
            grant = _Grant.model_validate_json(answer.body)
        except ValidationError:
            raise RetryLater("the token endpoint's answer holds no tokens") from None
        refresh = grant.refresh_token or old_refresh
        if refresh is None:
            raise FixTheConfiguration(
                "the token endpoint gives no refresh token: the scope does not allow offline use"
            )
        life = grant.x_refresh_token_expires_in
        ends = None if life is None else self._now() + timedelta(seconds=life)
        return Tokens(company=company, access=grant.access_token, refresh=refresh, consent_ends=ends)


class _Refusal(BaseModel):
    error: str = ""


class _Grant(BaseModel):
    """What counts in the answer of the token endpoint; not a word of it may show in an error."""

    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: Annotated[SecretStr, Field(min_length=1)]
    refresh_token: Annotated[SecretStr, Field(min_length=1)] | None = None
    x_refresh_token_expires_in: int | None = None


def _refusal(answer: RawAnswer) -> ConductorError:
    try:
        error = _Refusal.model_validate_json(answer.body).error
    except ValidationError:
        error = ""
    if error == "invalid_grant":
        return InvalidGrant(
            f"the vendor does not accept the consent any more (trace {answer.trace or 'none'})"
        )
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled("the token endpoint is asked too often", answer.retry_after_s)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return RetryLater(f"the token endpoint is not well (HTTP {answer.status})")
    return FixTheConfiguration(
        f"the token endpoint refuses this app (HTTP {answer.status}, trace {answer.trace or 'none'}):"
        " client id, client secret or scope is wrong",
        next_command="set accounting_client_id and accounting_client_secret",
    )
