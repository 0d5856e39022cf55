"""The figures of a run, by measure, contestant and round, and the file they are kept in."""

import os
import platform
from collections.abc import Iterator
from math import isinf
from pathlib import Path
from typing import Final

import msgspec

RESULTS: Final = Path(__file__).parents[1] / "results"
US: Final = "media-router"


class Machine(msgspec.Struct, frozen=True):
    """What the figures were taken on; nothing in it tells whose machine it was."""

    cpu: str
    cores: int
    memory: int
    """Gigabytes."""
    kernel: str
    python: str

    @classmethod
    def here(cls) -> "Machine":
        """Return this one."""
        models = (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name"))
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**30
        cores = os.cpu_count() or 1
        release = platform.release().partition("-")[0]
        return cls(next(models, platform.machine()), cores, memory, release, platform.python_version())

    @property
    def note(self) -> str:
        """A few words for a file's name."""
        words = "".join(one if one.isalnum() else " " for one in self.cpu).lower().split()
        return "-".join([*words[:3], f"{self.cores}-cores"])


class Noise(msgspec.Struct):
    """How quiet the machine was: of the CPU time there was, the share stolen by the host and that used by others."""

    stolen: list[float] = []
    others: list[float] = []


class Figures(msgspec.Struct):
    """One run. A figure is infinite where a contestant failed, and missing where it was not asked."""

    when: str
    machine: Machine
    seconds: float
    versions: dict[str, str] = {}
    pythons: dict[str, str] = {}
    """The interpreter of each contestant that is written in Python."""
    noise: Noise = msgspec.field(default_factory=Noise)
    rounds: list[dict[str, dict[str, float]]] = []
    """Per round: measure to contestant to figure."""

    def add(self, measure: str, contestant: str, value: float) -> None:
        """Note a figure of the round under way."""
        self.rounds[-1].setdefault(measure, {})[contestant] = value

    def of(self, measure: str, contestant: str) -> list[float]:
        """Return a contestant's figures, in the order of rounds."""
        return [one[measure][contestant] for one in self.rounds if contestant in one.get(measure, {})]

    def ratios(self, measure: str, against: str, ours: str = US) -> list[float]:
        """Return ours to another's, each within a round; none for rounds in which either has no figure to divide."""
        both = ((one.get(measure, {}).get(ours), one.get(measure, {}).get(against)) for one in self.rounds)
        pairs = [(mine, theirs) for mine, theirs in both if mine is not None and theirs is not None and theirs > 0]
        return [mine / theirs for mine, theirs in pairs if not isinf(mine) or not isinf(theirs)]

    def measured(self) -> Iterator[str]:
        """Yield the measures that have a figure, in the order they were first taken."""
        yield from dict.fromkeys(key for one in self.rounds for key in one)


def _lines(file: str) -> list[str]:
    return Path(file).read_text().splitlines()


def write(figures: Figures, folder: Path = RESULTS) -> Path:
    """Keep a run; JSON has no infinity, so what failed is written as text."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{figures.when}-{figures.machine.note}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(_spelt(figures)), indent=1) + b"\n")
    return file


def _spelt(figures: Figures) -> object:
    told = msgspec.to_builtins(figures)
    for one in told["rounds"]:
        for values in one.values():
            values.update(
                {name: FAILED if value == float("inf") else round(value, 4) for name, value in values.items()}
            )
    return told


FAILED: Final = "failed"


def read(file: Path) -> Figures:
    """Return a run that was kept."""
    told = msgspec.json.decode(file.read_bytes())
    for one in told["rounds"]:
        for values in one.values():
            values.update({name: float("inf") for name, value in values.items() if value == FAILED})
    return msgspec.convert(told, Figures)


def kept(folder: Path = RESULTS) -> list[Path]:
    """Return the runs kept, the newest last; their names begin with the date."""
    return sorted(folder.glob("*.json"))
