"""How many jobs there are that have not ended, and for how long: looked up now and then, for those who run the router."""

from collections.abc import Callable, Mapping
from typing import Final

from router.contract import MediaError
from router.engine.clock import Clock
from router.store.rows import JobRows

EVERY: Final = 15.0
"""Seconds between two looks."""

Show = Callable[[Mapping[str, tuple[int, float]] | None], None]
"""Is given each state's number of jobs and the seconds since the oldest was made, or None where the database is away."""


async def watched(rows: JobRows, clock: Clock, show: Show) -> None:
    """Look for ever."""
    while True:
        try:
            groups = await rows.groups()
        except MediaError:
            show(None)
        else:
            show({one.state: (one.jobs, max(clock.wall() - one.oldest, 0.0)) for one in groups})
        await clock.sleep(EVERY)
