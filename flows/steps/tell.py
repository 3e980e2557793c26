"""Tell people how a run went: artifacts in Prefect's UI, and notices."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact

from conductor import story
from conductor.errors import ConductorError
from conductor.notify.email import EmailNotifier
from conductor.notify.notices import failure
from conductor.notify.slack import SlackNotifier
from conductor.notify.webhook import Webhook
from conductor.values import Slot
from conductor.workspace import Workspace


def tell(workspace: Workspace, slots: Sequence[Slot]) -> None:
    """Write the story of each slot's current version as an artifact. Repeats: a newer artifact of the same key."""
    for slot in slots:
        if row := workspace.ledger.current(slot):
            text = story.markdown(story.tell(workspace.ledger, row.batch))
            create_markdown_artifact(
                text, key=slot.id.replace("/", "-").replace("_", "-"), description=slot.id
            )


def tell_failure(workspace: Workspace, slot: Slot, error: ConductorError) -> None:
    """Send the notice of a failed run to whoever is to know."""
    notice = failure(slot, error)
    for notifier in _notifiers(workspace):
        notifier.send(notice)


def _notifiers(workspace: Workspace) -> list[SlackNotifier | EmailNotifier]:
    url = workspace.settings.slack_webhook_url.get_secret_value()
    return [SlackNotifier(Webhook("Slack", url))] if url else []
