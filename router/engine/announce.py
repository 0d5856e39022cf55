"""Telling the listeners, after the fact. A listener that raises never hurts a request."""

import logging
from typing import Any, Final

from router.contract import Attempt, Load, OpenSockets, Outcome, Reload, TurnOutcome

LOG: Final = logging.getLogger(__name__)


class Announcer:
    """Hands events to the hooks; `hook` is pluggy's relay, typed by `router.contract.hookspecs`."""

    def __init__(self, hook: Any) -> None:
        self.hook = hook

    def attempt(self, attempt: Attempt) -> None:
        """Announce that one call to one provider is over."""
        self._tell("media_attempt_finished", attempt=attempt)

    def load(self, load: Load) -> None:
        """Announce how much a provider has to do now."""
        self._tell("media_load_changed", load=load)

    def outcome(self, outcome: Outcome) -> None:
        """Announce that a request is over."""
        self._tell("media_request_finished", outcome=outcome)

    def reload(self, reload: Reload) -> None:
        """Announce that the configuration was read."""
        self._tell("media_configuration_read", reload=reload)

    def turn(self, turn: TurnOutcome) -> None:
        """Announce that a turn of a conversation is over."""
        self._tell("media_turn_finished", turn=turn)

    def sockets(self, sockets: OpenSockets) -> None:
        """Announce how many sockets are open."""
        self._tell("media_sockets_changed", sockets=sockets)

    def _tell(self, name: str, **event: Any) -> None:
        try:
            getattr(self.hook, name)(**event)
        except Exception:
            LOG.exception("a listener of %s failed", name)
