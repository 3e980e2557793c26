"""Great Expectations at work: a frame and a list of expectations in, outcomes and rendered sections out; or counts taken
elsewhere in, and the same out.

The library is imported when it is used: it takes seconds and hundreds of megabytes.
"""

from __future__ import annotations

import html
import logging
import re
import threading
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from conductor.contracts.expectations import Expectation
from conductor.errors import Missing
from conductor.quality.tally import COLUMN_SET, NOT_NULL, Tally
from conductor.quality.unneeded import without_the_unneeded

COUNTS = frozenset(
    {
        "element_count",
        "missing_count",
        "missing_percent",
        "unexpected_count",
        "unexpected_percent",
        "unexpected_percent_total",
        "unexpected_percent_nonmissing",
    }
)
"""Results that say how many, never which: all that is shown of a classified column."""

EXAMPLES = 10
_OF_NOTHING = frozenset({NOT_NULL})
"""Expectations that nothing breaks: missing values, of which there are no examples."""
_PLACE = "place"
_END = re.compile(r"\[[^\]]*\]|\$")
_ALONE = threading.Lock()
"""Great Expectations keeps one project per process."""


@dataclass(frozen=True)
class Outcome:
    """Whether an expectation held, how many rows broke it, and what was seen, in words.

    What could not be computed did not hold.
    """

    expectation: Expectation
    held: bool
    computed: bool
    observed: str
    unexpected: int = 0


@dataclass(frozen=True)
class Report:
    """The outcomes in the order of the expectations, and the sections of a page, as HTML."""

    outcomes: tuple[Outcome, ...]
    sections: str


def check(rows: pl.DataFrame, suite: Sequence[Expectation], classified: frozenset[str]) -> Report:
    """Hold a frame against a suite. Values of classified columns appear neither in outcomes nor in sections.

    `Missing` where Great Expectations is not installed.
    """
    with _library():
        return _report(_validate(rows, suite), suite, classified)


def ask(rows: pl.DataFrame, suite: Sequence[Expectation], classified: frozenset[str]) -> tuple[Outcome, ...]:
    """Give the outcomes alone, for a frame that no page tells of."""
    with _library():
        return _outcomes(_validate(rows, suite), suite, classified)


def present(
    tallies: Sequence[Tally | None], suite: Sequence[Expectation], classified: frozenset[str]
) -> Report:
    """Give the same report of counts that were taken without Great Expectations; None is what could not be counted."""
    with _library():
        return _report(_result(tallies, suite), suite, classified)


def _report(result: Any, suite: Sequence[Expectation], classified: frozenset[str]) -> Report:
    return Report(_outcomes(result, suite, classified), _render(result))


def _outcomes(result: Any, suite: Sequence[Expectation], classified: frozenset[str]) -> tuple[Outcome, ...]:
    outcomes = {_place(found): _outcome(found, suite[_place(found)], classified) for found in result.results}
    if len(result.results) != len(suite) or len(outcomes) != len(suite):
        raise RuntimeError(f"{len(suite)} expectations were asked and {len(outcomes)} answered")
    return tuple(outcomes[place] for place in range(len(suite)))


