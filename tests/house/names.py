"""The words we use, and what is said where: names, docstrings, what a package exports."""

import ast
import re
from collections.abc import Iterator

from tests.house.sizes import Function
from tests.house.tree import Source

AVOIDED = frozenset(
    {"manager", "helper", "helpers", "util", "utils", "base", "common", "handler", "service", "data", "info", "process"}
)
ALLOWED = frozenset({"base_url", "data_received", "get_extra_info"})
"""Names that the field or asyncio, not we, made of such a word."""


def words(name: str) -> list[str]:
    """Split a snake_case or CamelCase name into lower-case words."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def avoided(name: str) -> list[str]:
    return [] if name in ALLOWED else [word for word in words(name) if word in AVOIDED]


def vague_names(source: Source) -> Iterator[str]:
    for name in source.module.split("."):
        if avoided(name):
            yield f"{source.path}: {name} is no name for a module or package"
    for node in ast.walk(source.tree):
        if isinstance(node, Function | ast.ClassDef) and avoided(node.name):
            yield f"{source.at(node)}: {node.name} says nothing; name the subject"


def silent_modules(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree):
        yield f"{source.path}: no docstring"


def silent_tests(source: Source) -> Iterator[str]:
    """Complain about test functions that do not say what they prove."""
    for node in ast.walk(source.tree):
        if isinstance(node, Function) and node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{source.at(node)}: {node.name} makes no claim"


def exported(source: Source) -> list[str] | None:
    """Return what the module's `__all__` lists, or None if it has none."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def unsorted_exports(source: Source) -> Iterator[str]:
    names = exported(source) or []
    if names != sorted(set(names), key=rank):
        yield f"{source.path}: __all__ is not sorted, constants first, then classes, then functions"


def rank(name: str) -> tuple[int, str]:
    """Order names the way ruff's RUF022 does."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[0].isupper() else 2), name


def missing_exports(source: Source, module: object) -> Iterator[str]:
    for name in exported(source) or []:
        if not hasattr(module, name):
            yield f"{source.path}: __all__ lists {name}, which does not exist"


def unreasoned_exemptions(source: Source) -> Iterator[str]:
    """Complain about a lint exemption without its reason: `# noqa: CODE - reason` or `# noqa: CODE  # reason`."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if re.search(r"# noqa\b(?!: [A-Z0-9, ]+ [-#] \S)", line):
            yield f"{source.path}:{number}: exempt from what, and why?"
