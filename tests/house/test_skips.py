from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
PLAIN = ("-ra", "-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:cacheprovider")


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST.read_text())
    return pytester


def test_a_missing_command_skips_and_says_so(suite: pytest.Pytester) -> None:
    """Without a command it needs, a test is skipped and the reason names the command."""
    suite.makepyfile("def test_it(needs): needs('no-such-command')")
    result = suite.runpytest_inprocess(*PLAIN)
    result.stdout.fnmatch_lines(["SKIPPED*needs no-such-command, which is not installed"])
    assert result.ret == pytest.ExitCode.OK


def test_a_command_that_is_there_is_found(suite: pytest.Pytester) -> None:
    """`needs` hands back the path of a command that exists."""
    suite.makepyfile("def test_it(needs): assert needs('sh').endswith('/sh')")
    suite.runpytest_inprocess(*PLAIN, "--no-skips").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("def test_it(needs): needs('no-such-command')", {"failed": 1}),
        ("import pytest; pytest.skip('not today', allow_module_level=True)", {"errors": 1}),
        ("import pytest\n@pytest.mark.xfail\ndef test_it(): assert False", {"xfailed": 1}),
    ],
)
def test_no_skips_means_none(suite: pytest.Pytester, source: str, outcome: dict[str, int]) -> None:
    """Under --no-skips a skipped test or module fails the run; an expected failure does not."""
    suite.makepyfile(source)
    suite.runpytest_inprocess(*PLAIN, "--no-skips").assert_outcomes(**outcome)
