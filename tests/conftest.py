"""What all tests may ask for: see servers/fixtures.py. And what CI may not do: skip a test that skips.txt does not name."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["servers.fixtures", "pipeline.fixtures"]


class Skips:
    """Gather the skips of a run, those of xdist's workers too; one that is not listed turns the run red."""

    def __init__(self, listed: tuple[str, ...]) -> None:
        self.listed = listed
        self.unlisted: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not hasattr(report, "wasxfail"):
            self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.unlisted:
            terminalreporter.section("skips that tests/skips.txt does not name", red=True)
            for test, reason in sorted(self.unlisted.items()):
                terminalreporter.write_line(f"{test}  {reason}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unlisted and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not report.nodeid.startswith(self.listed):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.unlisted[report.nodeid] = reason


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer all cases of the sweeps that take their time."""
    parser.addoption(
        "--all-cases", action="store_true", help="all cases of the tests that are marked with a sample"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cases out that a test's mark `sample` does not name, unless all are wanted.

    So are whole nights on folders, where a test has them on S3, too: folders are what all the others run on.
    """
    if config.getoption("--all-cases"):
        return
    kept, left = [], []
    for item in items:
        (kept if _sampled(item) else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def _sampled(item: pytest.Item) -> bool:
    case = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    if item.get_closest_marker("whole_sweep") or case.get("any_site") == "folder":
        return False
    mark = item.get_closest_marker("sample")
    return mark is None or mark.args[0](case)


def pytest_configure(config: pytest.Config) -> None:
    """Watch the skips in CI, from the process that hears of all of them."""
    config.addinivalue_line(
        "markers",
        "sample(chosen): a sweep, of which a plain run takes the cases whose parameters `chosen` likes",
    )
    config.addinivalue_line("markers", "whole_sweep: a test that plain runs leave out")
    if os.environ.get("CI") == "true" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Skips(listed_skips(config)))


def listed_skips(config: pytest.Config) -> tuple[str, ...]:
    """Give how the ids of tests that may be skipped begin; one without a reason is refused."""
    lines = (config.rootpath / "tests" / "skips.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    if bare := [entry[0] for entry in entries if len(entry) == 1]:
        raise pytest.UsageError(f"tests/skips.txt says no reason for {', '.join(bare)}")
    return tuple(entry[0] for entry in entries)
