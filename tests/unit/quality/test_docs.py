"""Pages for people: complete in themselves, harmless, and without what is nobody's business."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conductor.contracts.expectations import expectations
from conductor.quality import docs
from conductor.quality.gate import judge
from conductor.quality.verdict import Verdict
from conductor.stores import StoreKind, open_store
from quality.batches import a_contract, a_file, a_refined, a_sum, counted

CANARY = "Canary Tweety McSecret"
HOSTILE = "<script>alert(1)</script>"


class Elements(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.fixture
def verdict(tmp_path: Path) -> Verdict:
    """A batch in which every kind of row rule is broken, with a secret and a script among the values."""
    rows = [("R-1", "EUR", "1.00", CANARY), (HOSTILE, "GBP", "0.00", CANARY), ("R-1", None, None, None)]
    told = a_refined(counted(3, 1), [a_sum("EUR", "1.00"), a_sum(HOSTILE, "0.10")])
    return judge(a_contract(), expectations(a_contract()), told, [a_file(tmp_path, rows)])


def test_a_page_names_nothing_outside_itself(verdict: Verdict) -> None:
    assert not re.search(r"https?:|//", verdict.html)
    found = Elements(verdict.html)
    assert not found.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert {value for name, value in found.attributes if name in ("src", "href")} == {"index.html"}
    assert not [name for name, _ in found.attributes if name.startswith("on")]


def test_a_page_forbids_whatever_it_does_not_need(verdict: Verdict) -> None:
    policies = [value for name, value in Elements(verdict.html).attributes if name == "content"]
    assert any(policy.startswith("default-src 'none'") for policy in policies)


def test_a_page_shows_values_of_open_columns_as_text(verdict: Verdict) -> None:
    assert HOSTILE not in verdict.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in verdict.html


def test_classified_values_are_neither_on_the_page_nor_in_the_verdict(verdict: Verdict) -> None:
    assert "customer" in verdict.html  # it is too long, and the page says so
    assert ("customer", "2 of 3 rows") in [(failed.column, failed.observed) for failed in verdict.failed]
    assert "Tweety" not in verdict.html
    assert "Tweety" not in repr(verdict.failed) + repr(verdict.warnings)


def test_a_classified_key_of_several_columns_is_not_shown(tmp_path: Path) -> None:
    contract = a_contract(key=("id", "customer"))
    rows = [("R-1", "EUR", "1.00", CANARY)] * 2
    told = a_refined(counted(2), [a_sum("EUR", "2.00")])
    verdict = judge(contract, expectations(contract), told, [a_file(tmp_path, rows)])
    assert "repeated_keys" in [failed.column for failed in verdict.failed]
    assert "Tweety" not in verdict.html + repr(verdict.failed)


def test_a_page_says_what_holds_the_batch_and_where_every_record_went(verdict: Verdict) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", verdict.html))
    assert "finance/receipts/2026-11-23, version 3 held" in text
    assert "column values to be unique id" in text
    assert "records accepted rejected duplicates superseded 4 3 1 0 0" in text
    assert "EUR 1.00 1.00 0 0 0 0" in text


def test_a_person_who_stands_where_a_currency_belongs_is_not_shown(tmp_path: Path) -> None:
    sums = [a_sum("EUR", "1.00"), a_sum("Tweety", "0.00"), a_sum("", "0.00")]
    rows = [("R-1", "EUR", "1.00", None)]
    verdict = judge(a_contract(), [], a_refined(counted(1), sums), [a_file(tmp_path, rows)])
    assert "Tweety" not in verdict.html
    assert "<code>other</code>" in verdict.html
    assert "<code>none</code>" in verdict.html


def test_pages_lie_in_the_docs_zone_and_in_the_folder_and_the_index_names_them_newest_first(
    tmp_path: Path,
) -> None:
    store, folder = open_store(StoreKind.FOLDER, root=tmp_path / "lake"), tmp_path / "docs"
    passed = Verdict(True, 1, (), (), "<p>good</p>")
    held = Verdict(False, 1, (), (), "<p>bad</p>")
    first = a_refined(counted(1), content="first")
    second = first.model_copy(
        update={"batch": first.batch.model_copy(update={"version": 10, "id": "f" * 32})}
    )
    names = [
        docs.write(store, folder, a_contract(), first, held),
        docs.write(store, folder, a_contract(), second, passed),
    ]
    home = "quality/finance/receipts"
    assert names == [
        f"{home}/2026-11-23-v3-held-{first.batch.id}.html",
        f"{home}/2026-11-23-v10-passed-{'f' * 32}.html",
    ]
    for name, html in zip(names, ("<p>bad</p>", "<p>good</p>"), strict=True):
        assert store.read(f"docs/{name}").decode() == html
        assert (folder / name).read_text() == html
    index = store.read(f"docs/{home}/index.html").decode()
    assert (folder / home / "index.html").read_text() == index
    links = [value for name, value in Elements(index).attributes if name == "href"]
    assert links == [name.rsplit("/", 1)[-1] for name in reversed(names)]


def test_writing_a_page_again_changes_nothing_but_the_page(tmp_path: Path) -> None:
    store = open_store(StoreKind.FOLDER, root=tmp_path / "lake")
    refined = a_refined(counted(1))
    for html in ("<p>one</p>", "<p>two</p>"):
        name = docs.write(store, tmp_path / "docs", a_contract(), refined, Verdict(True, 1, (), (), html))
    assert store.read(f"docs/{name}") == b"<p>two</p>"
    assert len(list(store.list("docs"))) == 2
