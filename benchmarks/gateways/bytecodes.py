"""`make bytecodes`: how many of Python's bytecodes a request takes, by stage and function: a figure that no noise disturbs."""

import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.gateways.contestants import ROUTER, started
from benchmarks.gateways.contestants.contestant import ROOT, Command, Site
from benchmarks.gateways.cores import Places, pinned
from benchmarks.gateways.counted import COUNTED, WARM, Each
from benchmarks.gateways.load.run import Callers
from benchmarks.gateways.stages import part_of
from benchmarks.gateways.stand import Load, Stand, vendor
from benchmarks.gateways.workloads import asks, whole

LONGEST: Final = 60.0
"""Seconds."""
SHOWN: Final = 40
"""Functions, those that take most."""
PLACES: Final = (f"{ROOT}/", f"{sysconfig.get_path('purelib')}/", f"{sysconfig.get_path('stdlib')}/")


def count() -> Sequence[Each]:
    """Return what each function takes of a whole speech while as many ask for it as in the benchmark."""
    places = Places.here()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = folder / "counted.json"

        def launch(site: Site) -> Command:
            _, *arguments = ROUTER.launch(site)
            return (sys.executable, "-m", "benchmarks.gateways.counted", str(out), *arguments[2:])

        with (
            pinned(places.callers),
            vendor(places, folder) as upstream,
            started(replace(ROUTER, launch=launch), upstream.port, folder, places.contestant) as running,
            Callers(places.callers) as callers,
        ):
            stand = Stand(places, upstream, folder, callers)
            each = -(-(WARM + COUNTED) // whole.BUSY) + 1
            asking = stand.hold(running, asks.speech("whole"), Load(whole.BUSY, LONGEST, each=each))
            stand.release(running, asking)
        found = msgspec.json.decode(out.read_bytes(), type=list[Each])
    return [msgspec.structs.replace(one, file=inside(one.file)) for one in found]


def inside(file: str) -> str:
    """Return a file's path within whatever it is part of."""
    return next((file.removeprefix(place) for place in PLACES if file.startswith(place)), file)


def by_stage(found: Iterable[Each]) -> Counter[str]:
    """Add bytecodes up by stage."""
    stages: Counter[str] = Counter()
    for one in found:
        stages[part_of(one.file)] += one.bytecodes  # type: ignore[assignment]  # counters count in floats as well
    return stages


def main() -> None:
    """Count, and show what was counted; the last line is the figures."""
    found = count()
    stages = Table("stage", "bytecodes", title="whole speech, 64 at once: bytecodes per request")
    for name, each in by_stage(found).most_common():
        stages.add_row(name, f"{each:,.0f}")
    functions = Table("function", "bytecodes", "calls", title="what takes most")
    for one in found[:SHOWN]:
        functions.add_row(f"{one.file}:{one.line} {one.name}", f"{one.bytecodes:.0f}", f"{one.calls:.2f}")
    Console().print(stages, functions)
    sys.stdout.write(
        f"bytecodes {sum(one.bytecodes for one in found):.0f}, calls {sum(one.calls for one in found):.0f}\n"
    )


if __name__ == "__main__":
    main()
