"""Which interpreters the contestants run on: one that was built plain takes a fifth more time for the same work."""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.gateways.contestants import Contestant
from benchmarks.gateways.contestants.contestant import ROOT

TELLING: Final = ROOT / "deploy" / "interpreter.py"


def pythons(contestants: Iterable[Contestant]) -> dict[str, str]:
    """Return the interpreter of each contestant that is written in Python."""
    return {one.name: interpreter(one.python) for one in contestants if one.python}


def interpreter(python: Path) -> str:
    """Return what an interpreter is: its name and version, and whether its build is `optimised` or `plain`."""
    told = subprocess.run((str(python), "-I", str(TELLING)), capture_output=True, text=True, check=True)  # noqa: S603 - what is measured
    name, version, build, _ = told.stdout.split(maxsplit=3)
    return f"{name} {version}, {build}"


def cautions(found: Mapping[str, str]) -> Iterator[str]:
    """Yield what makes interpreters part of the comparison."""
    for name, python in found.items():
        if not python.endswith("optimised"):
            yield f"{name} runs on {python}: slower than it need be; `make rivals` looks for an optimised one"
    if len(set(found.values())) > 1:
        yield "not on the same interpreter: " + ", ".join(f"{name} on {python}" for name, python in found.items())
