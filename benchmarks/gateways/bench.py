"""The rounds: in each, every contestant is asked for every kind of work in turn, and all others are stopped."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.gateways.contestants import NGINX, Contestant, Running, started
from benchmarks.gateways.figures import US, Figures
from benchmarks.gateways.measures import MEASURES
from benchmarks.gateways.noise import Moment
from benchmarks.gateways.stand import DIRECT, Stand
from benchmarks.gateways.workloads import WORKLOADS, Workload, whole

AGAIN: Final = Workload("again", whole.again)
"""Asked of nginx at the end of each round."""


@dataclass(frozen=True)
class Bench:
    """Who is asked for what, and where the figures go."""

    stand: Stand
    contestants: Sequence[Contestant]
    workloads: Sequence[Workload]
    figures: Figures
    console: Console

    def round(self, number: int) -> None:
        """Start all contestants, in another order each time, and ask them."""
        self.figures.rounds.append({})
        before = Moment.now()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            running = {one.name: self._start(one, folder, stack) for one in rotated(self.contestants, number)}
            for workload in self.workloads:
                for one in self._asked(workload, running):
                    self._measure(workload, one)
            if NGINX.name in running and whole.measure in {one.measure for one in self.workloads}:
                self._measure(AGAIN, running[NGINX.name])
        now = Moment.now()
        self.figures.noise.stolen.append(now.stolen_since(before))
        self.figures.noise.others.append(now.others_since(before))

    def _start(self, contestant: Contestant, folder: Path, stack: ExitStack) -> Running:
        own = folder / contestant.name
        own.mkdir()
        places, vendor = self.stand.places, self.stand.vendor
        running = stack.enter_context(started(contestant, vendor.port, own, places.contestant))
        running.pause()
        return running

    def _asked(self, workload: Workload, running: Mapping[str, Running]) -> Iterator[Running]:
        """Yield those who can do the work, one at a time; the vendor itself goes first."""
        if workload.direct_too:
            yield self.stand.vendor
        lacking = {one.name for one in self.contestants if workload.name in one.lacks}
        for name, one in running.items():
            if name not in lacking and (name == US or not workload.ours_alone):
                yield one

    def _measure(self, workload: Workload, running: Running) -> None:
        running.resume()
        for key, value in workload.measure(self.stand, running):
            direct = self.figures.rounds[-1].get(key, {}).get(DIRECT)
            added = value - direct if MEASURES[key].over_direct and direct is not None else value
            self.figures.add(key, running.name, added)
            self.console.print(f"  {running.name:>12}  {key} {added:,.2f} {MEASURES[key].unit}")
        if running.name != DIRECT:
            running.pause()


def rotated(contestants: Sequence[Contestant], by: int) -> Sequence[Contestant]:
    """Return them in another order for each round."""
    by %= max(len(contestants), 1)
    return (*contestants[by:], *contestants[:by])


def chosen(names: Sequence[str]) -> Sequence[Workload]:
    """Return the workloads of these names, all for none. Raises `ValueError` for one that there is not."""
    if unknown := set(names) - {one.name for one in WORKLOADS}:
        raise ValueError(f"no workload is called {', '.join(sorted(unknown))}: {', '.join(w.name for w in WORKLOADS)}")
    return [one for one in WORKLOADS if one.name in names or not names]
