"""Write the day's revenue into the group company's books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from conductor import journal
from conductor.errors import ApprovalNeeded, FixTheConfiguration
from conductor.sources.journal import Entry, NewEntry
from conductor.values import Built, Posted, PostedEntry, State
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Posted, state=State.POSTED)
def post(turn: Turn, built: Built) -> Posted:
    """Post what the mart says and the books do not say yet: a balanced entry per currency.

    Repeats: the slot's entries are found in the books by their document numbers, and nothing is posted twice.
    """
    workspace, batch = turn.workspace, built.batch
    if not turn.product.contract.journal:
        return Posted(batch=batch, entries=(), note="the product is not posted")
    if workspace.settings.group_realm == workspace.settings.accounting_realm:
        raise FixTheConfiguration(
            "the group company is the company whose receipts are read: its books hold them already",
            next_command="set group_realm to the company that consolidates",
        )
    books = workspace.books()
    settings = workspace.settings
    accounts = journal.find_accounts(
        books.accounts(),
        settings.journal_clearing_account,
        settings.journal_revenue_account,
        settings.journal_tax_account,
    )
    revenue = workspace.warehouse.daily_revenue(batch.slot.day)
    found = books.find_entries(journal.document_prefix(batch.slot))
    drafts = journal.due(batch.slot, batch.version, revenue, found, accounts)
    new = [_post(turn, draft, batch.id) for draft in drafts]
    here = [entry for entry in found if entry.document.endswith(f"-{batch.version}")]
    entries = (*(_told(entry, new=False) for entry in here), *new)
    note = f"{len(new)} posted, {len(here)} found" if entries else "the books already say what the mart says"
    return Posted(batch=batch, entries=entries, note=note)


def _post(turn: Turn, draft: journal.Draft, batch: str) -> PostedEntry:
    turn.workspace.ledger.ensure(turn.lease)
    approval = turn.workspace.ledger.approval(batch, "closed period")
    entry = _redated(draft.entry, approval.details) if approval else draft.entry
    try:
        return _told(
            turn.workspace.books().post_entry(entry, draft.request_id), new=True, request_id=draft.request_id
        )
    except ApprovalNeeded as error:
        error.next_command = f"conductor approve {batch} --by NAME --reason TEXT --post-on YYYY-MM-DD"
        raise


def _redated(entry: NewEntry, day: str) -> NewEntry:
    return replace(entry, day=date.fromisoformat(day), note=f"{entry.note}; the period was closed")


def _told(entry: Entry, *, new: bool, request_id: str = "") -> PostedEntry:
    return PostedEntry(
        currency=entry.currency,
        entry_id=entry.id,
        document=entry.document,
        request_id=request_id,
        gross=entry.debits,
        new=new,
    )
