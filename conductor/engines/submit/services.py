"""Which service runs Spark for us, as a work pool names it, and how it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from conductor.engines.submit.submission import Submitter
from conductor.errors import FixTheConfiguration

TOKEN = "DATABRICKS_TOKEN"  # noqa: S105 - the name of the variable, as Databricks' own tools call it
ASKING_SECONDS = 60


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerlessPlace(_Place):
    """An application of EMR Serverless. The worker asks with its own identity, the job works with that of the role."""

    service: Literal["emr-serverless"]
    region: str = Field(min_length=1, description="Region of AWS.")
    application_id: str = Field(min_length=1, description="Application that the job runs in.")
    role_arn: str = Field(min_length=1, description="Role that the job works with.")
    endpoint_url: str | None = Field(None, description="Address of the API; empty takes that of AWS.")


class EksPlace(_Place):
    """A virtual cluster of EMR on EKS."""

    service: Literal["emr-on-eks"]
    region: str = Field(min_length=1, description="Region of AWS.")
    virtual_cluster_id: str = Field(min_length=1, description="Virtual cluster that the job runs in.")
    role_arn: str = Field(min_length=1, description="Role that the job works with.")
    release: str = Field(
        min_length=1, description="Release of EMR.", json_schema_extra={"example": "emr-7.9.0-latest"}
    )
    endpoint_url: str | None = Field(None, description="Address of the API; empty takes that of AWS.")


class DatabricksPlace(_Place):
    """A workspace of Databricks; each job gets a cluster of its own. The worker's token is in its environment."""

    service: Literal["databricks"]
    host: str = Field(pattern="^https?://", description="Address of the workspace.")
    spark_version: str = Field(min_length=1, description="Version of its runtime.")
    node_type: str = Field(min_length=1, description="Kind of machine of driver and workers.")


Place = Annotated[ServerlessPlace | EksPlace | DatabricksPlace, Field(discriminator="service")]


def open_service(place: Place, environment: Mapping[str, str]) -> Submitter:
    """Give the service at a place; `environment` holds the token, where one is needed. A missing one is `FixTheConfiguration`."""
    if isinstance(place, DatabricksPlace):
        from conductor.engines.submit.databricks import Databricks

        if not (token := environment.get(TOKEN)):
            raise FixTheConfiguration(
                f"there is no token for {place.host}: the worker's environment has no {TOKEN}",
                next_command=f"export {TOKEN}=…, from a Secret: workPools.spark.env in the chart",
            )
        client = httpx.Client(base_url=place.host, timeout=ASKING_SECONDS)
        return Databricks(client, SecretStr(token), place.spark_version, place.node_type)
    from conductor.engines.submit.emr import EmrOnEks, EmrServerless, emr_client

    if isinstance(place, ServerlessPlace):
        client = emr_client("emr-serverless", place.region, place.endpoint_url)
        return EmrServerless(client, place.application_id, place.role_arn)
    client = emr_client("emr-containers", place.region, place.endpoint_url)
    return EmrOnEks(client, place.virtual_cluster_id, place.role_arn, place.release)
