"""Claims, and what is waited for."""

import asyncio
import time
from itertools import count

from router.store.counters import Claim, Counters, Ending, Entry
from router.store.shared_counters import SharedCounters

NAMES = count(1)


def team() -> str:
    """Return a team that nobody else counts for."""
    return f"team-{next(NAMES)}"


def entry(whose: str, amount: int, limit: int, unit: int = 0, *, lasts: float = 3600) -> Entry:
    """Return a counter of a team, one for each unit."""
    return Entry(f"{{{whose}}}:{unit}", unit, amount, limit, int(time.time() + lasts))


def claim(whose: str, *entries: Entry, most: int | None = None) -> Claim:
    """Return a claim that was never made."""
    return Claim(f"claim-{next(NAMES)}", whose, entries, most)


async def end(counters: Counters, one: Claim, *amounts: int | None) -> None:
    """End a claim, and wait until that is counted."""
    counters.end(Ending(one, amounts))
    await settled(counters)


async def settled(counters: Counters) -> None:
    """Wait until all ends are counted."""
    until = time.monotonic() + 10
    while isinstance(counters, SharedCounters) and counters.untold:
        assert time.monotonic() < until
        await asyncio.sleep(0.005)


async def standing(counters: Counters, whose: str, unit: int = 0) -> int:
    """Return how a team's counter stands."""
    stood = await counters.claim(claim(whose, entry(whose, 0, 1 << 40, unit)))
    return stood.used[0]