def _validate(rows: pl.DataFrame, suite: Sequence[Expectation]) -> Any:
    """Give Great Expectations' own result for a frame."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig as Config
    from great_expectations.data_context.types.base import InMemoryStoreBackendDefaults as InMemory
    from great_expectations.data_context.types.base import ProgressBarsConfig

    asked = gx.ExpectationSuite(
        name="contract",  # given all at once: adding one would replace another of its type on the same column
        expectations=[_configuration(found, place) for place, found in enumerate(suite)],
    )
    memory, silent = InMemory(init_temp_docs_sites=False), ProgressBarsConfig(globally=False)
    context = gx.get_context(
        mode="ephemeral", project_config=Config(store_backend_defaults=memory, progress_bars=silent)
    )
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("accepted")
    batch = asset.add_batch_definition_whole_dataframe("batch").get_batch(
        {
            "dataframe": rows.to_pandas(use_pyarrow_extension_array=True)
        }  # Arrow types: whole numbers stay whole
    )
    return batch.validate(
        asked, result_format={"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES}
    )


def _result(tallies: Sequence[Tally | None], suite: Sequence[Expectation]) -> Any:
    """Give counts as a result of Great Expectations."""
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

    results = [
        ExpectationValidationResult(
            success=bool(counted and not counted.unexpected),
            expectation_config=_configuration(found, place),
            result=_figures(found, counted) if counted else {},
            exception_info={"raised_exception": counted is None},
        )
        for place, (found, counted) in enumerate(zip(suite, tallies, strict=True))
    ]
    held = all(result.success for result in results)
    return ExpectationSuiteValidationResult(
        success=held, results=results, suite_name="contract", statistics={}, meta={}
    )


def _figures(found: Expectation, counted: Tally) -> dict[str, Any]:
    if found.type == COLUMN_SET:
        told = f"{counted.unexpected} missing or too many" if counted.unexpected else "all and no others"
        return {"observed_value": told, "unexpected_count": counted.unexpected}
    there = counted.rows - (counted.missing or 0)
    total = 100 * counted.unexpected / counted.rows if counted.rows else 0.0
    nonmissing = 100 * counted.unexpected / there if there else 0.0
    figures: dict[str, Any] = {
        "element_count": counted.rows,
        "unexpected_count": counted.unexpected,
        "unexpected_percent": nonmissing,
        "partial_unexpected_counts": [{"value": value, "count": times} for value, times in counted.examples],
    }
    if counted.missing is None:
        return figures
    missing = 100 * counted.missing / counted.rows if counted.rows else 0.0
    return figures | {
        "missing_count": counted.missing,
        "missing_percent": missing,
        "unexpected_percent_total": total,
        "unexpected_percent_nonmissing": nonmissing,
    }


def _configuration(expectation: Expectation, place: int) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(
        type=expectation.type, kwargs=_arguments(expectation), meta={_PLACE: place}
    )


def _arguments(expectation: Expectation) -> dict[str, Any]:
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in expectation.kwargs}
    if "regex" in given:
        given["regex"] = _END.sub(_at_the_end, str(given["regex"]))
    return given


def _at_the_end(found: re.Match[str]) -> str:
    """Let `$` stand for the end alone, as the engines take it; Python takes it for the place before a last line break, too."""
    return r"$(?!\n)" if found[0] == "$" else found[0]


def _place(found: Any) -> int:
    return int(found.expectation_config.meta[_PLACE])


def _outcome(found: Any, expectation: Expectation, classified: frozenset[str]) -> Outcome:
    """Give the outcome, and leave in the result only what may be shown."""
    computed = not _raised(found.exception_info or {})
    counts_only = expectation.type in _OF_NOTHING or bool(_columns(expectation) & classified)
    shown = _shown(found.result, counts_only=counts_only) if computed else {}
    found.result = shown
    if pattern := dict(expectation.kwargs).get("regex"):
        found.expectation_config.kwargs["regex"] = pattern
    found.exception_info = {
        "raised_exception": not computed,
        "exception_message": "" if computed else "It could not be computed.",
        "exception_traceback": "",
    }
    held = computed and bool(found.success)
    unexpected = int(shown.get("unexpected_count", not held))
    return Outcome(expectation, held, computed, _told(shown, computed=computed), unexpected)


def _columns(expectation: Expectation) -> frozenset[str]:
    """Give the columns whose values an expectation looks at, whatever the argument is called."""
    if expectation.type.startswith("expect_table_"):
        return frozenset()
    texts = (value if isinstance(value, tuple) else (value,) for _, value in expectation.kwargs)
    return frozenset(str(text) for several in texts for text in several)


def _raised(info: Mapping[str, Any]) -> bool:
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return bool(info)  # one entry per metric that failed


def _shown(result: Mapping[str, Any], *, counts_only: bool) -> dict[str, Any]:
    """Keep counts and, of open columns, examples; escaped, for the library puts values into HTML as is."""
    shown = {name: value for name, value in result.items() if name in COUNTS}
    if counts_only:
        return shown
    if "observed_value" in result:
        shown["observed_value"] = html.escape(str(result["observed_value"]))
    if counted := result.get("partial_unexpected_counts"):
        shown["partial_unexpected_counts"] = [
            {"value": html.escape(str(one["value"])), "count": one["count"]}
            for one in counted
            if "value" in one
        ]
        shown["partial_unexpected_list"] = [one["value"] for one in shown["partial_unexpected_counts"]]
    return shown


def _told(shown: Mapping[str, Any], *, computed: bool) -> str:
    if not computed:
        return "could not be computed"
    if "element_count" in shown:
        examples = ", ".join(html.unescape(value) for value in shown.get("partial_unexpected_list", ())[:3])
        if examples and shown["element_count"] == 1:
            return examples
        told = f"{shown['unexpected_count']} of {shown['element_count']} rows"
        return f"{told}: {examples}" if examples else told
    return html.unescape(str(shown.get("observed_value", "")))


def _render(result: Any) -> str:
    """Render what was asked of the frame and of each column; the library's overview tells of itself."""
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    document: Any = ValidationResultsPageRenderer().render(result).to_json_dict()
    view = _view()
    return "\n".join(
        view.render({"section": section, "section_loop": {"index": number}})
        for number, section in enumerate(document["sections"][1:], start=1)
    )


@cache
def _view() -> Any:
    """Give the library's view, which keeps its compiled templates: compiling them takes longer than using them."""
    from great_expectations.render.view.view import DefaultJinjaSectionView

    return DefaultJinjaSectionView()


@contextmanager
def _library() -> Generator[None]:
    """Have Great Expectations for oneself; without it, say which extra holds it.

    Its log and warnings, which may quote values, are kept from everywhere.
    """
    logger = logging.getLogger("great_expectations")
    with _ALONE, warnings.catch_warnings(action="ignore"):
        before = logger.level
        logger.setLevel(logging.CRITICAL + 1)
        try:
            with without_the_unneeded():
                import great_expectations  # noqa: F401 # pyright: ignore[reportUnusedImport]
            yield
        except ImportError as error:
            raise Missing(
                "the gate needs Great Expectations, which is part of cloud-conductor[gx]",
                next_command="pip install 'cloud-conductor[gx]'",
            ) from error
        finally:
            logger.setLevel(before)
