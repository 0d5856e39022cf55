"""Speech as it is spoken: how much later it begins, and how many streams one core carries in time."""

from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.gateways.contestants import Running
from benchmarks.gateways.reading import Reading
from benchmarks.gateways.stand import Load, Stand
from benchmarks.gateways.vendor.answers import BEAT
from benchmarks.gateways.workloads import asks

AT_ONCE: Final = 50
LATE: Final = 20.0
"""Milliseconds by which 99 of 100 pieces may come late."""
WHOLE: Final = 0.99
"""The share of the pieces due that must come at all."""
FIRST_TRY: Final = 100
FINEST: Final = 1.05
NEARBY: Final = 1.1
FARTHEST: Final = 2.0
"""Factors between two tries: where a round before has found the number, and where nothing is known."""
MOST: Final = 3_200
SPREAD: Final = 1.0


def first_bytes(stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Ask for streams of half a second, so that a hundred begin in each, 50 being open at any time."""
    got = stand.gauge(running, asks.speech("paced-500", response_format="pcm"), Load(AT_ONCE, stand.seconds))
    yield "stream/first-p50", got.first(0.50)
    yield "stream/first-p99", got.first(0.99)


def capacity(stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Open more and more streams of ten seconds until they come late, or fewer; begin with the last round's number."""
    costs: dict[int, float] = {}

    def carries(count: int) -> bool:
        got = paced(stand, running, count)
        costs[count] = got.cpu / got.seconds / count * 1e6
        return in_time(got, count)

    last = stand.carried.get(running.name)
    most = search(carries, FIRST_TRY) if last is None else search(carries, max(last, 1), NEARBY)
    stand.carried[running.name] = most
    yield "paced/most", most
    yield "paced/cpu", costs[most] if most else float("inf")


def paced(stand: Stand, running: Running, count: int) -> Reading:
    """Hold so many streams open."""
    ask = asks.speech("paced", response_format="pcm")
    return stand.gauge(running, ask, Load(count, stand.seconds, marked=True, spread=SPREAD))


def in_time(got: Reading, count: int) -> bool:
    """Whether all streams came, and came in time."""
    due = WHOLE * count * got.seconds / BEAT
    return len(got.tally.late) >= due and got.late(0.99) < LATE


def search(carries: Callable[[int], bool], first: int, stride: float = FARTHEST) -> int:
    """Return the largest number carried, within a factor of `FINEST`; 0 if not even one is.

    It tries `first`, then goes up or down by a factor of `stride`, by more each time, until it has passed it.
    `carries` is taken to hold for all numbers below one for which it holds. At most `MOST` are tried.
    """
    good, bad = 0, first
    while bad <= MOST and carries(bad):
        good, bad = bad, max(bad + 1, round(bad * stride))
        stride = min(stride**2, FARTHEST)
    while not good and bad > 1:
        lower = min(bad - 1, int(bad / stride))
        good, bad = (lower, bad) if carries(lower) else (0, lower)
        stride = min(stride**2, FARTHEST)
    while good and bad > good * FINEST and bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if carries(middle) else (good, middle)
    return good
