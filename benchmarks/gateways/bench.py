"""The rounds: in each, every contestant is asked for every kind of work in turn, and all others are stopped."""

import tempfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.gateways.contestants import NGINX, Contestant, Running, started
from benchmarks.gateways.figures import US, Figures
from benchmarks.gateways.measures import MEASURES
from benchmarks.gateways.noise import Moment
from benchmarks.gateways.stand import DIRECT, Stand
from benchmarks.gateways.workloads import START, WORKLOADS, Measuring, Workload, whole

TWICE: Final = (NGINX.name, US)
"""Who is asked for whole speech again at the end of each round."""


@dataclass(frozen=True)
class Bench:
    """Who is asked for what, and where the figures go.

    `lasting` are those that were started for all rounds.
    """

    stand: Stand
    contestants: Sequence[Contestant]
    workloads: Sequence[Workload]
    figures: Figures
    console: Console
    lasting: Mapping[str, Running] = field(default_factory=dict)

    def round(self, number: int, advance: Callable[[], None]) -> None:
        """Start all contestants, in another order each time, and ask them; `advance` is called after each measurement."""
        self.figures.rounds.append({})
        before = Moment.now()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            order = rotated(self.contestants, number)
            running = {one.name: self.lasting.get(one.name) or start(self.stand, one, folder, stack) for one in order}
            running[DIRECT] = self.stand.vendor
            for part, name in self.asked(number):
                self._measure(part, running[name])
                advance()
        now = Moment.now()
        self.figures.noise.stolen.append(now.stolen_since(before))
        self.figures.noise.others.append(now.others_since(before))

    def asked(self, number: int) -> Iterator[tuple[Measuring, str]]:
        """Yield who is asked for what in a round."""
        return asked(rotated(self.contestants, number), self.workloads, self.lasting if number else ())

    def _measure(self, part: Measuring, running: Running) -> None:
        running.resume()
        for key, value in part(self.stand, running):
            direct = self.figures.rounds[-1].get(key, {}).get(DIRECT)
            added = value - direct if MEASURES[key].over_direct and direct is not None else value
            self.figures.add(key, running.name, added)
            self.console.print(f"  {running.name:>12}  {key} {added:,.2f} {MEASURES[key].unit}")
        if running.name != DIRECT:
            running.pause()


def start(stand: Stand, contestant: Contestant, folder: Path, stack: ExitStack) -> Running:
    """Start a contestant and stop it from running until it is asked."""
    own = folder / contestant.name
    own.mkdir()
    running = stack.enter_context(started(contestant, stand.vendor.port, own, stand.places.contestant))
    running.pause()
    return running


def asked(
    order: Sequence[Contestant], workloads: Sequence[Workload], begun: Container[str]
) -> Iterator[tuple[Measuring, str]]:
    """Yield each part of the work with those who can do it, one at a time; the vendor itself goes first.

    Who has `begun` in a round before is not asked for its start again.
    """
    for workload in workloads:
        able = [DIRECT] if workload.direct_too else []
        able += [one.name for one in order if does(one, workload) and not (workload is START and one.name in begun)]
        yield from product(workload.parts, able)
    if any(workload.parts is whole.PARTS for workload in workloads):
        yield from ((whole.again, one.name) for one in order if one.name in TWICE)


def does(contestant: Contestant, workload: Workload) -> bool:
    """Whether a contestant is asked for such work at all."""
    return workload.name not in contestant.lacks and (contestant.name == US or not workload.ours_alone)


def rotated(contestants: Sequence[Contestant], by: int) -> Sequence[Contestant]:
    """Return them in another order for each round."""
    by %= max(len(contestants), 1)
    return (*contestants[by:], *contestants[:by])


def chosen(names: Sequence[str]) -> Sequence[Workload]:
    """Return the workloads of these names, all for none. Raises `ValueError` for one that there is not."""
    if unknown := set(names) - {one.name for one in WORKLOADS}:
        raise ValueError(f"no workload is called {', '.join(sorted(unknown))}: {', '.join(w.name for w in WORKLOADS)}")
    return [one for one in WORKLOADS if one.name in names or not names]
