"""Which targets a request would be put to, in what order, and why others decline: without asking any of them."""

import msgspec

from router.contract import NotFound, Request, Unsupported
from router.engine.policy import Candidate, Field, choose
from router.engine.settings import Route
from router.engine.wording import with_known_tokens


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A target that would be tried; seconds. `free` says whether it would be asked at this moment."""

    target: str
    provider: str
    kind: str
    model: str
    free: bool
    breaker: str
    blocked_for: float
    load: int
    first_byte: float | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a request: who is tried, in order, and who declines for what reason."""

    route: str
    attempts: int
    deadline: float
    targets: tuple[Standing, ...]
    declined: dict[str, str]


def explain(request: Request, route: Route, field: Field, now: float) -> Explanation:
    """Explain a choice. A request that nobody can serve is explained too: it has no targets.

    Raises `Invalid` for a control token that the route refuses.
    """
    request = with_known_tokens(request, route.unknown_tokens)
    try:
        choice = choose(request, route, field)
        targets, declined = choice.candidates, dict(choice.declined)
    except Unsupported as error:
        targets, declined = (), error.reasons
    except NotFound as error:
        targets, declined = (), dict.fromkeys(providers_of(route), error.message)
    return Explanation(
        route=route.name,
        attempts=route.attempts,
        deadline=route.deadline,
        targets=tuple(standing(one, now) for one in targets),
        declined=declined,
    )


def standing(candidate: Candidate, now: float) -> Standing:
    """Return how a candidate stands at this moment."""
    health = candidate.health
    return Standing(
        target=candidate.target,
        provider=candidate.provider,
        kind=candidate.kind,
        model=candidate.model,
        free=health.free(now),
        breaker=health.breaker.state,
        blocked_for=max(health.blocked_until - now, 0.0),
        load=health.load,
        first_byte=health.first_byte,
    )


def providers_of(route: Route) -> list[str]:
    """Return the providers of a route's targets."""
    return [target.provider for tier in route.tiers for target in tier.targets]
