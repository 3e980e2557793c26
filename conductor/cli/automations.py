"""Prefect's automations, made those that are shipped, each under its name.

`prefect deploy` would make the triggers of a deployment anew each time, under other ids, with a pause of a person forgotten. So they are
none of a deployment's, and are changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.exceptions import ObjectNotFound

from conductor.cli.shipped_automations import TAG, Shipped, read, wanted
from conductor.errors import FixTheConfiguration, RetryLater


class Change(StrEnum):
    """What became of an automation."""

    CREATED = "created"
    CHANGED = "changed"
    SAME = "as it was"
    SKIPPED = "left out: nobody is named who could be told (--notify)"
    ABSENT = "left out: its deployment is not there yet (prefect deploy --all, then this again)"


def apply_file(file: Path, notify: str, *, dry_run: bool = False) -> list[tuple[str, str]]:
    """Make the automations of the server that PREFECT_API_URL names those of the file; give name and outcome of each.

    `notify` is a notification block as type/name, or empty. A server that does not answer is `RetryLater`.
    """
    shipped = read(file)
    try:
        with get_client(sync_client=True) as client:
            told = _block(client, notify) if notify else None
            done = [(name, str(change)) for name, change in apply(client, shipped, told, dry_run=dry_run)]
            return done + [(name, "no longer shipped, and left as it is") for name in gone(client, shipped)]
    except httpx.TransportError:
        raise RetryLater("Prefect's server does not answer", next_command="prefect config view") from None


def apply(
    client: SyncPrefectClient, shipped: Sequence[Shipped], notify: UUID | None, *, dry_run: bool = False
) -> Iterator[tuple[str, Change]]:
    """Make the server's automations those of the file, and say of each what became of it; with `dry_run` nothing is written.

    A changed one keeps its id, one that a person paused stays paused. Repeats: all are as they were, and nothing is written.
    """
    deployments = {each.run: _deployment(client, each.run) for each in shipped if each.run}
    for each in shipped:
        target = deployments[each.run] if each.run else notify
        if target is None:
            yield each.name, Change.ABSENT if each.run else Change.SKIPPED
        else:
            yield each.name, _bring(client, wanted(each, target), dry_run=dry_run)


def _bring(client: SyncPrefectClient, whole: AutomationCore, *, dry_run: bool) -> Change:
    there = client.read_automations_by_name(whole.name)
    if not there:
        if not dry_run:
            client.create_automation(whole)
        return Change.CREATED
    if _content(there[0]) == _content(whole):
        return Change.SAME
    if not dry_run:
        client.update_automation(there[0].id, _changed(whole, enabled=there[0].enabled))
    return Change.CHANGED


def _changed(whole: AutomationCore, *, enabled: bool) -> AutomationCore:
    """Give what an automation is to be, without what the server refuses in a change: whose it is."""
    return AutomationCore(
        name=whole.name,
        description=whole.description,
        enabled=enabled,
        tags=whole.tags,
        trigger=whole.trigger,
        actions=whole.actions,
    )


def _content(automation: Automation | AutomationCore) -> Mapping[str, object]:
    return automation.model_dump(mode="json", include={"description", "tags", "trigger", "actions"})


def gone(client: SyncPrefectClient, shipped: Iterable[Shipped]) -> tuple[str, ...]:
    """Give the names of automations that were shipped once and no longer are. They are left: a person may have taken one over."""
    names = {each.name for each in shipped}
    return tuple(
        sorted(each.name for each in client.read_automations() if TAG in each.tags and each.name not in names)
    )


def _deployment(client: SyncPrefectClient, name: str) -> UUID | None:
    try:
        return client.read_deployment_by_name(name).id
    except ObjectNotFound:
        return None


def _block(client: SyncPrefectClient, name: str) -> UUID:
    kind, _, document = name.partition("/")
    try:
        return client.read_block_document_by_name(document, kind).id
    except ObjectNotFound:
        raise FixTheConfiguration(f"there is no block {name}", next_command="prefect block ls") from None
