"""What the house rules look at: the project's files, and Python sources parsed once."""

import ast
import fnmatch
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]


class Source(msgspec.Struct, frozen=True):
    """A Python file; `path` is relative to the project's root."""

    path: Path
    text: str

    @property
    def tree(self) -> ast.Module:
        return parsed(self.text)

    @property
    def module(self) -> str:
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def sample(text: str, path: str = "router/sample.py") -> Source:
    """Return a source that is not on disk, to try a rule on."""
    return Source(Path(path), text)


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Return every Python file below the named directories."""
    files = sorted(file for top in tops for file in (ROOT / top).rglob("*.py"))
    return tuple(Source(file.relative_to(ROOT), file.read_text(encoding="utf-8")) for file in files)


@cache
def ignored() -> tuple[str, ...]:
    """Return the patterns of .gitignore; ours are plain names, some with slashes around."""
    return tuple(line.strip("/") for line in (ROOT / ".gitignore").read_text().split())


def files(below: Path = ROOT) -> Iterator[Path]:
    """Yield the files that are, or could be, committed."""
    for path in sorted(below.iterdir()):
        if path.name == ".git" or any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored()):
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path
