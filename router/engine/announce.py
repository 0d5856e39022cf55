"""Telling the listeners, after the fact. A listener that raises never hurts a request, nor another listener."""

import logging
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Final, TypeVar

from router.contract import Attempt, LimitsTold, Load, OpenSockets, Outcome, Reload, TurnOutcome

LOG: Final = logging.getLogger(__name__)
Listener = Callable[[Any], object]
E = TypeVar("E")
Tell = Callable[[E], None]


class Announcer:
    """Hands events to the hooks; `hook` is pluggy's relay, typed by `router.contract.hookspecs`."""

    def __init__(self, hook: Any) -> None:
        self.hook = hook
        self.attempt: Tell[Attempt] = telling(hook, "media_attempt_finished", "attempt")
        self.load: Tell[Load] = telling(hook, "media_load_changed", "load")
        self.outcome: Tell[Outcome] = telling(hook, "media_request_finished", "outcome")
        self.reload: Tell[Reload] = telling(hook, "media_configuration_read", "reload")
        self.turn: Tell[TurnOutcome] = telling(hook, "media_turn_finished", "turn")
        self.sockets: Tell[OpenSockets] = telling(hook, "media_sockets_changed", "sockets")
        self.limits: Tell[LimitsTold] = telling(hook, "media_limits_changed", "limits")


def telling(hook: Any, name: str, argument: str) -> Tell[Any]:
    """Return what hands an event to whoever listens to a hook.

    That is looked up when there is first something to tell: pluggy itself takes 2 µs for it, each time.
    """
    listening = cache(lambda: listeners(getattr(hook, name), argument))

    def tell(event: object) -> None:
        for listen in listening():
            try:
                listen(event)
            except Exception:
                LOG.exception("a listener of %s failed", name)

    return tell


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
