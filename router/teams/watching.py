"""Telling those who listen how limits stand, once a second at most, however many requests there are."""

from collections.abc import Callable
from typing import Final

from router.contract import LimitsTold, QuotaUse
from router.engine.clock import Clock
from router.teams.reserve import Admission

LOOK: Final = 1.0
"""Seconds from one look to the next."""


class LimitsWatch:
    """Looks at the door in force, which `door` gives, and announces what is new."""

    def __init__(self, door: Callable[[], Admission], clock: Clock, announce: Callable[[LimitsTold], None]) -> None:
        self.door = door
        self.clock = clock
        self.announce = announce
        self._told: LimitsTold | None = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await self.clock.sleep(LOOK)

    def look(self) -> None:
        """Announce how limits stand, if that is another than before; nothing where no team has any."""
        door = self.door()
        if not door.quotas:
            return
        stands = standing(door)
        if stands != self._told:
            self.announce(stands)
        self._told = standing(door)


def standing(door: Admission) -> LimitsTold:
    """Return how the limits of a door stand, and take what it counted away."""
    refusals, door.refusals = door.refusals, type(door.refusals)()
    unmetered, door.unmetered = door.unmetered, 0
    used = {
        (quota.team, meter.name): meter.share(door.wall()) for quota in door.quotas.values() for meter in quota.meters
    }
    names = used | {refused: 1.0 for refused in refusals if refused not in used}
    return LimitsTold(
        quotas=tuple(
            QuotaUse(team=team, limit=limit, used=share, refused=refusals[team, limit])
            for (team, limit), share in names.items()
        ),
        there=door.counters.there,
        fail="open" if door.open else "closed",
        unmetered=unmetered,
    )
