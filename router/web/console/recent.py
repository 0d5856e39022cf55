"""What this process did last: its latest requests, and readings of the configuration."""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from router.contract import Outcome, Reload, hook

MOST_REQUESTS: Final = 100
"""As many as the console shows."""
MOST_READINGS: Final = 20


class ReadAt(msgspec.Struct, frozen=True):
    """A reading of the configuration: when, in unix seconds, and what came of it."""

    at: float
    reading: Reload


class Memory:
    """Listens to the router; `wall` tells unix seconds. Bounded, and nothing of a request's text or a key is in it."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.requests: deque[Outcome] = deque(maxlen=MOST_REQUESTS)
        self.readings: deque[ReadAt] = deque(maxlen=MOST_READINGS)

    @hook
    def media_request_finished(self, outcome: Outcome) -> None:
        """Keep a request that is over."""
        self.requests.append(outcome)

    @hook
    def media_configuration_read(self, reload: Reload) -> None:
        """Keep what came of reading the configuration."""
        self.readings.append(ReadAt(self.wall(), reload))
