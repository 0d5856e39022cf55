"""What this process did last: its latest requests, with whom they were put to and why, and readings of the configuration."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from router.contract import Outcome, Reload, TargetsChosen, Task, hook

MOST_REQUESTS: Final = 200
MOST_READINGS: Final = 20
MOST_OPEN: Final = 1000
"""Requests under way, or jobs, whose choices are kept until they end; of more the oldest lose theirs."""
MOST_CHOICES: Final = 20
"""Of one request, the first: a long text that is spliced has one for each part."""
NO_CHOICES: Final[Sequence[TargetsChosen]] = ()


class Recent(msgspec.Struct, frozen=True):
    """A request that is over: when that was, in unix seconds, how it went, and what was decided on its way."""

    at: float
    outcome: Outcome
    choices: Sequence[TargetsChosen]


class ReadAt(msgspec.Struct, frozen=True):
    """A reading of the configuration: when, in unix seconds, and what came of it."""

    at: float
    reading: Reload


class Memory:
    """Listens to the router; `wall` tells unix seconds. Bounded, and nothing of a request's text or a key is in it."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.requests: deque[Recent] = deque(maxlen=MOST_REQUESTS)
        self.readings: deque[ReadAt] = deque(maxlen=MOST_READINGS)
        self._open: dict[str, list[TargetsChosen]] = {}

    @hook
    def media_targets_chosen(self, choice: TargetsChosen) -> None:
        """Keep a choice until its request is over."""
        of_request = self._open.get(choice.request_id)
        if of_request is None:
            self._open[choice.request_id] = [choice]
            if len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]
        elif len(of_request) < MOST_CHOICES:
            of_request.append(choice)

    @hook
    def media_request_finished(self, outcome: Outcome) -> None:
        """Keep a request that is over."""
        choices = self._open.pop(outcome.request_id, NO_CHOICES)
        if len(choices) > 1:
            choices = self._own(choices, outcome)
        self.requests.append(Recent(self.wall(), outcome, choices))

    @hook
    def media_configuration_read(self, reload: Reload) -> None:
        """Keep what came of reading the configuration."""
        self.readings.append(ReadAt(self.wall(), reload))

    def _own(self, choices: Sequence[TargetsChosen], outcome: Outcome) -> Sequence[TargetsChosen]:
        """Return which choices are the request's. A turn of a conversation is several under one id, each of its own task."""
        if outcome.task is Task.AVATAR:  # the speech that was made on the way is its own
            return choices
        others = [one for one in choices if one.task is not outcome.task]
        if others:
            self._open[outcome.request_id] = others
        return [one for one in choices if one.task is outcome.task]


def newest(kept: Sequence[Recent], count: int) -> list[Recent]:
    """Return the latest requests, the newest first."""
    return list(reversed(kept))[:count]
