"""What is registered, and what must be: plugins, the kinds they bring, the hooks they may use."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from tests.house.sizes import Function
from tests.house.tree import Source


def unregistered(modules: Iterable[str], registered: Iterable[str]) -> Iterator[str]:
    """Complain about a module or package of plugins/ that no entry point names."""
    for module in modules:
        if module not in registered:
            yield f"{module} is no entry point of group media_router"


def stale(declared: Mapping[str, str], installed: Mapping[str, str]) -> Iterator[str]:
    """Complain when what is installed is not what pyproject.toml declares."""
    for name in sorted({*declared, *installed}):
        if declared.get(name) != installed.get(name):
            yield f"{name}: declared {declared.get(name)}, installed {installed.get(name)}; run `make setup`"


def unjudged(kinds: Iterable[str], tests: Iterable[str]) -> Iterator[str]:
    """Complain about a provider kind that no collected contract test has among its parameters."""
    judged = {word for test in tests for word in re.split(r"[-\[\]]", test.partition("[")[2])}
    for kind in kinds:
        if kind not in judged:
            yield f"{kind} is judged by no test of tests/contract"


def hooks(hookspecs: Source) -> dict[str, str]:
    """Return the name and docstring of every hook specified."""
    return {
        node.name: ast.get_docstring(node) or ""
        for node in hookspecs.tree.body
        if isinstance(node, Function) and any(ast.unparse(one) == "spec" for one in node.decorator_list)
    }


def unexplained(hooks: Mapping[str, str], guide: str) -> Iterator[str]:
    for name, docstring in hooks.items():
        if not docstring or f"`{name}" not in guide:
            yield f"{name} has no docstring or is not in CONTRIBUTING.md"


def unused(hooks: Iterable[str], code: Iterable[Source], tests: Iterable[Source]) -> Iterator[str]:
    """Complain about a hook without a shipped implementation, or one no test calls by name."""
    for name in hooks:
        if not any(name in implemented(source) for source in code):
            yield f"{name} ships without an implementation"
        if not any(re.search(rf"\b{name}\b", source.text) for source in tests):
            yield f"{name} is exercised by no test"


def implemented(source: Source) -> set[str]:
    return {
        node.name
        for node in ast.walk(source.tree)
        if isinstance(node, Function) and any(ast.unparse(one).startswith("hook") for one in node.decorator_list)
    }


def unlayered(packages: Iterable[str], layers: Iterable[str]) -> Iterator[str]:
    """Complain about a package of router/ that has no place in the layers of the import contract."""
    placed = set(re.findall(r"[a-z_.]+", " ".join(layers)))
    for package in packages:
        if package not in placed:
            yield f"{package} has no place among the layers in pyproject.toml"
