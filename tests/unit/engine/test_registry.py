import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from router.contract import Load, Provider, hook
from router.engine.registry import Registry, RegistryError
from tests.config.kinds import Echo, Parrot, Zoo

DISCOVER = """
from router.engine.registry import Registry, RegistryError
try:
    registry = Registry.discover()
    print(sorted(registry.kinds))
    print({name: tuple(missing) for name, missing in registry.missing.items()})
except RegistryError as error:
    print(error)
"""


class Aviary:
    @hook
    def media_providers(self) -> Sequence[type[Provider[Any]]]:
        return [Parrot]


class Misspelt:
    @hook
    def media_provider(self) -> Sequence[type[Provider[Any]]]:
        return [Parrot]


def install(folder: Path, name: str, points: Mapping[str, str], metadata: str = "") -> None:
    """Lay out a distribution as an installer would, as far as entry points go."""
    there = folder / f"{name}-1.0.dist-info"
    there.mkdir()
    (there / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}")
    lines = [f"{point} = {module}" for point, module in points.items()]
    (there / "entry_points.txt").write_text("\n".join(["[media_router]", *lines, ""]))


def discovered(folder: Path) -> str:
    """Return what discovery says in a process that also sees the distributions in `folder`."""
    path = os.pathsep.join([str(folder), str(Path.cwd())])
    run = subprocess.run(
        [sys.executable, "-c", DISCOVER],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    return run.stdout.strip()


def test_plugins_given_by_hand_bring_their_kinds() -> None:
    """A registry can be made of any objects with hook implementations."""
    assert dict(Registry.of(zoo=Zoo()).kinds) == {"parrot": Parrot, "echo": Echo}


def test_two_plugins_with_one_kind_are_an_error_naming_both() -> None:
    """Which of them would serve must not depend on the order of installation."""
    with pytest.raises(RegistryError, match=r"^plugins 'aviary' and 'zoo' both bring the provider kind 'parrot'$"):
        Registry.of(zoo=Zoo(), aviary=Aviary())


def test_a_hook_that_does_not_exist_is_an_error() -> None:
    """A misspelt hook would otherwise never be called, silently."""
    with pytest.raises(RegistryError, match="unknown hook 'media_provider'"):
        Registry.of(wrong=Misspelt())


def test_the_built_in_plugins_come_in_by_entry_point() -> None:
    """Discovery finds our own kinds by the door an outsider's plugin would use."""
    registry = Registry.discover()

    assert {"boson", "embedded"} <= registry.kinds.keys()
    assert dict(registry.missing) == {}


def test_a_plugin_without_its_extra_is_missing_with_the_way_to_get_it(tmp_path: Path) -> None:
    """The router starts without it, and can say what to install."""
    (tmp_path / "marble_plugin.py").write_text("import marble\n")
    install(tmp_path, "sculpture", {"statue": "marble_plugin"}, "Provides-Extra: statue\n")

    kinds, missing = discovered(tmp_path).splitlines()
    assert "boson" in kinds
    assert missing == """{'statue': ("No module named 'marble'", "pip install 'sculpture[statue]'")}"""


def test_a_broken_plugin_is_an_error_naming_it(tmp_path: Path) -> None:
    """Without an extra that would mend it, a failing import is a fault nobody should overlook."""
    (tmp_path / "marble_plugin.py").write_text("import marble\n")
    install(tmp_path, "sculpture", {"statue": "marble_plugin"})

    assert discovered(tmp_path) == "plugin 'statue' (marble_plugin) cannot be imported: No module named 'marble'"


def test_two_distributions_with_one_plugin_name_are_an_error(tmp_path: Path) -> None:
    """Left to itself, pluggy would take the first and pass over the second."""
    (tmp_path / "empty_plugin.py").write_text("")
    install(tmp_path, "one", {"statue": "empty_plugin"})
    install(tmp_path, "two", {"statue": "empty_plugin"})

    told = discovered(tmp_path)
    assert told in {f"{first} both register a plugin 'statue'" for first in ("one and two", "two and one")}


def test_a_listener_of_ones_own() -> None:
    """An object hears what the plugins hear, where it is asked to and nowhere else."""

    class Listener:
        def __init__(self) -> None:
            self.heard: list[object] = []

        @hook
        def media_load_changed(self, load: Load) -> None:
            self.heard.append(load)

    plugin, own, other = Listener(), Listener(), Listener()
    registry = Registry.of(plugin=plugin)
    load = Load(provider="a", in_flight=1, queued=0)
    registry.heard_by(own=own).media_load_changed(load=load)
    registry.heard_by(other=other).media_load_changed(load=load)
    registry.hook.media_load_changed(load=load)
    assert (len(plugin.heard), len(own.heard), len(other.heard)) == (3, 1, 1)
