from __future__ import annotations

import pytest

from conductor.cluster.memory import larger, mib


@pytest.mark.parametrize(
    ("text", "expected"),
    [("512Mi", 512), ("2Gi", 2048), ("1.5Gi", 1536), ("1G", 954), ("536870912", 512), ("1", 1), ("1Ki", 1)],
)
def test_an_amount_is_read_as_kubernetes_writes_it(text: str, expected: int) -> None:
    assert mib(text) == expected


@pytest.mark.parametrize("text", ["", "much", "-1Gi", "1 Gi", "1gi"])
def test_a_text_that_is_no_amount_is_none(text: str) -> None:
    assert mib(text) is None


@pytest.mark.parametrize(("before", "after"), [(512, 768), (768, 1152), (1000, 1536), (1, 64)])
def test_the_next_class_is_half_as_much_again_in_whole_steps(before: int, after: int) -> None:
    assert larger(before) == after
