"""The rounds: in each, every contestant is asked for every kind of work in turn, and all others are stopped."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.gateways.contestants import NGINX, Contestant, Running, started
from benchmarks.gateways.figures import US, Figures
from benchmarks.gateways.measures import MEASURES
from benchmarks.gateways.noise import Moment
from benchmarks.gateways.stand import DIRECT, Stand
from benchmarks.gateways.workloads import START, WORKLOADS, Workload, whole

AGAIN: Final = Workload("again", whole.again)
"""Asked of nginx at the end of each round."""


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
            for workload, name in self.asked(number):
                self._measure(workload, running[name])
                advance()
            if NGINX.name in running and whole.measure in {one.measure for one in self.workloads}:
                self._measure(AGAIN, running[NGINX.name])
        now = Moment.now()
        self.figures.noise.stolen.append(now.stolen_since(before))
        self.figures.noise.others.append(now.others_since(before))

    def asked(self, number: int) -> Iterator[tuple[Workload, str]]:
        """Yield each workload of a round with those who can do it, one at a time; the vendor itself goes first."""
        for workload in self.workloads:
            if workload.direct_too:
                yield workload, DIRECT
            for one in rotated(self.contestants, number):
                idle = workload.ours_alone and one.name != US
                begun = workload is START and number and one.name in self.lasting
                if workload.name not in one.lacks and not idle and not begun:
                    yield workload, one.name

    def _measure(self, workload: Workload, running: Running) -> None:
        running.resume()
        for key, value in workload.measure(self.stand, running):
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


def rotated(contestants: Sequence[Contestant], by: int) -> Sequence[Contestant]:
    """Return them in another order for each round."""
    by %= max(len(contestants), 1)
    return (*contestants[by:], *contestants[:by])


def chosen(names: Sequence[str]) -> Sequence[Workload]:
    """Return the workloads of these names, all for none. Raises `ValueError` for one that there is not."""
    if unknown := set(names) - {one.name for one in WORKLOADS}:
        raise ValueError(f"no workload is called {', '.join(sorted(unknown))}: {', '.join(w.name for w in WORKLOADS)}")
    return [one for one in WORKLOADS if one.name in names or not names]
