"""Where notices go."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field

from conductor.secrets import REFERENCE


class Notifier(Block):
    """Receivers of notices: any of Slack, mail and PagerDuty. Secrets are references (`env:NAME`, `file:/path`)."""

    _block_type_name: ClassVar[str | None] = "Notifier"
    _block_type_slug: ClassVar[str | None] = "conductor-notifier"
    _description: ClassVar[str | None] = "Where a workspace's notices and daily reports go."

    slack_webhook_url: str = Field(
        "", pattern=REFERENCE, description="Reference to a Slack incoming webhook; empty sends none."
    )
    pagerduty_routing_key: str = Field(
        "", pattern=REFERENCE, description="Reference to a PagerDuty Events v2 key; empty sends none."
    )
    smtp_host: str = Field("", description="Mail server; empty sends none.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_user: str = Field("", description="User at the mail server; empty logs in as nobody.")
    smtp_password: str = Field(
        "", pattern=REFERENCE, description="Reference to the password at the mail server."
    )
    smtp_tls: bool = Field(True, description="Whether mail is sent over STARTTLS.")
    email_from: str = Field("cloud-conductor@localhost", description="Sender of notices by mail.")
    email_to: list[str] = Field(default_factory=list[str], description="Recipients of notices by mail.")
