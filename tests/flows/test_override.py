"""A batch that failed its gate goes on when a named person says so: that batch, for those failures, and everybody hears of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from books import comes_to, newest
from pipeline.expected import expected
from pipeline.site import PRODUCT, SEED, Site
from shipping import installed
from typed import answered, typed
from unit.notify.receiver import Receiver

from conductor.values import Gated, Slot

DAY = date(2026, 3, 2)
SLOT = Slot(dataset=PRODUCT, day=DAY)
GOOD, IMPOSSIBLE = "logicalTypeOptions: {minimum: 0.000001, maximum: 99}", "logicalTypeOptions: {minimum: 98}"
SAID = ("--by", "Ada Lovelace", "--reason", "the rate table is late, agreed with finance")
FAILED = "column values to be between min 98000000 on rate"


def test_a_named_person_lets_one_batch_through_its_gate(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    here, installation = new_site(receipts_per_day=30), installed(tmp_path / "installation")
    installation.change_contract(GOOD, IMPOSSIBLE)
    assert installation.run(here, DAY).error.error == "FixTheData"
    batch = newest(here, SLOT)

    nameless = typed(here, "approve", batch, "--by", " ", "--reason", "hurry")
    assert (nameless.returncode, "says who gives it and why" in nameless.stderr) == (1, True)
    allowed = typed(here, "approve", batch[:8], *SAID)
    assert allowed.returncode == 0, allowed.stderr
    assert FAILED in allowed.stdout

    with Receiver() as slack:
        installation.run(here, DAY, slack_webhook_url=slack.url).well()
    comes_to(here, DAY, expected(SEED, here.sandbox.receipts(DAY)), version=1)
    told = "".join(json.dumps(json.loads(received.body)) for received in slack.received)
    (story,) = answered(here, "explain", batch)["stories"]
    audit = answered(here, "audit", "--day", DAY.isoformat())
    (noted,) = audit["allowed"]
    assert (noted["batch"], noted["by"], noted["what"], noted["details"]) == (
        batch, "Ada Lovelace", "failed gate", FAILED,
    )  # fmt: skip
    for place in (told, json.dumps(story), typed(here, "audit", "--day", DAY.isoformat()).stdout):
        flat = " ".join(place.split())
        assert "Ada Lovelace" in flat
        assert "the rate table is late, agreed with finance" in flat
        assert FAILED in flat
    assert audit["clean"]

    # Another day, and another version of the same day, are other batches: the word does not hold for them.
    other = installation.run(here, DAY + timedelta(days=1))
    assert (other.error.error, FAILED in other.error.sentence.replace(": 1", "")) == ("FixTheData", True)
    here.clock.advance(timedelta(hours=1))
    here.sandbox.add(DAY, "EUR", Decimal("19.90"))
    assert installation.run(here, DAY).error.error == "FixTheData"
    assert newest(here, SLOT) != batch

    # The batch that went on cannot be allowed again: nothing holds it.
    again = typed(here, "approve", batch, *SAID)
    assert (again.returncode, "has not failed its gate" in again.stderr) == (1, True)
    workspace = here.workspace()
    gated = workspace.ledger.remembered(batch, "gate", Gated)
    workspace.close()
    assert gated
    assert gated.override
    assert (gated.passed, gated.override.by) == (False, "Ada Lovelace")
