from router.store import counters
from router.store.counters import Claim, Ending, Entry, LocalCounters

UNKNOWN = Claim("before", "ads", (Entry("k", 0, 5, 10, 100),), 1)


async def test_what_is_over_is_forgotten() -> None:
    """The memory does not grow with time: counters whose span is over go when there are many."""
    now = 0.0
    local = LocalCounters(lambda: now)
    for at in range(3 * counters.TIDY):
        now = float(at)
        await local.claim(Claim(str(at), "ads", (Entry(f"span-{at}", 0, 1, 1, at + 10),)))
        local.end(Ending(Claim(str(at), "ads", (Entry(f"span-{at}", 0, 1, 1, at + 10),)), (1,)))
    assert len(local._used) <= counters.TIDY + 1


async def test_a_failure_of_the_process_before_gives_nothing_back() -> None:
    """A video that the process before began, and that used nothing, does not take from what this one counts."""
    local = LocalCounters(lambda: 0.0)
    local.end(Ending(UNKNOWN, (0,)))
    count = await local.claim(Claim("now", "ads", (Entry("k", 0, 5, 10, 100),), 1))
    assert (list(count.used), count.running) == ([5], 1)


async def test_ends_are_forgotten_after_a_while() -> None:
    """The memory does not grow with ends either."""
    local = LocalCounters(lambda: 0.0)
    for at in range(counters.LATEST + 5):
        local.end(Ending(Claim(str(at), "ads", ()), (1,)))
    assert len(local._ended) == counters.LATEST
