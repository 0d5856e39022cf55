"""Where a turn takes place."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec

from router.contract import OpenSockets, TurnOutcome
from router.engine.clock import Clock, SystemClock
from router.engine.settings.scenarios import Scenarios, Sockets, built_in
from router.voice.engine import Engine


class Talks(msgspec.Struct, frozen=True):
    """What conversations are given of a configuration, and of the world: time, and whom to tell of turns and sockets."""

    scenarios: Scenarios = msgspec.field(default_factory=built_in)
    sockets: Sockets = msgspec.field(default_factory=Sockets)
    clock: Clock = msgspec.field(default_factory=SystemClock)
    turn: Callable[[TurnOutcome], None] = lambda _: None
    opened: Callable[[OpenSockets], None] = lambda _: None


class Host(msgspec.Struct, frozen=True):
    """The engine and all else of the configuration in force, and the team that is served."""

    engine: Engine
    team: str
    talks: Talks


Lodging = Callable[[], AbstractContextManager[Host]]
"""Lets a turn in; the host stays open inside the block. Raises `MediaError` for those who may not come in any more."""
