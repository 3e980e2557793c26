from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.quickbooks import GROUP, SHOP, Rotation

CLIENT = ("app", "app-secret")
BACK = "http://127.0.0.1:9/callback?tenant=1"
ASKED = {
    "client_id": "app",
    "response_type": "code",
    "scope": "com.intuit.quickbooks.accounting",
    "redirect_uri": BACK,
    "state": "s<1>&",
}


def consent(sandbox: Any, **more: str) -> httpx.Response:
    return httpx.get(f"{sandbox.url}/connect/oauth2", params={**ASKED, **more})


def token(sandbox: Any, auth: tuple[str, str] = CLIENT, **form: str) -> httpx.Response:
    return httpx.post(f"{sandbox.url}/oauth2/v1/tokens/bearer", data=form, auth=auth)


def landed(answer: httpx.Response) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_a_headless_consent_redirects_with_code_state_and_company(make: Any) -> None:
    answer = consent(make(), auto="1", realm=GROUP.realm)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(BACK)
    found = landed(answer)
    assert (found["tenant"], found["state"], found["realmId"]) == ("1", "s<1>&", GROUP.realm)
    assert found["code"]


def test_the_page_for_people_has_a_button_per_company_that_leads_to_the_redirect(make: Any) -> None:
    sandbox = make()
    page = consent(sandbox)
    assert page.headers["content-type"].startswith("text/html")
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)">', page.text))
    assert set(re.findall(r'<button name="realm" value="(\d+)"', page.text)) == {SHOP.realm, GROUP.realm}
    sent = {name: unescape(value) for name, value in fields.items()} | {"realm": SHOP.realm}
    pressed = httpx.get(f"{sandbox.url}/connect/oauth2", params=sent)
    assert (landed(pressed)["realmId"], landed(pressed)["state"]) == (SHOP.realm, "s<1>&")


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": "http://example.com/"},
        {"redirect_uri": ""},
        {"redirect_uri": "http://["},
        {"redirect_uri": "javascript://localhost/"},
        {"redirect_uri": "http://localhost/\r\nSet-Cookie: a=b"},
        {"response_type": "token"},
        {"realm": "1"},
    ],
)
def test_a_wrong_consent_request_is_refused_without_a_redirect(make: Any, wrong: dict[str, str]) -> None:
    assert consent(make(), **{"auto": "1", **wrong}).status_code == 400


def test_a_code_is_good_once_for_its_redirect_and_ten_minutes(make: Any, clock: Any) -> None:
    sandbox = make()

    def code() -> str:
        return landed(consent(sandbox, auto="1"))["code"]

    def exchange(given: str, back: str = BACK) -> httpx.Response:
        return token(sandbox, grant_type="authorization_code", code=given, redirect_uri=back)

    first = code()
    answer = exchange(first)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {
        "token_type",
        "access_token",
        "expires_in",
        "refresh_token",
        "x_refresh_token_expires_in",
    }
    assert (body["token_type"], body["expires_in"]) == ("bearer", 3600)
    assert exchange(first).json() == {"error": "invalid_grant"}
    assert exchange(code(), "http://127.0.0.1:9/other").json() == {"error": "invalid_grant"}
    late = code()
    clock.advance(minutes=10)
    assert exchange(late).status_code == 400


def test_an_unknown_client_or_grant_is_refused(make: Any) -> None:
    sandbox = make()
    stranger = token(sandbox, ("app", "wrong"), grant_type="refresh_token", refresh_token="x")
    assert (stranger.status_code, stranger.json()) == (401, {"error": "invalid_client"})
    other = token(sandbox, grant_type="password")
    assert (other.status_code, other.json()) == (400, {"error": "unsupported_grant_type"})


def test_always_rotating_refuses_the_old_token_at_once(make: Any, call: Any) -> None:
    caller = call(make(rotation=Rotation.ALWAYS))
    old = caller.tokens["refresh_token"]
    new = caller.refresh(old).json()["refresh_token"]
    assert new != old
    refused = caller.refresh(old)
    assert (refused.status_code, refused.content) == (400, b'{"error":"invalid_grant"}')
    assert refused.headers["intuit_tid"]
    assert caller.refresh(new).status_code == 200


def test_daily_rotating_keeps_the_token_for_a_day(make: Any, call: Any, clock: Any) -> None:
    caller = call(make())
    old = caller.tokens["refresh_token"]
    clock.advance(hours=23)
    assert caller.refresh(old).json()["refresh_token"] == old
    clock.advance(hours=1)
    assert caller.refresh(old).json()["refresh_token"] != old
    assert caller.refresh(old).status_code == 400


def test_never_rotating_keeps_the_token_while_it_is_used(make: Any, call: Any, clock: Any) -> None:
    caller = call(make(rotation=Rotation.NEVER))
    old = caller.tokens["refresh_token"]
    for _ in range(2):
        clock.advance(days=90)
        assert caller.refresh(old).json()["refresh_token"] == old
    clock.advance(days=101)
    assert caller.refresh(old).status_code == 400


def test_an_access_token_lives_an_hour_and_dies_in_the_gateways_shape(
    make: Any, call: Any, clock: Any
) -> None:
    caller = call(make())
    clock.advance(seconds=3599)
    assert caller.get("preferences").status_code == 200
    clock.advance(seconds=1)
    answer = caller.get("preferences")
    body = answer.json()
    assert answer.status_code == 401
    assert body["fault"]["type"] == "AUTHENTICATION"
    assert body["fault"]["error"] == [
        {
            "message": "message=AuthenticationFailed; errorCode=003200; statusCode=401",
            "detail": "Token expired",
            "code": "3200",
            "element": None,
        }
    ]
    assert body["time"] == int(clock.now.timestamp()) * 1000


def test_an_access_token_may_be_limited_to_a_number_of_requests(make: Any, call: Any) -> None:
    caller = call(make(access_token_uses=2))
    assert [caller.get("preferences").status_code for _ in range(3)] == [200, 200, 401]
    caller.tokens = caller.refresh().json()
    assert caller.get("preferences").status_code == 200


def test_no_token_is_401_and_another_companys_is_403(make: Any, call: Any) -> None:
    sandbox = make()
    caller = call(sandbox)
    assert httpx.get(f"{sandbox.url}/v3/company/{SHOP.realm}/preferences").status_code == 401
    caller.realm = GROUP.realm
    answer = caller.get("preferences")
    assert (answer.status_code, answer.json()["fault"]["error"][0]["code"]) == (403, "3100")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_consent(make: Any, call: Any, kind: str) -> None:
    sandbox = make()
    caller, other = call(sandbox), call(sandbox, GROUP.realm)
    address = f"{sandbox.url}/v2/oauth2/tokens/revoke"
    assert httpx.post(address, json={"token": caller.tokens[kind]}, auth=CLIENT).status_code == 200
    assert caller.get("preferences").status_code == 401
    assert caller.refresh().json() == {"error": "invalid_grant"}
    assert other.get("preferences").status_code == 200


def test_the_addresses_can_be_discovered(make: Any) -> None:
    sandbox = make()
    found = httpx.get(f"{sandbox.url}/.well-known/openid_sandbox_configuration/").json()
    assert found["authorization_endpoint"] == f"{sandbox.url}/connect/oauth2"
    assert found["token_endpoint"] == f"{sandbox.url}/oauth2/v1/tokens/bearer"
    assert found["revocation_endpoint"] == f"{sandbox.url}/v2/oauth2/tokens/revoke"
