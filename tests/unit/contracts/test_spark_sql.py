"""The text that engines share, in Spark's spelling."""

from __future__ import annotations

import pytest

from conductor.contracts.spark_sql import java_pattern, spark_sql


@pytest.mark.parametrize(
    ("sql", "spark"),
    [
        ('SELECT "raw.Line.Id" FROM t', "SELECT `raw.Line.Id` FROM t"),
        ('SELECT "we""ird", "tick`s"', 'SELECT `we"ird`, `tick``s`'),
        ("SELECT 'it''s', 'a\\b'", "SELECT 'it\\'s', 'a\\\\b'"),
        ("CAST(x AS VARCHAR)", "CAST(x AS STRING)"),
        ("CAST(CAST(x AS DECIMAL(18,2)) AS text)", "CAST(CAST(x AS DECIMAL(18,2)) AS STRING)"),
        ("REGEXP_LIKE(t, '^[a-z]+$')", "REGEXP_LIKE(t, '(?d)^[a-z]+\\\\z')"),
        ("regexp_like(t, '^a')", "regexp_like(t, '(?d)^a')"),
    ],
)
def test_names_texts_types_and_patterns_are_spelled_as_spark_does(sql: str, spark: str):
    assert spark_sql(sql) == spark


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a AS text FROM (SELECT b AS varchar FROM t)",
        'SELECT a, -- it\'s a note\n  b /* "and" another */ FROM t',
        "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC) FROM t WHERE NOT (c BETWEEN 1 AND 2)",
    ],
)
def test_all_else_stays_as_it_was_written(sql: str):
    assert spark_sql(sql) == sql


@pytest.mark.parametrize(
    ("pattern", "java"),
    [("a$", r"(?d)a\z"), ("[$]x", "(?d)[$]x"), ("^(a|[b$]$)", r"(?d)^(a|[b$]\z)"), ("a.b", "(?d)a.b")],
)
def test_the_end_of_a_pattern_is_the_end_of_the_text(pattern: str, java: str):
    assert java_pattern(pattern) == java
