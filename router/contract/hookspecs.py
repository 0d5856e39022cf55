"""The hooks of entry-point group `media_router`. They run at start-up or after the fact, never in between.

Implement one with `from router.contract import hook` and `@hook` on a function of the same name in the
module your distribution registers. Hooks are plain functions: pluggy hands an `async` one back unawaited.
"""

from collections.abc import Sequence
from typing import Any

import pluggy

from router.contract.events import Attempt, LimitsTold, Load, OpenSockets, Outcome, Reload, TurnOutcome
from router.contract.provider import Provider

GROUP = "media_router"
spec = pluggy.HookspecMarker(GROUP)
hook = pluggy.HookimplMarker(GROUP)


@spec
def media_providers() -> Sequence[type[Provider[Any]]]:  # type: ignore[empty-body]
    """Return the provider classes this plugin brings."""


@spec
def media_attempt_finished(attempt: Attempt) -> None:
    """Observe that one call to one provider is over."""


@spec
def media_load_changed(load: Load) -> None:
    """Observe how many calls to a provider are under way and waiting, a tenth of a second after that changed."""


@spec
def media_request_finished(outcome: Outcome) -> None:
    """Observe that a request has been answered, refused, cut or abandoned."""


@spec
def media_configuration_read(reload: Reload) -> None:
    """Observe that the configuration was read: at the start, and whenever it may have changed since."""


@spec
def media_turn_finished(turn: TurnOutcome) -> None:
    """Observe that a turn of a conversation is over: spoken to its end, interrupted or failed."""


@spec
def media_sockets_changed(sockets: OpenSockets) -> None:
    """Observe that a socket was opened or closed."""


@spec
def media_limits_changed(limits: LimitsTold) -> None:
    """Observe how teams' limits stand, and whether they can be counted, within a second after that changed."""
