"""How long a start takes, and what a worker holds while nothing is asked of it."""

from collections.abc import Iterator

from benchmarks.gateways.contestants import Running
from benchmarks.gateways.stand import Stand
from benchmarks.gateways.tree import Usage, tree


def measure(stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Tell the start that was, and look at the memory."""
    del stand  # nothing is asked
    yield "start/cold", running.cold
    yield "start/idle", worker(tree(running.pid)).resident / 1e6


def worker(family: list[Usage]) -> Usage:
    """Return the process that serves: the first child of a master, or the only process. What it starts is for media."""
    master, *others = family
    return next((one for one in others if one.parent == master.pid), master)
