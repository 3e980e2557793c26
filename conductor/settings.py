"""One typed settings class. Whoever stands at the edge (the command line, a flow's first step) hands in the environment."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from conductor.errors import FixTheConfiguration

PREFIX = "CONDUCTOR_"
FILE = "conductor.toml"


class Settings(BaseModel):
    """What can be set, from weakest to strongest: the default, `conductor.toml` in the home, the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: str = Field("UTC", description="Zone in which a scheduled time becomes a business date.")
    products_path: tuple[Path, ...] = Field(
        (), description="Folders with data products of your own, beside the shipped ones."
    )

    accounting_url: str = Field(
        "", description="Base address of the accounting API; empty starts the bundled sandbox."
    )
    accounting_realm: str = Field("9130350000000001", description="Company whose receipts are read.")
    group_realm: str = Field(
        "9130350000000002", description="Company that the day's journal entries are posted to."
    )
    accounting_client_id: str = Field("", description="OAuth client id of the app at the accounting vendor.")
    accounting_client_secret: SecretStr = Field(
        SecretStr(""), description="OAuth client secret; comes from a secret manager."
    )
    sources: tuple[str, ...] = Field(
        (),
        description="Further companies that products are read from, each as `name=kind:company`; a contract names its source.",
    )
    page_size: int = Field(1000, ge=1, le=1000, description="Rows asked for per page of the accounting API.")

    journal_clearing_account: str = Field(
        "Undeposited Funds", description="Account debited with the day's receipts."
    )
    journal_revenue_account: str = Field("Sales", description="Account credited with the day's revenue.")
    journal_tax_account: str = Field(
        "Sales Tax Payable", description="Account credited with the day's sales tax."
    )

    engine: str = Field(
        "auto", pattern="^(auto|polars|spark)$", description="Which engine refines; `auto` decides by size."
    )
    spark_from_bytes: int = Field(
        100_000_000, ge=0, description="Input size from which Spark refines, in bytes."
    )
    spark_runs: str = Field(
        "here",
        pattern="^(here|pool)$",
        description="Where Spark refines: `here`, in the run's own process, or as a run of the deployment refine-batch/refine, in "
        "its work `pool`.",
    )
    spark_wait_seconds: int = Field(
        1800,
        ge=1,
        description="After how long without a sign of life a run in the Spark pool is no longer waited for, and how long such a "
        "run waits for its slot.",
    )
    spark_executors: int = Field(
        8, ge=1, description="How many executors Spark may have at most, where it runs on a cluster."
    )
    spark_executor_cpu: float = Field(
        1.0, ge=0.1, description="Cores that an executor asks the cluster for; it may use more that are free."
    )
    spark_master: str = Field(
        "local[*]",
        pattern=r"^(local\[\*\]|given|k8s://https?://.+)$",
        description="Who runs Spark's tasks: `local[*]`, this process; `k8s://` and a Kubernetes API server, executors in pods; or "
        "`given`, whoever this process was submitted to. The job template of the spark work pool sets it, and the next five.",
    )
    spark_namespace: str = Field(
        "", description="Namespace of the driver's pod, where its executors are made."
    )
    spark_pod_name: str = Field("", description="Name of the driver's own pod, which owns the executors.")
    spark_pod_ip: str = Field("", description="Address of the driver's own pod, which the executors call.")
    spark_image: str = Field("", description="Image of the executors: the driver's own.")
    spark_executor_template: Path | None = Field(
        None, description="Pod template of the executors; empty takes the shipped one."
    )
    memory_bytes: int = Field(
        2_000_000_000, ge=100_000_000, description="Memory that refining may plan with, in bytes."
    )

    gate_full_rows: int = Field(
        20_000,
        ge=1,
        description="Rows of a batch up to which Great Expectations looks at all of them, half a second's work; of more "
        "it looks at a sample, beside a count of everything that takes a tenth of its time.",
    )
    quarantine_alarm_days: int = Field(
        7, ge=1, description="Days after which rows that are still set aside are told of again, once a day."
    )

    lease_seconds: int = Field(
        120, ge=1, description="After how long without a sign of life a run may be replaced."
    )
    step_retries: int = Field(
        2, ge=0, description="How often a step is tried again when the world was not ready."
    )
    step_retry_seconds: float = Field(
        5.0, ge=0, description="First pause between two tries of a step; it doubles each time."
    )
    poison_after: int = Field(
        5, ge=1, description="After how many equal failures a batch is put aside as poison."
    )

    run_deadline_seconds: int = Field(
        21_600,
        ge=60,
        description="Seconds after which a run on a cluster is given up; a deployment's own stands in the annotation "
        "`conductor/deadline-seconds` of its job variables.",
    )
    unschedulable_seconds: int = Field(
        1800, ge=0, description="How long a pod may wait for a node; an autoscaler may be adding one."
    )
    image_pull_seconds: int = Field(
        600, ge=0, description="How long a pod may wait for an image that cannot be pulled."
    )
    configuration_seconds: int = Field(
        300, ge=0, description="How long a pod may wait for a Secret or ConfigMap that is missing."
    )
    confirm_seconds: float = Field(
        10.0,
        ge=10,
        description="Pause between the two readings that have to agree before anything on the cluster is touched.",
    )

    slack_webhook_url: SecretStr = Field(
        SecretStr(""), description="Slack incoming webhook for notices; empty sends none."
    )
    pagerduty_routing_key: SecretStr = Field(
        SecretStr(""), description="PagerDuty Events v2 key; empty sends none."
    )
    pagerduty_url: str = Field(
        "https://events.pagerduty.com/v2/enqueue", description="Address of the PagerDuty Events API."
    )
    smtp_host: str = Field("", description="Mail server for notices; empty sends none.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_user: str = Field("", description="User at the mail server; empty logs in as nobody.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the mail server.")
    smtp_tls: bool = Field(True, description="Whether mail is sent over STARTTLS.")
    email_from: str = Field("cloud-conductor@localhost", description="Sender of notices by mail.")
    email_to: tuple[str, ...] = Field((), description="Recipients of notices by mail.")
    subscriber_urls: tuple[str, ...] = Field(
        (), description="Addresses that get each event as a CloudEvent over HTTP."
    )
    subscriber_secret: SecretStr = Field(SecretStr(""), description="Key that signs events sent over HTTP.")


def load_settings(home: Path, environment: Mapping[str, str]) -> Settings:
    """Give the settings of a home. A wrong name or value is `FixTheConfiguration` that says where it stands."""
    file = home / FILE
    values: dict[str, Any] = {}
    if file.exists():
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise FixTheConfiguration(f"{file} is not TOML: {error}") from None
    for name, field in Settings.model_fields.items():
        text = environment.get(PREFIX + name.upper())
        if text is not None:
            values[name] = tuple(filter(None, text.split(","))) if "tuple" in str(field.annotation) else text
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise FixTheConfiguration(
            f"the setting {name} is wrong: {first['msg']}",
            next_command=f"edit {file}, or the variable {PREFIX}{name.upper()}",
        ) from None
