"""Finds the plugins: every distribution's entry points of group `media_router`."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import pluggy

from router.contract import GROUP, Provider, hookspecs


class RegistryError(Exception):
    """The installed plugins do not go together; the text names them."""


class Missing(NamedTuple):
    """A plugin whose optional packages are not installed: why, and what to do."""

    reason: str
    fix: str


class Registry(msgspec.Struct, frozen=True):
    """What the plugins bring: provider kinds by name, the hooks to call, and what could not be loaded."""

    kinds: Mapping[str, type[Provider[Any]]]
    hook: pluggy.HookRelay
    missing: Mapping[str, Missing] = {}
    plugins: Sequence[tuple[str, object]] = ()

    def heard_by(self, **listeners: object) -> pluggy.HookRelay:
        """Return the same hooks, heard also by these, which have methods that are hooks."""
        plugins = _plugins()
        for name, plugin in (*self.plugins, *listeners.items()):
            plugins.register(plugin, name)
        plugins.check_pending()
        return plugins.hook

    @classmethod
    def discover(cls) -> "Registry":
        """Load every installed plugin; raise `RegistryError`.

        A plugin that lacks an optional package is left out, and said to be `missing`.
        """
        plugins = _plugins()
        missing: dict[str, Missing] = {}
        for point in _entry_points():
            try:
                plugins.register(point.load(), point.name)  # pluggy's own way reads all that is installed each time
            except ImportError as error:
                missing[point.name] = _missing(point, error)
        return _registry(plugins, missing)

    @classmethod
    def of(cls, **plugins: object) -> "Registry":
        """Return a registry of the plugins given, by name."""
        registered = _plugins()
        for name, plugin in plugins.items():
            registered.register(plugin, name)
        return _registry(registered, {})


@cache
def installed() -> Registry:
    """Return the registry of what is installed; the processes that a server forks need not look again. Raises `RegistryError`."""
    return Registry.discover()


def _plugins() -> pluggy.PluginManager:
    plugins = pluggy.PluginManager(GROUP)
    plugins.add_hookspecs(hookspecs)
    return plugins


def _entry_points() -> Iterable[EntryPoint]:
    """Return the group's entry points; pluggy would pass over the second of two with one name."""
    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        other = points.setdefault(point.name, point)
        if other is not point:
            raise RegistryError(f"{_owner(other)} and {_owner(point)} both register a plugin {point.name!r}")
    return points.values()


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _missing(point: EntryPoint, error: ImportError) -> Missing:
    """Tell a plugin of which an extra of the same name is not installed from one that is broken."""
    extras = (point.dist.metadata.get_all("Provides-Extra") if point.dist else None) or ()
    if point.name not in extras or not isinstance(error, ModuleNotFoundError):
        raise RegistryError(f"plugin {point.name!r} ({point.value}) cannot be imported: {error}") from error
    return Missing(str(error), f"pip install '{_owner(point)}[{point.name}]'")


def _registry(plugins: pluggy.PluginManager, missing: Mapping[str, Missing]) -> Registry:
    try:
        plugins.check_pending()
    except pluggy.PluginValidationError as error:
        raise RegistryError(str(error)) from error
    kinds: dict[str, type[Provider[Any]]] = {}
    brought: dict[str, str] = {}
    for implementation in plugins.hook.media_providers.get_hookimpls():
        provided: Sequence[type[Provider[Any]]] = implementation.function()  # type: ignore[assignment]
        for provider in provided:
            other = brought.setdefault(provider.kind, implementation.plugin_name)
            if provider.kind in kinds:
                both = " and ".join(sorted(repr(name) for name in (other, implementation.plugin_name)))
                raise RegistryError(f"plugins {both} both bring the provider kind {provider.kind!r}")
            kinds[provider.kind] = provider
    loaded = [(name, plugin) for name, plugin in plugins.list_name_plugin() if plugin is not None]
    return Registry(MappingProxyType(kinds), plugins.hook, MappingProxyType(dict(missing)), tuple(loaded))
