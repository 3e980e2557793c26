"""`conductor contract`, as it is typed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from conductor.cli.commands.contract import cli
from conductor.contracts.keys import CURATED, RECORDS, ROOT, Place
from conductor.errors import FixTheConfiguration

SHIPPED = Path(__file__).parents[3] / "products"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a product of one's own, given out once."""
    assert run("new", "sales/returns", "--products", tmp_path / "own", home=tmp_path).exit_code == 0
    folder = tmp_path / "own/sales/returns"
    shutil.copy(folder / "contract.odcs.yaml", folder / "released.odcs.yaml")
    return tmp_path / "own"


def run(*arguments: object, home: Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments), "--home", str(home)])


def read(*arguments: object, home: Path, code: int = 0) -> Any:
    result = run(*arguments, "--json", home=home)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def edit(products: Path, old: str, new: str, file: str = "contract.odcs.yaml") -> int:
    path = products / "sales/returns" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_a_new_product_passes_the_check_that_new_names(tmp_path: Path) -> None:
    made = run("new", "sales/returns", "--products", tmp_path / "own", home=tmp_path)
    command = made.stdout.splitlines()[-1].removeprefix("next: conductor contract ").split()
    checked = run(*command, home=tmp_path)
    assert checked.exit_code == 0, checked.output
    assert "sales/returns 1.0.0" in checked.stdout
    for compiled in (
        "MISSING_DOCUMENT_ID",
        "NEGATIVE_AMOUNT",
        "amount DECIMAL(18, 2) NOT NULL",
        "unique document_id",
    ):
        assert compiled in checked.stdout


def test_all_products_are_checked_those_of_the_settings_too(own: Path, tmp_path: Path) -> None:
    (tmp_path / "conductor.toml").write_text(f'products_path = ["{own}"]\n')
    found = {each["dataset"]: each for each in read("check", home=tmp_path)}
    assert set(found) == {
        "sales/returns",
        *(str(path.parent.relative_to(SHIPPED)) for path in SHIPPED.glob("*/*/contract.odcs.yaml")),
    }
    assert all(each["faults"] == [] and each["compiled"] for each in found.values())
    assert found["sales/returns"]["compiled"]["personal"] == ["customer_name"]


def test_every_fault_is_told_with_file_and_line(own: Path, tmp_path: Path) -> None:
    first = edit(own, "logicalType: timestamp", "logicalType: timestmp")
    second = edit(own, "    amount,", "    ROUND(amount / 3, 2) AS amount,", "refine.sql")
    result = run("check", "--products", own, home=tmp_path)
    assert result.exit_code == 1
    assert (
        f"returns/contract.odcs.yaml:{first}: `logicalType` cannot be `timestmp`; did you mean `timestamp`?"
        in result.stdout
    )
    assert f"returns/refine.sql:{second}: column" in result.stdout
    assert "amount / 3 is not on the list" in result.stdout
    assert "finance/fx_rates 1.0.0: 5 columns" in result.stdout  # the others are told all the same


def test_one_product_can_be_asked_for_and_a_mistyped_one_gets_the_nearest(own: Path, tmp_path: Path) -> None:
    edit(own, "logicalType: timestamp", "logicalType: timestmp")
    (found,) = read("check", "finance/fx_rates", "--products", own, home=tmp_path)
    assert found["dataset"] == "finance/fx_rates"
    failed = run("check", "sales/retruns", "--products", own, home=tmp_path)
    assert isinstance(failed.exception, FixTheConfiguration)
    assert "did you mean `sales/returns`?" in failed.exception.sentence


def test_a_break_fails_diff_and_check_until_the_version_says_so(own: Path, tmp_path: Path) -> None:
    edit(own, "implementation: amount >= 0", "implementation: amount >= 0 AND amount < 100")
    (found,) = read("diff", "sales/returns", "--products", own, home=tmp_path, code=1)
    assert (found["breaking"], found["needs"], found["enough"]) == (True, "2.0.0", False)
    assert run("check", "sales/returns", "--products", own, home=tmp_path).exit_code == 1
    edit(own, "version: 1.0.0", "version: 2.0.0")
    (found,) = read("diff", "sales/returns", "--products", own, home=tmp_path)
    assert found["enough"]
    assert run("check", "sales/returns", "--products", own, home=tmp_path).exit_code == 0


def test_what_does_not_break_passes_diff_and_the_number_it_takes_is_told(own: Path, tmp_path: Path) -> None:
    edit(own, "implementation: amount >= 0", "implementation: amount >= 0 OR currency = 'XXX'")
    result = run("diff", "sales/returns", "--products", own, home=tmp_path)
    assert result.exit_code == 0
    assert "minor: the rule NEGATIVE_AMOUNT is looser" in result.stdout
    assert "next: set the version to 1.1.0; it is still 1.0.0" in result.stdout


def test_two_files_are_compared_and_whom_it_hits_is_told(tmp_path: Path) -> None:
    old = SHIPPED / "finance/fx_rates"
    new = Path(shutil.copytree(old, tmp_path / "fx_rates")) / "contract.odcs.yaml"
    new.write_text(new.read_text().replace("- name: rate\n", "- name: quote\n"))
    (tmp_path / "conductor.toml").write_text('subscriber_urls = ["https://risk.example/secret-path"]\n')
    (found,) = read("diff", old, new, home=tmp_path, code=1)
    assert {"step": "major", "sentence": "the column rate is called quote now", "column": "rate"} in found[
        "changes"
    ]
    assert {"kind": "product", "name": "finance/sales_receipts", "columns": ["rate"]} in found["hit"]
    assert {"kind": "subscriber", "name": "risk.example", "columns": []} in found["hit"]
    told = run("diff", old, new, home=tmp_path).stdout
    assert "hits the product finance/sales_receipts by rate" in told
    assert "secret-path" not in told


def test_a_product_is_compared_with_a_revision_of_git(own: Path, tmp_path: Path) -> None:
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "one")):
        subprocess.run(["git", *arguments], cwd=own, check=True, env=os.environ | IDENTITY)
    edit(own, "maxLength: 500", "maxLength: 50")
    (found,) = read("diff", "sales/returns", "--against", "HEAD", "--products", own, home=tmp_path, code=1)
    assert [each["sentence"] for each in found["changes"]] == [
        "the field customer_name may have 50 characters now"
    ]
    failed = run("diff", "sales/returns", "--against", "no-such", "--products", own, home=tmp_path)
    assert isinstance(failed.exception, FixTheConfiguration)
    assert "git knows no revision 'no-such'" in failed.exception.sentence


IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@localhost",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@localhost",
}
PAGE = SHIPPED.parent / "docs/how-to/write-a-product.md"


def test_the_page_names_every_key_that_a_contract_may_use() -> None:
    def keys(place: Place) -> set[str]:
        below = (keys(inner) for inner in place.below.values())
        return set(place.read | place.told | place.below.keys()).union(*below)

    told = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    assert keys(ROOT) | keys(RECORDS) | keys(CURATED) <= told
