"""Telling the listeners, after the fact. A listener that raises never hurts a request, nor another listener."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from router.contract import Attempt, LimitsTold, Load, OpenSockets, Outcome, Reload, TargetsChosen, TurnOutcome

LOG: Final = logging.getLogger(__name__)
Listener = Callable[[Any], object]


class Announcer:
    """Hands events to the hooks; `hook` is pluggy's relay, typed by `router.contract.hookspecs`.

    Whoever listens is looked up when there is first something to tell: pluggy itself takes 2 µs for that, each time.
    """

    def __init__(self, hook: Any) -> None:
        self.hook = hook
        self._listening: dict[Callable[..., object], Sequence[Listener]] = {}

    def choice(self, choice: TargetsChosen) -> None:
        """Announce whom a request is about to be put to."""
        self._tell("media_targets_chosen", "choice", choice)

    def attempt(self, attempt: Attempt) -> None:
        """Announce that one call to one provider is over."""
        self._tell("media_attempt_finished", "attempt", attempt)

    def load(self, load: Load) -> None:
        """Announce how much a provider has to do now."""
        self._tell("media_load_changed", "load", load)

    def outcome(self, outcome: Outcome) -> None:
        """Announce that a request is over."""
        self._tell("media_request_finished", "outcome", outcome)

    def reload(self, reload: Reload) -> None:
        """Announce that the configuration was read."""
        self._tell("media_configuration_read", "reload", reload)

    def turn(self, turn: TurnOutcome) -> None:
        """Announce that a turn of a conversation is over."""
        self._tell("media_turn_finished", "turn", turn)

    def sockets(self, sockets: OpenSockets) -> None:
        """Announce how many sockets are open."""
        self._tell("media_sockets_changed", "sockets", sockets)

    def limits(self, limits: LimitsTold) -> None:
        """Announce how limits stand."""
        self._tell("media_limits_changed", "limits", limits)

    def _tell(self, name: str, argument: str, event: object) -> None:
        hook = getattr(self.hook, name)
        listening = self._listening.get(hook)
        if listening is None:
            listening = self._listening[hook] = listeners(hook, argument)
        for listen in listening:
            try:
                listen(event)
            except Exception:
                LOG.exception("a listener of %s failed", name)


def listeners(hook: Any, argument: str) -> Sequence[Listener]:
    """Return what is to be called with a hook's only argument: its implementations, in pluggy's order.

    A hook that some implementation wraps is left to pluggy.
    """
    found = hook.get_hookimpls() if hasattr(hook, "get_hookimpls") else None
    if found is None or any(one.wrapper or one.hookwrapper for one in found):
        return [lambda event: hook(**{argument: event})]
    return [one.function if one.argnames else partial(_unheard, one.function) for one in reversed(found)]


def _unheard(listen: Callable[[], object], _: object) -> None:
    """Call an implementation that takes no argument, as pluggy lets it."""
    listen()
