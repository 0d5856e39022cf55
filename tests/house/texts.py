"""What may lie in the repository: which files, how large, and what must never be written in one."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

TOP = frozenset(
    {
        "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "NOTICE", "README.md", "mkdocs.yml",
        "pyproject.toml", "uv.lock",
        "benchmarks", "config", "deploy", "docs", "plugins", "router", "tests",
    }
)  # fmt: skip
LARGEST = 200_000
"""Bytes. What is larger is made by a command, not committed."""
LOCK = "uv.lock"

MACHINE = re.compile(r"(?<![\w.~/-])/(?:home|Users|root|work|tmp)/\w")
SECRETS = re.compile(
    r"\bsk-[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bxox[abprs]-[\w-]{10,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|(?i:api_?key|password|secret|token)[\"']?\s*[:=]\s*[\"'](?=[^\"']*\d)[A-Za-z0-9+/_-]{24,}[\"']"
)


def strangers(names: Iterable[str]) -> Iterator[str]:
    """Complain about a top-level name outside the fixed set; dot files may come and go."""
    for name in names:
        if name not in TOP and not name.startswith("."):
            yield f"{name} does not belong at the top of the repository"


def heavy(path: Path, size: int) -> Iterator[str]:
    if size > LARGEST and path.name != LOCK:
        yield f"{path}: {size} bytes, at most {LARGEST}"


def told_paths(path: Path, text: str) -> Iterator[str]:
    """Complain about absolute paths of somebody's machine."""
    yield from (f"{path}: names a machine's own path, {found}…" for found in MACHINE.findall(text))


def told_secrets(path: Path, text: str) -> Iterator[str]:
    """Complain about what looks like a credential, without repeating it; `*.test.pem` are made for tests."""
    if path.parts[0] == "tests" and path.name.endswith(".test.pem"):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if SECRETS.search(line):
            yield f"{path}:{number}: looks like a credential"
