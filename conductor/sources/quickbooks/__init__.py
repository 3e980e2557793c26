"""QuickBooks Online: how it is reached and logged in to, and what to make of a client of it."""

from __future__ import annotations

from urllib.parse import urlsplit

from conductor.sources.adapter import Adapter
from conductor.sources.oauth import Endpoints
from conductor.sources.pace import Limits
from conductor.sources.quickbooks.faults import read
from conductor.sources.quickbooks.system import QuickBooks

__all__ = ["ADAPTER", "QuickBooks"]

VENDOR = "quickbooks.api.intuit.com"


def endpoints(url: str) -> Endpoints:
    """Give the addresses that go with an API's. The vendor's consent and tokens have hosts of their own."""
    if (urlsplit(url).hostname or "").endswith(VENDOR):
        return Endpoints(
            authorize="https://appcenter.intuit.com/connect/oauth2",
            tokens="https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
            api=url,
        )
    return Endpoints(authorize=f"{url}/connect/oauth2", tokens=f"{url}/oauth2/v1/tokens/bearer", api=url)


ADAPTER = Adapter(
    name="quickbooks",
    endpoints=endpoints,
    scope="com.intuit.quickbooks.accounting",
    company_path="v3/company/{company}",
    # At most 10 in a second and 482 in a minute; the vendor takes 10, 500 and 10 at a time.
    limits=Limits(per_second=8.0, burst=2, concurrent=8),
    read=read,
    open=QuickBooks,
)
