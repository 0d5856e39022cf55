import importlib
import types

import pytest

from tests.house import names
from tests.house.test_sizes import Rule
from tests.house.tree import Source, sample, sources

OURS = sources("router", "plugins")


@pytest.mark.parametrize(
    "rule", [names.vague_names, names.silent_modules, names.unsorted_exports, names.unreasoned_exemptions]
)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    """Names name subjects, modules say what they are, exports are in order, exemptions have reasons."""
    complaints = [complaint for source in OURS for complaint in rule(source)]
    assert not complaints, "\n".join(complaints)


def test_every_test_makes_a_claim() -> None:
    """Each test function's docstring is the claim it proves."""
    complaints = [complaint for source in sources("tests") for complaint in names.silent_tests(source)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("source", [one for one in OURS if names.exported(one)], ids=lambda one: one.module)
def test_every_exported_name_exists(source: Source) -> None:
    """What a package lists in `__all__` can be imported from it."""
    assert not list(names.missing_exports(source, importlib.import_module(source.module)))


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        (names.vague_names, "def handle(): pass\nclass Handled: pass", "def load_data(): pass"),
        (names.vague_names, "def base_url(): pass", "class HTTPHandler: pass"),
        (names.vague_names, "def processor(): pass", "async def process(): pass"),
        (names.silent_modules, '"""What it is."""', "# What it is."),
        (names.silent_tests, 'def test_it():\n    """It holds."""', "async def test_it(): pass"),
        (names.unsorted_exports, '__all__ = ["A_B", "Ab", "Z", "a"]', '__all__ = ["Ab", "A_B", "Z", "a"]'),
        (names.unsorted_exports, "", '__all__ = ["a", "a"]'),
        (names.unreasoned_exemptions, "x = 1  # noqa: E501, S101 - it is a table", "x = 1  # noqa: E501"),
    ],
)
def test_the_rule_can_fail(rule: Rule, kept: str, broken: str) -> None:
    """Each rule lets a good sample pass and complains once about a bad one."""
    assert list(rule(sample(kept))) == []
    assert len(list(rule(sample(broken)))) == 1


@pytest.mark.parametrize("path", ["router/utils.py", "router/common/__init__.py", "plugins/boson_helper.py"])
def test_a_vague_module_name_is_seen(path: str) -> None:
    """The words we avoid are seen in names of modules and packages, too."""
    assert len(list(names.vague_names(sample("", path)))) == 1


def test_a_missing_export_is_seen() -> None:
    """A name in `__all__` that the module lacks is complained about."""
    source = sample('__all__ = ["Here", "gone"]')
    module = types.SimpleNamespace(Here=1)
    assert list(names.missing_exports(source, module)) == ["router/sample.py: __all__ lists gone, which does not exist"]
