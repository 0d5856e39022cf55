"""The seams: nothing is patched, and a plugin is handed what it may use."""

import ast
from collections.abc import Iterator

from tests.house.tree import Source

PATCHES = frozenset({"monkeypatch", "mocker", "MonkeyPatch"})
MOCKS = frozenset({"mock", "unittest.mock", "pytest_mock"})
CLIENTS = frozenset({"AsyncClient", "AsyncHTTPTransport", "Client", "HTTPTransport"})


def patches(source: Source) -> Iterator[str]:
    """Complain about patching outside conftest.py: it says that a seam is missing."""
    if source.path.name == "conftest.py":
        return
    for node in ast.walk(source.tree):
        if imported(node) & MOCKS or used(node) in PATCHES:
            yield f"{source.at(node)}: patches; hand the fake in instead"


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def used(node: ast.AST) -> str:
    if isinstance(node, ast.arg):
        return node.arg
    return node.attr if isinstance(node, ast.Attribute) else ""


def own_clients(source: Source) -> Iterator[str]:
    """Complain about a plugin that makes its own HTTP client instead of using the one it is handed."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("httpx.") in CLIENTS:
            yield f"{source.at(node)}: makes its own HTTP client"


def catch_alls(source: Source) -> Iterator[str]:
    """Complain about a plugin that catches everything, the router's own cancellation included."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and caught(node) & {"", "Exception", "BaseException"}:
            yield f"{source.at(node)}: catches everything"


def caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {""}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) for kind in kinds}
