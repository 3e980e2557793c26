"""Where a system answers."""

from __future__ import annotations

import pytest

from conductor.sources.quickbooks import endpoints


@pytest.mark.parametrize(
    "api", ["https://quickbooks.api.intuit.com", "https://sandbox-quickbooks.api.intuit.com"]
)
def test_the_vendors_consent_and_tokens_have_hosts_of_their_own(api: str) -> None:
    found = endpoints(api)
    assert found.api == api
    assert found.authorize == "https://appcenter.intuit.com/connect/oauth2"
    assert found.tokens == "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"


@pytest.mark.parametrize("api", ["http://127.0.0.1:8400", "https://quickbooks.api.intuit.com.example.org"])
def test_any_other_host_keeps_its_own_secrets(api: str) -> None:
    found = endpoints(api)
    assert found.authorize == f"{api}/connect/oauth2"
    assert found.tokens == f"{api}/oauth2/v1/tokens/bearer"
