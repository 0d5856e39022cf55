"""What a provider says of itself, before anything is asked of it."""

import inspect
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, get_args, get_type_hints

import msgspec

from router.contract import (
    AnyOffer,
    AvatarLimits,
    AvatarRequest,
    ChatLimits,
    ChatRequest,
    Clip,
    JobOffer,
    Reply,
    Settings,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Ticket,
    Transcript,
    TranscriptionLimits,
    TranscriptionRequest,
)
from router.testing.account import Account
from router.testing.claims import claim

PAIRS: Final[dict[type, tuple[type, type]]] = {
    SpeechRequest: (SpeechLimits, Speech),
    TranscriptionRequest: (TranscriptionLimits, Transcript),
    AvatarRequest: (AvatarLimits, Clip),
    ChatRequest: (ChatLimits, Reply),
}
"""Request, limits, result."""


async def kind_is_lower_case(account: Account) -> None:
    """The kind is a word in lower case, as the YAML spells it."""
    kind = getattr(account.kind, "kind", "")
    claim(re.fullmatch("[a-z][a-z0-9_]*", kind), f"the kind {kind!r} is no lower-case word")


async def settings_are_strict(account: Account) -> None:
    """The settings extend the contract's, and a key that nobody knows is refused."""
    wanted = account.kind.settings_type
    claim(issubclass(wanted, Settings), f"{wanted.__name__} does not extend Settings")
    with suppress(msgspec.ValidationError):
        msgspec.convert({**msgspec.to_builtins(account.settled()), "no_such_setting": 1}, wanted)
        raise AssertionError("a setting nobody knows is accepted")


async def key_is_not_shown(account: Account) -> None:
    """Neither the provider nor an offer shows the credential when it is printed."""
    key = getattr(account.settled(), "api_key", None)
    async with account.opened() as provider:
        shown = f"{provider!r} {provider} {list(provider.offers())!r}"
    claim(key is None or key not in shown, "the key can be read in what the provider looks like when printed")


async def offers_are_made(account: Account) -> None:
    """There are offers, at most one for each task and way."""
    async with account.opened() as provider:
        ways = [(offer.accepts.__name__, isinstance(offer, JobOffer)) for offer in provider.offers()]
    claim(ways, "nothing is offered")
    claim(len(set(ways)) == len(ways), f"one task is offered twice in the same way: {ways}")


async def offers_are_stable(account: Account) -> None:
    """Asked twice, a provider offers the same."""
    async with account.opened() as provider:
        claim(list(provider.offers()) == list(provider.offers()), "the offers change from one call to the next")


async def types_pair_up(account: Account) -> None:
    """Request, limits and result of an offer belong together, and the method is annotated with them."""
    async with account.opened() as provider:
        for offer in provider.offers():
            limits, result = PAIRS[offer.accepts]
            claim(isinstance(offer.limits, limits), f"{offer.accepts.__name__} goes with {limits.__name__}")
            pairs(offer.handle, offer.accepts, Ticket if isinstance(offer, JobOffer) else result)
            if isinstance(offer, JobOffer):
                pairs(offer.poll, str, Ticket)
                pairs(offer.collect, str, Clip)


def pairs(method: Callable[..., Awaitable[Any]], taken: type, given: type) -> None:
    """Claim that a method is annotated to take the one and to give the other."""
    hints = get_type_hints(method)
    returned = hints.pop("return", None)
    taking = next(iter(hints.values()), None)
    what = f"{method.__name__} takes {taken.__name__} and gives {given.__name__}, but is not annotated so"
    claim((taking is taken or taken in get_args(taking)) and returned is given, what)


async def methods_are_bound(account: Account) -> None:
    """What an offer names are coroutine methods of the provider that makes it."""
    async with account.opened() as provider:
        for offer in provider.offers():
            for method in methods(offer):
                owner = getattr(method, "__self__", None)
                bound = owner is provider and inspect.iscoroutinefunction(method)
                claim(bound, f"{method!r} is no coroutine method of the provider")


def methods(offer: AnyOffer) -> list[Callable[..., Awaitable[Any]]]:
    """Return the methods an offer names."""
    return [offer.handle, offer.poll, offer.collect] if isinstance(offer, JobOffer) else [offer.handle]


async def models_are_unique(account: Account) -> None:
    """No model is listed twice, and none is nameless."""
    async with account.opened() as provider:
        for offer in provider.offers():
            named = offer.models
            claim(all(named) and len(set(named)) == len(named), f"models listed twice or nameless: {named}")
