"""An image made without Docker: its Dockerfile's steps run in a root of their own, over this machine's files.

What a step writes goes into a folder (an overlay's upper layer), so the machine is left as it was. This machine stands in for
the image that the Dockerfile begins with: its Python is at /usr/local, where that image has one.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, Final

from dockerfile_parse import DockerfileParser

PROJECT: Final = Path(__file__).parents[2]
PATHS: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIKE: Final = "python:3.11-slim"
"""The image that this machine stands in for."""
ENTER: Final = """
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/merged"
mount --rbind /dev "$1/merged/dev"
mount --rbind /proc "$1/merged/proc"
root=$1/merged folder=$2
shift 2
exec chroot "$root" env -C "$folder" "$@"
"""


@dataclass
class Root:
    """The files of an image, and what it says of how it is run. It begins with those of another, or with this machine's."""

    folder: Path
    begun: "Root | None" = None
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATHS})
    workdir: str = "/"
    said: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("upper", "work", "merged"):
            (self.folder / name).mkdir(parents=True)
        if self.begun is not None:  # a layer cannot lie on another inside the third: all are on this machine's disk
            subprocess.run(("cp", "-a", f"{self.begun.upper}/.", self.upper), check=True)

    @property
    def upper(self) -> Path:
        return self.folder / "upper"

    def run(self, *words: str) -> str:
        """Run a command as root in there, and return what it wrote. Raises `AssertionError`."""
        done = subprocess.run(
            ("unshare", "--mount", "sh", "-ec", ENTER, "sh", str(self.folder), self.workdir, *words),
            env={**outside(), **self.env}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def at(self, path: str) -> Path:
        """Return where a path of the image is written."""
        return self.upper / os.path.normpath(f"{self.workdir}/{path}" if not path.startswith("/") else path).lstrip("/")


def outside() -> dict[str, str]:
    """Return what steps are given of our own environment: how to reach the network, and no Python's settings."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PYENV"))
    }


def possible(folder: Path) -> str:
    """Return why no image can be made here, or nothing."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return "needs root and unshare, to give the image a root of its own"
    try:
        Root(folder).run("true")
    except AssertionError as error:
        return f"needs to mount an overlay: {error}"
    return ""


def slim(folder: Path) -> Root:
    """Return the root that stands in for the image that the Dockerfile begins with: this machine, and Python in its place."""
    root = Root(folder)
    python = Path(sys.executable).resolve()
    for one in python.parents:  # anybody may use Python in that image
        root.run("chmod", "o+x", str(one))
    root.run(str(python), "-m", "venv", "/usr/local")
    return root


def made(dockerfile: Path, folder: Path) -> dict[str, Root]:
    """Run every step of a Dockerfile, and return its stages by name; the one without a name is `last`."""
    stages: dict[str, Root] = {}
    begun = stage = slim(folder / "slim")
    for instruction, value in steps(dockerfile):
        if instruction == "FROM":
            image, _, name = value.partition(" AS ")
            assert image == LIKE
            stage = stages[name or "last"] = Root(folder / (name or "last"), begun)
        else:
            follow(stage, instruction, value, stages)
    return stages


def steps(dockerfile: Path) -> Iterator[tuple[str, str]]:
    """Yield the instructions and what stands after them."""
    parsed: Sequence[Mapping[str, Any]] = DockerfileParser(path=str(dockerfile.parent)).structure
    yield from ((one["instruction"], one["value"]) for one in parsed if one["instruction"] != "COMMENT")


def follow(stage: Root, instruction: str, value: str, stages: Mapping[str, Root]) -> None:
    """Do what an instruction says."""
    match instruction:
        case "RUN":
            stage.run("/bin/sh", "-c", value)
        case "WORKDIR":
            stage.workdir = value
            stage.at(".").mkdir(parents=True, exist_ok=True)
        case "COPY":
            copy(stage, value.split(), stages)
        case "ENV":
            given = dict(word.split("=", 1) for word in shlex.split(value))
            stage.env |= {name: Template(text).substitute(stage.env) for name, text in given.items()}
        case "USER" | "EXPOSE" | "VOLUME" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
            stage.said[instruction] = value
        case _:
            raise AssertionError(f"nobody knows here what {instruction} does")


def copy(stage: Root, words: list[str], stages: Mapping[str, Root]) -> None:
    """Copy from another stage, or from what .dockerignore lets in."""
    if words[0].startswith("--from="):
        source = stages[words[0].removeprefix("--from=")]
        shutil.copytree(source.at(words[1]), stage.at(words[2]), symlinks=True, copy_function=os.link)
        return
    let_in = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    *names, place = words
    assert set(names) <= let_in
    for name in names:
        to = stage.at(f"{place}/{name}" if place.endswith("/") else place)
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, to)


@contextmanager
def rootless(folder: Path) -> Iterator[None]:
    """Take away what an overlay leaves behind that pytest's own clearing would stumble over."""
    try:
        yield
    finally:
        subprocess.run(("rm", "-rf", folder), check=True)
