"""Choosing for a request under way: whom it is put to is noted as it is decided, and so is that nobody can serve it."""

from collections.abc import Mapping, Sequence

from router.contract import Chosen, NotFound, TargetsChosen, Unsupported
from router.engine.errand import Errand
from router.engine.explain import providers_of
from router.engine.policy import Candidate, Field, choose


def chosen_for(errand: Errand, field: Field, now: float) -> tuple[Candidate, ...]:
    """Return whom to put a request to, in order. Raises what `choose` raises."""
    note = errand.exchange.chose
    try:
        choice = choose(errand.request, errand.route, field)
    except Unsupported as error:
        note(told(errand, (), error.reasons, now))
        raise
    except NotFound as error:
        note(told(errand, (), dict.fromkeys(providers_of(errand.route), error.message), now))
        raise
    arranged = errand.arrange(choice.candidates)
    note(told(errand, arranged, choice.declined, now))
    return arranged


def told(errand: Errand, chosen: Sequence[Candidate], declined: Mapping[str, str], now: float) -> TargetsChosen:
    """Return what is noted of a choice: no part of the request, and each target as it stands now."""
    route = errand.route
    return TargetsChosen(route.task, route.name, tuple([standing(one, now) for one in chosen]), declined)


def standing(one: Candidate, now: float) -> Chosen:
    """Return how a candidate stands at this moment."""
    health = one.health
    blocked = max(health.blocked_until, health.refused_until, now) - now
    return Chosen(one.target, health.breaker.state, blocked, health.load, health.first_byte)
