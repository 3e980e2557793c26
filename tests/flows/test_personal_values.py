"""Personal values stay in the data: whatever goes wrong, no log, notice, page, ledger, Prefect database or terminal shows one.

On the way there a contract is changed twice, and the rows that the old one set aside come home by a replay.
"""

from __future__ import annotations

import html
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from books import comes_to, newest
from pipeline.end_state import end_state
from pipeline.expected import expected
from pipeline.site import PRODUCT, SEED, Site
from servers.prefect import PrefectServer
from shipping import installed
from typed import answered, typed
from unit.notify.mailbox import Mailbox
from unit.notify.receiver import Receiver

from conductor.values import Slot
from sandbox.quickbooks.catalogue import CUSTOMER_NAMES

DAY = date(2026, 3, 2)
SLOT = Slot(dataset=PRODUCT, day=DAY)
LIMIT = "logicalTypeOptions: {maxLength: 500}\n        description: Name of the customer as on the receipt.\n      - name: item_id\n        "
FIELD, COLUMN = f"{LIMIT}physicalName", f"{LIMIT}logicalType"
DATA = ("store/raw", "store/curated", "store/quarantine", "store/archive", "backup", "warehouse")
TOO_LONG = "TOO_LONG_CUSTOMER_NAME"


def test_personal_values_stay_in_the_data_and_rows_come_home_when_the_contract_changes(
    new_site: Callable[..., Site], tmp_path: Path, prefect_server: PrefectServer
) -> None:
    here, installation = new_site(receipts_per_day=30), installed(tmp_path / "installation")
    narrow = FIELD.replace("500", "14")  # a quarter of the names is longer
    installation.change_contract(FIELD, narrow)
    installation.change_contract(COLUMN, COLUMN.replace("500", "1"))
    with Receiver() as slack, Mailbox() as mailbox:
        told = {
            "slack_webhook_url": slack.url,
            "smtp_host": "127.0.0.1",
            "smtp_port": mailbox.port,
            "smtp_tls": False,
            "email_to": "finance@example.org",
        }
        held = installation.run(here, DAY, **told)
        assert "column value lengths to be between max 1 on customer_name" in held.error.sentence
        batch = newest(here, SLOT)

        installation.change_contract("version: 1.0.0", "version: 1.0.1")
        installation.change_contract(COLUMN.replace("500", "1"), COLUMN)
        installation.run(here, DAY, replay={"batch": batch}, **told).well()
        aside = newest(here, SLOT)
        assert aside != batch
        (listed,) = [each for each in answered(here, "quarantine", "list") if each["batch"] == aside]
        assert listed["reasons"][TOO_LONG] > 0
        assert (listed["owner"], listed["days"]) == ("finance-data", 0)
        shown = answered(here, "quarantine", "show", aside, "--reason", TOO_LONG)
        assert {row["looked_at"]["CustomerRef.name"] for row in shown} == {"•••"}
        terminal = [
            typed(here, *words)
            for words in (
                ("quarantine", "show", aside),
                ("explain", aside),
                ("explain", batch),
                ("replay", aside, "--where", f"CustomerRef.name={CUSTOMER_NAMES[0]}?", "--set", f"CustomerRef.name={CUSTOMER_NAMES[1]}",
                 "--by", "Ada", "--reason", "names"),
            )
        ]  # fmt: skip
        assert [done.returncode for done in terminal] == [0, 0, 0, 1]

        installation.change_contract("version: 1.0.1", "version: 1.0.2")
        installation.change_contract(narrow, FIELD)
        installation.run(here, DAY, replay={"batch": aside}, **told).well()
        wanted = expected(SEED, here.sandbox.receipts(DAY))
        assert not wanted.rejected  # the names were all that was wrong
        comes_to(here, DAY, wanted, version=3, refused=1)
        assert answered(here, "quarantine", "list") == []
        before = end_state(here)
        installation.run(here, DAY, replay={"batch": aside}, **told).well()
        assert end_state(here).differences(before) == []

        notices = [received.body.decode() for received in slack.received]
        parts = (part for message in mailbox.messages for part in message.walk())
        notices += [part.get_content() for part in parts if part.get_content_maintype() == "text"]
    counted = answered(here, "audit", "--invariant", "I1", "--invariant", "I3")
    assert counted["clean"]

    assert any(
        "rows set aside" in notice and "finance-data" in notice and TOO_LONG in notice for notice in notices
    )
    everywhere = {
        "the terminal": "".join(done.stdout + done.stderr for done in terminal),
        **dict(enumerate(notices)),
    }
    everywhere |= {str(path): path.read_bytes().decode(errors="replace") for path in told_in(here)}
    everywhere |= {str(path): dumped(path) for path in databases(here, prefect_server)}
    assert any(
        "TOO_LONG" in text for place, text in everywhere.items() if str(place).endswith("ledger.sqlite")
    )
    leaks = [
        (place, name)
        for place, text in everywhere.items()
        for name in CUSTOMER_NAMES
        if any(
            form in text
            for form in (name, json.dumps(name)[1:-1], html.escape(name), name.replace("'", "''"))
        )
    ]
    assert leaks == []
    assert any(
        name.encode() in path.read_bytes()
        for name in CUSTOMER_NAMES
        for path in here.home.rglob("quarantine/**/*.parquet")
    )


def told_in(here: Site) -> Iterator[Path]:
    """Give every file of the home that is not data, and what the runs printed."""
    for path in (*here.home.rglob("*"), *here.home.parent.glob(f"{here.home.name}-runs/*")):
        name = str(path.relative_to(here.home.parent))
        if path.is_file() and not name.startswith(tuple(f"{here.home.name}/{each}" for each in DATA)):
            yield path


def databases(here: Site, prefect: PrefectServer) -> Iterator[Path]:
    """Give the ledger and the databases of the Prefect servers that runs reported to."""
    yield here.home / "ledger.sqlite"
    found = [*here.home.rglob("prefect.db"), *Path(prefect.environment["PREFECT_HOME"]).rglob("prefect.db")]
    assert found
    yield from found


def dumped(path: Path) -> str:
    """Give all that a database holds as text."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return "\n".join(connection.iterdump())
