import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from benchmarks.gateways.pythons import cautions, interpreter
from deploy.interpreter import optimised

ROOT: Final = Path(__file__).parents[3]
FAST: Final = "CPython 3.11.2, optimised"
SLOW: Final = "CPython 3.11.7, plain"

PYTHON: Final = """\
#!/bin/sh
case "$*" in
    *version_info*) {recent} ;;
    *interpreter.py) echo "CPython 3.11.2 {build} /somewhere" ;;
    *ensurepip*) {creates} ;;
esac
"""
"""A Python that says of itself what it is told to, to all that the scripts ask."""
UV: Final = """\
#!/bin/sh
for last; do :; done
case "$last" in {without}) exit 1 ;; esac
"""
"""An environment's Python whose uv finds everything ready made for all but some."""

DEBIAN: Final = {"build": "optimised", "recent": "true", "creates": "true"}
PYENV: Final = DEBIAN | {"build": "plain"}
SHIM: Final = DEBIAN | {"recent": "exit 127"}
MINIMAL: Final = DEBIAN | {"creates": "false"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project, but for the scripts."""
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    return tmp_path


def placed(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def found(project: Path, function: str, pythons: dict[str, dict[str, str]]) -> str:
    """What a function of deploy/python.sh prints, its PATH's folders having these in their order."""
    for name, answers in pythons.items():
        placed(project / name, PYTHON.format(**answers))
    path = ":".join(dict.fromkeys(str((project / name).parent) for name in pythons))
    command = ("/bin/sh", "-eu", "-c", f". deploy/python.sh; PYTHON=; {function}")
    told = subprocess.run(command, cwd=project, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert not told.stderr
    return told.stdout.strip().removeprefix(f"{project}/")


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"a/python3.11": PYENV, "b/python3.11": DEBIAN}, "b/python3.11"),
        ({"a/python3.11": SHIM, "b/python3.13": DEBIAN}, "b/python3.13"),
        ({"a/python3.11": PYENV, "b/python3.11": MINIMAL}, "python3.11"),
        ({"a/python3.11": PYENV, "b/python3.12": DEBIAN}, "python3.11"),
        ({"a/python3.12": PYENV, "b/python3": PYENV}, "python3"),
        ({"a/python3.14": MINIMAL}, "python3.14"),
        ({"a/python3.11": SHIM}, ""),
    ],
    ids=lambda one: str(one) if isinstance(one, str) else " ".join(one),
)
def test_the_python_to_develop_with(project: Path, pythons: dict[str, dict[str, str]], chosen: str) -> None:
    """An optimised one goes first if all it takes is there, even behind another on PATH; else what ever ran does."""
    assert found(project, "find_python", pythons) == chosen


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"a/python3.11": PYENV, "b/python3.11": MINIMAL}, "b/python3.11"),
        ({"a/python3.11": DEBIAN, "b/python3.13": DEBIAN}, "b/python3.13"),
        ({"a/python3.14": DEBIAN, "b/python3.13": SHIM, "c/python3.11": DEBIAN}, "c/python3.11"),
    ],
    ids=lambda one: str(one) if isinstance(one, str) else " ".join(one),
)
def test_the_python_to_measure_with(project: Path, pythons: dict[str, dict[str, str]], chosen: str) -> None:
    """It is the newest that is optimised and has wheels for all that is locked; nothing else is asked of it."""
    placed(project / ".venv" / "bin" / "python", UV.format(without="*3.14"))
    assert found(project, "fast_python", pythons) == chosen


def test_no_python_to_measure_with(project: Path) -> None:
    """Where none is optimised, or wheels are missing for those that are, the environment's own is measured."""
    placed(project / ".venv" / "bin" / "python", UV.format(without="*"))
    assert found(project, "fast_python", {"a/python3.11": PYENV, "b/python3.13": DEBIAN}) == ".venv/bin/python"


def test_a_newest_python_that_cannot_be_had(project: Path) -> None:
    """Where Debian cannot be reached nothing is left behind but the word that there is none, and nothing fails."""
    placed(project / ".venv" / "bin" / "python", UV.format(without="''"))
    env = {"PATH": os.environ["PATH"], "DEBIAN_MIRROR": "http://127.0.0.1:9"}
    done = subprocess.run(
        ("/bin/sh", "deploy/cpython.sh"), cwd=project, env=env, capture_output=True, text=True, check=True
    )
    assert "cannot be had here" in done.stdout
    place = project / ".tools" / "cpython"
    assert [(one.name, one.read_text()) for one in place.iterdir()] == [(".ready", "")]


@pytest.mark.parametrize(
    ("configured", "is_so"),
    [
        ("'--enable-optimizations' '--with-lto'", True),
        ("'--prefix=/root/.pyenv/versions/3.11.7' '--enable-shared'", False),
        ("'--enable-shared' '--prefix=/usr' '--with-wheel-pkg-dir=/usr/share/python-wheels/'", True),
        ("'--enable-shared' '--prefix=/usr'", False),
        ("", False),
    ],
)
def test_whose_build_was_optimised(configured: str, is_so: bool) -> None:
    """Who asked `configure` for it says so; Debian's own is known by where pip's wheels are, wherever it is itself."""
    assert optimised(configured) is is_so


def test_what_is_told_of_an_interpreter() -> None:
    """It is the interpreter that is named which tells of itself, as it is called and numbered."""
    name, version, build = interpreter(Path(sys.executable)).replace(",", "").split()
    assert (name.lower(), version) == (sys.implementation.name, sys.version.split()[0])
    assert build in {"optimised", "plain"}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"media-router": FAST, "LiteLLM": FAST}, []),
        ({"media-router": SLOW}, ["slower than it need be"]),
        ({"media-router": SLOW, "LiteLLM": FAST}, ["slower than it need be", "not on the same"]),
        ({}, []),
    ],
)
def test_what_to_be_told_before(found: dict[str, str], words: list[str]) -> None:
    """A plain build and unequal interpreters are named before anything is measured on them."""
    told = list(cautions(found))
    assert len(told) == len(words)
    assert all(some in one for some, one in zip(words, told, strict=True))
