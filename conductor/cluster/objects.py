"""Jobs, pods and events as Kubernetes tells of them: what a diagnosis needs, read from the API's JSON.

`Pod.model_validate(item)` reads one item of a list; what the API leaves out has its default here. Instants are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import AliasPath, BaseModel, ConfigDict, Field

RUN_LABEL = "prefect.io/flow-run-id"
DEADLINE = "conductor/deadline-seconds"
"""Annotation of a run: how many seconds after its start in a pool it is given up."""


def deadline_seconds(annotations: Mapping[str, str]) -> int | None:
    """Give the deadline that annotations name; None where there is none, or no number."""
    told = annotations.get(DEADLINE, "")
    return int(told) if told.isdecimal() else None


class Told(BaseModel):
    """Something that the API told; what we do not need of it is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Condition(Told):
    """One condition of a Job or pod, such as `DisruptionTarget`, and why it holds."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""
    since: datetime | None = Field(None, validation_alias="lastTransitionTime")


class Waiting(Told):
    """Why a container has not started."""

    reason: str = ""
    message: str = ""


class Ended(Told):
    """How a container ended; what it wrote is left out, it may quote data."""

    reason: str = ""
    exit_code: int = Field(0, validation_alias="exitCode")


class Container(Told):
    """How a container of a pod stands."""

    name: str
    restarts: int = Field(0, validation_alias="restartCount")
    waiting: Waiting | None = Field(None, validation_alias=AliasPath("state", "waiting"))
    running_since: datetime | None = Field(None, validation_alias=AliasPath("state", "running", "startedAt"))
    ended: Ended | None = Field(None, validation_alias=AliasPath("state", "terminated"))
    ended_before: Ended | None = Field(None, validation_alias=AliasPath("lastState", "terminated"))

    @property
    def started(self) -> bool:
        """Whether its program ever ran."""
        return bool(self.running_since or self.ended or self.ended_before)


class Owner(Told):
    """Who made an object, and goes on owning it."""

    kind: str
    name: str
    uid: str


class Named(Told):
    """What all objects have."""

    uid: str = Field("", validation_alias=AliasPath("metadata", "uid"))
    name: str = Field(validation_alias=AliasPath("metadata", "name"))
    namespace: str = Field("", validation_alias=AliasPath("metadata", "namespace"))
    created: datetime = Field(validation_alias=AliasPath("metadata", "creationTimestamp"))
    deleting: datetime | None = Field(None, validation_alias=AliasPath("metadata", "deletionTimestamp"))
    labels: dict[str, str] = Field({}, validation_alias=AliasPath("metadata", "labels"))
    annotations: dict[str, str] = Field({}, validation_alias=AliasPath("metadata", "annotations"))
    owners: tuple[Owner, ...] = Field((), validation_alias=AliasPath("metadata", "ownerReferences"))
    conditions: tuple[Condition, ...] = Field((), validation_alias=AliasPath("status", "conditions"))

    @property
    def run_id(self) -> str:
        """The flow run that it belongs to; empty if to none."""
        return self.labels.get(RUN_LABEL, "")

    def condition(self, kind: str) -> Condition | None:
        """Give a condition if it holds."""
        return next((each for each in self.conditions if each.type == kind and each.status == "True"), None)


class Pod(Named):
    """A pod. `deleting` is when Kubernetes expects it to be gone: the request plus its grace."""

    phase: str = Field("Unknown", validation_alias=AliasPath("status", "phase"))
    reason: str = Field("", validation_alias=AliasPath("status", "reason"))
    message: str = Field("", validation_alias=AliasPath("status", "message"))
    node: str = Field("", validation_alias=AliasPath("spec", "nodeName"))
    memory: str = Field(
        "", validation_alias=AliasPath("spec", "containers", 0, "resources", "limits", "memory")
    )
    own: tuple[Container, ...] = Field((), validation_alias=AliasPath("status", "containerStatuses"))
    first: tuple[Container, ...] = Field((), validation_alias=AliasPath("status", "initContainerStatuses"))

    @property
    def containers(self) -> tuple[Container, ...]:
        """Its containers, in the order in which they start."""
        return (*self.first, *self.own)

    @property
    def finished(self) -> bool:
        """Whether all its programs have ended for good."""
        return self.phase in ("Succeeded", "Failed")

    @property
    def executor(self) -> bool:
        """Whether it is one of Spark's executors."""
        return self.labels.get("spark-role") == "executor"


class Job(Named):
    """A Job. `grace` is the time that its pod gets between the signal to end and the end."""

    active: int = Field(0, validation_alias=AliasPath("status", "active"))
    succeeded: int = Field(0, validation_alias=AliasPath("status", "succeeded"))
    failed: int = Field(0, validation_alias=AliasPath("status", "failed"))
    grace_seconds: int = Field(
        30, validation_alias=AliasPath("spec", "template", "spec", "terminationGracePeriodSeconds")
    )

    @property
    def grace(self) -> timedelta:
        """The time to end in."""
        return timedelta(seconds=self.grace_seconds)

    @property
    def finished(self) -> bool:
        """Whether it makes no pod any more."""
        return bool(self.condition("Complete") or self.condition("Failed"))

    def deadline(self, otherwise: timedelta) -> datetime:
        """Give the instant at which its run is given up; a Job that names none, or no number, has the one for all."""
        told = deadline_seconds(self.annotations)
        return self.created + (otherwise if told is None else timedelta(seconds=told))


class Happened(Told):
    """An event: what happened to an object, in Kubernetes' own words."""

    reason: str = ""
    message: str = ""
    kind: str = Field("", validation_alias=AliasPath("involvedObject", "kind"))
    about: str = Field("", validation_alias=AliasPath("involvedObject", "name"))
    last: datetime | None = Field(None, validation_alias="lastTimestamp")
