from __future__ import annotations

import pytest

from sandbox.quickbooks.query import BadQuery, Condition, Order, Query, parse


def test_a_full_statement_is_read() -> None:
    text = (
        "select * from SalesReceipt where TxnDate >= '2025-03-01' and MetaData.LastUpdatedTime < '2025-04-01T00:00:00-08:00'"
        " order by Id desc, TxnDate startposition 11 maxresults 20"
    )
    assert parse(text) == Query(
        entity="SalesReceipt",
        where=(
            Condition("TxnDate", ">=", ("2025-03-01",)),
            Condition("MetaData.LastUpdatedTime", "<", ("2025-04-01T00:00:00-08:00",)),
        ),
        order=(Order("Id", descending=True), Order("TxnDate")),
        start=11,
        limit=20,
    )


@pytest.mark.parametrize("order", ["ORDERBY Id", "ORDER BY Id", "ORDERBY Id ASC"])
def test_order_may_be_one_word_or_two(order: str) -> None:
    assert parse(f"SELECT * FROM Item {order}").order == (Order("Id"),)


@pytest.mark.parametrize("count", ["count(*)", "COUNT ( * )"])
def test_a_count_is_read(count: str) -> None:
    assert parse(f"SELECT {count} FROM Item").count


def test_lists_flags_and_like_are_read() -> None:
    where = parse("SELECT * FROM Item WHERE Active IN (true, false) AND Name LIKE '%mug%'").where
    assert where == (Condition("Active", "IN", ("true", "false")), Condition("Name", "LIKE", ("%mug%",)))


def test_a_quote_in_a_value_is_escaped_by_a_backslash() -> None:
    assert parse(r"SELECT * FROM Customer WHERE DisplayName = 'O\'Hara \\ Co'").where[0].values == (
        r"O'Hara \ Co",
    )


def test_a_keyword_inside_a_value_is_text() -> None:
    assert parse("SELECT * FROM Item WHERE Name = 'x ORDERBY (Id), 5'").where[0].values == (
        "x ORDERBY (Id), 5",
    )


def test_a_page_is_a_hundred_rows_unless_asked_and_never_above_a_thousand() -> None:
    assert parse("SELECT * FROM Item").limit == 100
    assert parse("SELECT * FROM Item MAXRESULTS 5000").limit == 1000


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "SELECT",
        "SELECT Id FROM Item",
        "SELECT * FROM Item WHERE",
        "SELECT * FROM Item WHERE Name = 'open",
        "SELECT * FROM Item WHERE Name = 'a' OR Name = 'b'",
        "SELECT * FROM Item WHERE Name <> 'a'",
        "SELECT * FROM Item WHERE Name IN ()",
        "SELECT * FROM Item STARTPOSITION 0",
        "SELECT * FROM Item STARTPOSITION -1",
        "SELECT * FROM Item MAXRESULTS x",
        "SELECT * FROM Item GROUP BY Name",
        "SELECT * FROM Item; DROP",
        "DELETE FROM Item",
    ],
)
def test_what_is_not_of_the_language_is_refused(statement: str) -> None:
    with pytest.raises(BadQuery):
        parse(statement)
