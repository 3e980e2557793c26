"""The automations that are shipped: what the file says, and each as Prefect's server is to have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from prefect.events.actions import RunDeployment, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from conductor.errors import FixTheConfiguration

TAG = "cloud-conductor"
HEARTBEAT = "prefect.flow-run.heartbeat"
SAFE_SILENCE = 540
"""Seconds: three of Prefect's longest pauses between two heartbeats. A shorter silence was seen in runs that were well."""


@dataclass(frozen=True)
class Shipped:
    """An automation of the file. `run` is the deployment to start, `notify` what people are told; one of them is there."""

    name: str
    description: str
    trigger: Mapping[str, object]
    run: str = ""
    after_seconds: int = 0
    notify: str = ""


def read(file: Path) -> tuple[Shipped, ...]:
    """Read the file; what Prefect would refuse, or take for something else, is `FixTheConfiguration` with the automation's name."""
    try:
        entries = YAML(typ="safe").load(file)
    except (OSError, YAMLError) as error:
        raise FixTheConfiguration(f"{file} can't be read: {error}") from None
    found = tuple(_entry(entry) for entry in entries)
    names = [each.name for each in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FixTheConfiguration(f"{file} has {', '.join(twice)} more than once")
    for each in found:
        _check(each)
    return found


def _entry(entry: Mapping[str, object]) -> Shipped:
    name = entry.get("name", "an automation without a name")
    if unknown := set(entry) - {field.name for field in fields(Shipped)}:
        raise FixTheConfiguration(f"{name}: {', '.join(sorted(unknown))} means nothing")
    try:
        return Shipped(**entry)  # type: ignore[arg-type]
    except TypeError as error:
        raise FixTheConfiguration(f"{name}: {error}") from None


def _check(each: Shipped) -> None:
    """Refuse what would do harm: Prefect itself drops words that it does not know, and acts on a pause between two heartbeats."""
    if bool(each.run) == bool(each.notify):
        raise FixTheConfiguration(f"{each.name} either runs a deployment or notifies")
    if unknown := set(each.trigger) - set(EventTrigger.model_fields):
        raise FixTheConfiguration(f"{each.name}: a trigger has no {', '.join(sorted(unknown))}")
    trigger = trigger_of(each)
    if HEARTBEAT in trigger.after and trigger.within.total_seconds() < SAFE_SILENCE:
        raise FixTheConfiguration(
            f"{each.name} takes runs for lost that are well: wait {SAFE_SILENCE} seconds or more"
        )
    if trigger.posture is Posture.Reactive and "Unschedulable" in str(trigger.match):
        raise FixTheConfiguration(f"{each.name} acts on pods that only wait for a node")


def trigger_of(each: Shipped) -> EventTrigger:
    """Give the trigger as Prefect reads it."""
    try:
        return EventTrigger.model_validate(each.trigger)
    except ValidationError as error:
        raise FixTheConfiguration(f"{each.name}: {error.errors()[0]['msg']}") from None


def wanted(each: Shipped, target: UUID) -> AutomationCore:
    """Give an automation as the server is to have it; `target` is the deployment that it runs, or the block by which it tells."""
    if each.run:
        later = timedelta(seconds=each.after_seconds)
        action = RunDeployment(
            source="selected", deployment_id=target, parameters=None, job_variables=None, schedule_after=later
        )
    else:
        action = SendNotification(block_document_id=target, subject=each.name, body=each.notify)
    return AutomationCore(
        name=each.name,
        description=each.description,
        tags=[TAG],
        trigger=trigger_of(each),
        actions=[action],
        owner_resource=None,
    )
