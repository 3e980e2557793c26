"""What a day came to: marts and books as they are, beside what was derived from the planned receipts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from pipeline.end_state import daily_revenue, journal
from pipeline.expected import Day, expected
from pipeline.site import PRODUCT, SEED, Site

from conductor.journal import document_prefix
from conductor.values import Refined, Slot
from sandbox.quickbooks.receipts import Flaw, Receipt, SalesLine

Amounts = dict[str, dict[str, Decimal]]
Mend = Callable[[SalesLine], SalesLine]


def newest(here: Site, slot: Slot) -> str:
    """Give the id of a slot's newest version."""
    workspace = here.workspace()
    try:
        current = workspace.ledger.current(slot)
        assert current is not None
        return current.batch.id
    finally:
        workspace.close()


def comes_to(here: Site, day: date, wanted: Day, *, version: int, refused: int = 0) -> None:
    """Compare mart, lake, quarantine, version and books of a day with what was derived.

    The first `refused` versions never came to a reader; of the others each is one commit.
    """
    slot = Slot(dataset=PRODUCT, day=day)
    workspace = here.workspace()
    try:
        assert daily_revenue(workspace, day) == wanted.mart
        table = workspace.table(workspace.product(PRODUCT).contract)
        assert sum(batch.num_rows for batch in table.read(slot)) == wanted.rows
        current = workspace.ledger.current(slot)
        assert current is not None
        assert (current.batch.version, current.state) == (version, "archived")
        refined = workspace.ledger.remembered(current.batch.id, "refine", Refined)
        assert refined is not None
        assert Counter(dict(refined.reasons)) == wanted.rejected
        commits = [commit.note.batch for commit in table.history() if commit.note.batch.slot == slot]
        assert sorted(batch.version for batch in commits) == list(range(refused + 1, version + 1))
    finally:
        workspace.close()
    assert trial_balance(here, day) == postings(wanted)


def postings(day: Day) -> Amounts:
    """Give what a day's entries have to add up to: by currency and account, debit positive, without zeros."""
    sums = {currency: found.postings for currency, found in day.revenue.items()}
    return _without_zeros(sums)


def trial_balance(here: Site, day: date) -> Amounts:
    """Add up a day's entries over all versions, each of which balances, as the group company's books hold them."""
    sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    documents: list[str] = []
    prefix = document_prefix(Slot(dataset=PRODUCT, day=day))
    for document, currency, lines in journal(here):
        assert sum(amount for _, amount in lines) == 0
        if document.startswith(prefix):
            documents.append(document)
            for account, amount in lines:
                sums[currency][account] += amount
    assert len(set(documents)) == len(documents)
    return _without_zeros(sums)


def entries_posted(here: Site) -> int:
    """Give how often the sandbox was asked to post an entry since its log was cleared."""
    return sum(
        line.method == "POST" and line.path.lower().endswith("/journalentry")
        for line in here.sandbox.requests
    )


def mended(receipts: Iterable[Receipt], mends: dict[Flaw, Mend]) -> Day:
    """Derive what a day comes to when the lines of these flaws are mended."""
    return expected(SEED, [_mended(receipt, mends) for receipt in receipts])


def _mended(receipt: Receipt, mends: dict[Flaw, Mend]) -> Receipt:
    lines = tuple(
        replace(mends[line.flaw](line), flaw=None) if line.flaw in mends else line for line in receipt.lines
    )
    return replace(receipt, lines=lines)


def _without_zeros(
    sums: dict[str, dict[str, Decimal]] | defaultdict[str, defaultdict[str, Decimal]],
) -> Amounts:
    kept = {
        currency: {account: amount for account, amount in accounts.items() if amount}
        for currency, accounts in sums.items()
    }
    return {currency: accounts for currency, accounts in kept.items() if accounts}
