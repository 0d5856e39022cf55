import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoints, entry_points
from typing import Any

import pytest

from router.contract import GROUP, HttpProvider
from router.engine.registry import Registry
from tests.house import registration
from tests.house.tree import ROOT, Source, sample, sources

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECLARED: dict[str, str] = PROJECT["project"]["entry-points"][GROUP]
POINTS: EntryPoints = entry_points(group=GROUP)
CONTRACTS: list[dict[str, Any]] = PROJECT["tool"]["importlinter"]["contracts"]
HOOKS = registration.hooks(next(one for one in sources("router") if one.module == "router.contract.hookspecs"))
SAMPLE = sample(
    '@spec\ndef media_x():\n    """It."""\n@hook(trylast=True)\ndef media_x(): pass\n@spec\ndef media_y(): pass'
)


def packages(top: str) -> set[str]:
    """Return the modules and packages directly below a directory."""
    return {".".join(one.module.split(".")[:2]) for one in sources(top)} - {top}


def outside_house() -> tuple[Source, ...]:
    return tuple(one for one in sources("tests") if "house" not in one.path.parts)


def test_every_plugin_is_registered() -> None:
    """Each module of plugins/ comes in by an entry point, as an outsider's would."""
    assert not list(registration.unregistered(packages("plugins"), DECLARED.values()))


def test_the_installed_entry_points_are_the_declared_ones() -> None:
    """The environment was laid out from this pyproject.toml, not from an older one."""
    assert not list(registration.stale(DECLARED, {one.name: one.value for one in POINTS}))


@pytest.mark.parametrize("name", DECLARED)
def test_every_entry_point_can_be_imported(name: str) -> None:
    """Each entry point's module exists and implements a hook."""
    module = POINTS[name].load()
    assert any(hasattr(one, f"{GROUP}_impl") for one in vars(module).values())


def test_every_kind_is_judged_by_the_contract_suite() -> None:
    """Each provider kind is a parameter of the contract tests that pytest collects."""
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/contract")
    collected = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    assert collected.returncode == 0, collected.stdout
    complaints = list(registration.unjudged(Registry.discover().kinds, collected.stdout.splitlines()))
    assert not complaints, "\n".join(complaints)


def test_every_kind_over_http_has_golden_files() -> None:
    """A provider that speaks HTTP brings its wire format as golden files."""
    kinds = Registry.discover().kinds
    over_http = {kind for kind, provider in kinds.items() if issubclass(provider, HttpProvider)}
    assert over_http
    assert over_http <= {path.name for path in (ROOT / "tests/golden").iterdir()}


def test_every_hook_is_explained() -> None:
    """Each hook has a docstring and a line in CONTRIBUTING.md."""
    assert HOOKS
    assert not list(registration.unexplained(HOOKS, (ROOT / "CONTRIBUTING.md").read_text()))


def test_every_hook_is_used() -> None:
    """Each hook ships with an implementation and is named by a test."""
    complaints = list(registration.unused(HOOKS, sources("router", "plugins"), outside_house()))
    assert not complaints, "\n".join(complaints)


def test_every_package_has_its_layer() -> None:
    """Each package of router/ has a place in the import contract's layers."""
    layers = next(one["layers"] for one in CONTRACTS if one["type"] == "layers")
    assert not list(registration.unlayered(packages("router"), layers))


def test_the_rules_can_fail() -> None:
    """Each rule lets what is in order pass and complains once about what is not."""
    assert list(registration.unregistered(["plugins.a", "plugins.b"], ["plugins.a"])) == [
        "plugins.b is no entry point of group media_router"
    ]
    assert len(list(registration.stale({"a": "x", "b": "y"}, {"a": "x", "b": "z"}))) == 1
    assert len(list(registration.stale({"a": "x"}, {"a": "x", "gone": "y"}))) == 1
    assert list(registration.unjudged(["one", "two"], ["t.py::test_one", "t.py::test_it[two-speech]"])) == [
        "one is judged by no test of tests/contract"
    ]
    assert len(list(registration.unlayered(["router.a", "router.b"], ["(router.a) | router.bb"]))) == 1


def test_the_rules_for_hooks_can_fail() -> None:
    """A hook without words, without an implementation or without a test is complained about."""
    hooks = registration.hooks(SAMPLE)
    assert hooks == {"media_x": "It.", "media_y": ""}
    assert list(registration.unexplained(hooks, "`media_x()` and `media_y()`")) == [
        "media_y has no docstring or is not in CONTRIBUTING.md"
    ]
    assert list(registration.unused(hooks, [SAMPLE], [sample("media_y()")])) == [
        "media_x is exercised by no test",
        "media_y ships without an implementation",
    ]
