"""What every test may ask for, and the option that forbids skipping."""

import shutil
from collections.abc import Callable, Generator

import pytest

pytest_plugins = ("pytester",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="count a skipped test as a failed one")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail") and item.config.getoption("--no-skips"):
        forbid_skipping(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if collector.config.getoption("--no-skips"):
        forbid_skipping(report)
    return report


def forbid_skipping(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be: {report.longreprtext}"


@pytest.fixture(scope="session")
def needs() -> Callable[[str], str]:
    """Return a function that finds a command of the operating system, or skips the test that needs it."""

    def find(command: str) -> str:
        path = shutil.which(command)
        if path is None:
            pytest.skip(f"needs {command}, which is not installed")
        return path

    return find
