"""Where the accounting system answers, and which of its companies are meant."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field


class AccountingAPI(Block):
    """An accounting system's API. Secrets are references (`env:NAME`, `file:/path`); tokens stay in the token store."""

    _block_type_name: ClassVar[str | None] = "Accounting API"
    _block_type_slug: ClassVar[str | None] = "conductor-accounting-api"
    _description: ClassVar[str | None] = (
        "An accounting system whose receipts are read and whose books get journal entries."
    )

    url: str = Field(description="Base address of the API, without the company.", pattern=r"^https?://")
    realm: str = Field(description="Company whose documents are read.", pattern=r"^[0-9]+$")
    group_realm: str = Field(
        description="Company that the day's journal entries are posted to.", pattern=r"^[0-9]+$"
    )
    client_id: str = Field(description="OAuth client id of the app at the vendor.")
    client_secret: str = Field(
        description="Reference to the OAuth client secret: env:NAME or file:/path.", pattern="^(env|file):"
    )
    page_size: int = Field(1000, ge=1, le=1000, description="Rows asked for per page.")
    sources: list[str] = Field(
        default_factory=list[str],
        description="Further companies that products are read from, each as `name=kind:company`.",
    )
