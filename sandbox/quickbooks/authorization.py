"""The authorization server's addresses: consent page, token endpoint, revocation, discovery."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urlencode, urlsplit

from sandbox.quickbooks.answers import HTML, Answer, plain
from sandbox.quickbooks.api import Request
from sandbox.quickbooks.jsontext import Document, read_object
from sandbox.quickbooks.oauth import RefusedGrant, Tokens
from sandbox.quickbooks.tables import Profile

CONSENT = "/connect/oauth2"
TOKEN = "/oauth2/v1/tokens/bearer"
REVOCATION = "/v2/oauth2/tokens/revoke"
DISCOVERY = ("/.well-known/openid_sandbox_configuration", "/.well-known/openid_configuration")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Client:
    """The one app that is registered."""

    id: str
    secret: str

    def is_sender(self, request: Request) -> bool:
        """Say whether a request carries the app's id and secret as Basic authorization."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            sent = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(sent, f"{self.id}:{self.secret}".encode())


def consent(
    tokens: Tokens, client: Client, profiles: Sequence[Profile], request: Request, now: datetime
) -> Answer:
    """Show the page on which a person consents, or, with `auto=1`, consent and redirect at once.

    `realm` names the company; without it the first one is meant. Addresses that are not loopback are refused.
    """
    sent = request.parameters
    redirect, realm = sent.get("redirect_uri", ""), sent.get("realm", profiles[0].realm)
    if sent.get("client_id") != client.id or sent.get("response_type") != "code":
        return Answer(400, b"This app is not registered here.", "text/plain")
    if not _is_loopback(redirect) or realm not in {each.realm for each in profiles}:
        return Answer(400, b"The redirect address or the company is not allowed.", "text/plain")
    if sent.get("auto") != "1":
        return Answer(200, _page(profiles, sent).encode(), HTML)
    code = tokens.code(realm, redirect, now)
    query = urlencode({"code": code, "state": sent.get("state", ""), "realmId": realm})
    joint = "&" if urlsplit(redirect).query else "?"
    return Answer(302, b"", "text/plain", (("Location", f"{redirect}{joint}{query}"),))


def token(tokens: Tokens, client: Client, request: Request, now: datetime) -> Answer:
    """Give tokens for a code or a refresh token, or the one-word error of the vendor."""
    if not client.is_sender(request):
        return plain({"error": "invalid_client"}, 401)
    form = request.form
    try:
        match form.get("grant_type"):
            case "authorization_code":
                return plain(tokens.exchange(form.get("code", ""), form.get("redirect_uri", ""), now))
            case "refresh_token":
                return plain(tokens.refresh(form.get("refresh_token", ""), now))
            case _:
                return plain({"error": "unsupported_grant_type"}, 400)
    except RefusedGrant as refused:
        return plain({"error": refused.error}, refused.status)


def revoke(tokens: Tokens, client: Client, request: Request) -> Answer:
    """End the consent that the sent token belongs to."""
    if not client.is_sender(request):
        return plain({"error": "invalid_client"}, 401)
    try:
        sent = read_object(request.body).get("token")
    except ValueError:
        sent = None
    ended = isinstance(sent, str) and tokens.revoke(sent)
    return Answer(200, b"") if ended else plain({"error": "invalid_request"}, 400)


def discovery(url: str) -> Document:
    """Give the addresses, the way a client looks them up."""
    return {
        "issuer": url,
        "authorization_endpoint": url + CONSENT,
        "token_endpoint": url + TOKEN,
        "revocation_endpoint": url + REVOCATION,
        "response_types_supported": ["code"],
        "scopes_supported": ["com.intuit.quickbooks.accounting"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }


def _is_loopback(address: str) -> bool:
    """Say whether an address can be redirected to: of this machine, and fit for a header line."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    fit = address.isascii() and address.isprintable()
    return fit and parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK


def _page(profiles: Sequence[Profile], sent: Mapping[str, str]) -> str:
    kept = {name: value for name, value in sent.items() if name not in {"auto", "realm"}} | {"auto": "1"}
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in kept.items()
    )
    buttons = "".join(
        f'<p><button name="realm" value="{each.realm}">Connect {escape(each.name)}</button></p>'
        for each in profiles
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Connect a company</title>'
        "<h1>Which company may be read?</h1><p>This is a sandbox: the companies and their books are invented.</p>"
        f'<form method="get" action="{CONSENT}">{hidden}{buttons}</form></html>'
    )
