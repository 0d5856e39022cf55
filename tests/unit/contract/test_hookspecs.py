import inspect
from collections.abc import Callable

import pluggy
import pytest

from router.contract import GROUP, hookspecs

SPECS = {
    name: one for name, one in vars(hookspecs).items() if inspect.isfunction(one) and hasattr(one, f"{GROUP}_spec")
}


def test_there_are_some() -> None:
    """The hooks are found by the mark that pluggy leaves, so that none can hide."""
    assert set(SPECS) >= {"media_providers", "media_attempt_finished", "media_request_finished"}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_hook(spec: Callable[..., object]) -> None:
    """Each hook is a plain, documented, fully typed function whose name says whose it is."""
    assert spec.__name__.startswith("media_")
    assert spec.__doc__
    assert not inspect.iscoroutinefunction(spec)
    assert "return" in spec.__annotations__
    assert set(inspect.signature(spec).parameters) <= set(spec.__annotations__)


def test_registers() -> None:
    """Each specification is one that pluggy takes."""
    plugins = pluggy.PluginManager(GROUP)
    plugins.add_hookspecs(hookspecs)
    assert all(hasattr(plugins.hook, name) for name in SPECS)
