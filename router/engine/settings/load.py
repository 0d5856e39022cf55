"""From a YAML file to the tree, or to everything that is wrong with the file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.inspect import type_info

from router.engine.registry import Registry
from router.engine.settings.accounts import accounts_type, providers
from router.engine.settings.checks import cross_checks
from router.engine.settings.nodes import Unreadable, compose
from router.engine.settings.problems import Problem, SettingsError
from router.engine.settings.secrets import ReadFile, References
from router.engine.settings.tree import RouterSettings, file_type
from router.engine.settings.walk import Walk


def read_text(path: Path) -> str:
    """Read a file that holds a secret."""
    return path.read_text(encoding="utf-8")


def load(path: Path, registry: Registry, env: Mapping[str, str], read: ReadFile = read_text) -> RouterSettings:
    """Return the configuration of a YAML file; raise `SettingsError` with every problem in it.

    `env` and `read` are where references lead: `${env:NAME}`, and `${file:…}` relative to the file's folder.
    """
    file = str(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SettingsError([Problem(file, 0, 0, "", f"cannot be read: {error.strerror}")]) from error
    return parse(text, file, registry, References(env, path.parent, read))


def parse(text: bytes, file: str, registry: Registry, references: References) -> RouterSettings:
    """Return the configuration of a YAML text; `file` is what to call it in problems."""
    try:
        root = compose(text)
    except Unreadable as error:
        raise SettingsError([Problem(file, *error.place, "", error.message, error.hint)]) from error
    if root is None:
        raise SettingsError([Problem(file, 0, 0, "", "there is nothing in it")])
    walk = Walk(file, references, registry.missing)
    tree = _tree(walk.read(root, type_info(file_type(accounts_type(registry.kinds))), ()), registry, walk)
    problems = [*walk.problems, *cross_checks(tree)]
    if problems:
        raise SettingsError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return tree


def _tree(read: Any, registry: Registry, walk: Walk) -> RouterSettings:
    return RouterSettings(
        providers=providers(read.providers, registry.kinds, walk),
        routes=read.routes,
        voices=read.voices,
        teams=read.teams,
        server=read.server,
        storage=read.storage,
        prices=read.prices,
        scenarios=read.scenarios,
        sockets=read.sockets,
        source=walk.source,
    )
