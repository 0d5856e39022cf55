import pytest

from tests.house import seams
from tests.house.test_sizes import Rule
from tests.house.tree import sample, sources


@pytest.mark.parametrize(
    ("rule", "top"), [(seams.patches, "tests"), (seams.own_clients, "plugins"), (seams.catch_alls, "plugins")]
)
def test_the_code_keeps_the_rule(rule: Rule, top: str) -> None:
    """Tests hand fakes in instead of patching; plugins make no clients and catch no `Exception`."""
    complaints = [complaint for source in sources(top) for complaint in rule(source)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        (seams.patches, "from unittest import TestCase", "from unittest import mock"),
        (seams.patches, "import unittest", "import unittest.mock"),
        (seams.patches, "def test_it(clock): pass", "def test_it(monkeypatch): pass"),
        (seams.patches, "import pytest", "with pytest.MonkeyPatch.context(): pass"),
        (seams.own_clients, "self.client = client", "client = httpx.AsyncClient()"),
        (
            seams.catch_alls,
            "try: f()\nexcept (OSError, ValueError): pass",
            "try: f()\nexcept (OSError, Exception): pass",
        ),
        (seams.catch_alls, "try: f()\nfinally: g()", "try: f()\nexcept: pass"),
    ],
)
def test_the_rule_can_fail(rule: Rule, kept: str, broken: str) -> None:
    """Each rule lets a good sample pass and complains once about a bad one."""
    assert list(rule(sample(kept))) == []
    assert len(list(rule(sample(broken)))) == 1


def test_conftest_may_patch() -> None:
    """Where a seam cannot be had, conftest.py is the one place that patches."""
    assert list(seams.patches(sample("def fixed(monkeypatch): pass", "tests/app/conftest.py"))) == []
