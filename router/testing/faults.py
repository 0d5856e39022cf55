"""A vendor that fails, over real sockets, and what the provider must make of each failure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from router.contract import (
    BadOutput,
    Busy,
    MediaError,
    Misconfigured,
    OutcomeUnknown,
    Provider,
    ProviderFailed,
    Request,
    TimedOut,
    Unavailable,
)
from router.testing.account import KEY, Account, Call, calls, keyed, taking
from router.testing.acts import Act, HangUp, Reply
from router.testing.claims import claim
from router.testing.golden import drained
from router.testing.vendor import ClosedPort
from router.testing.wire import Asked

SAYS: Final = "upstream-says-this"
"""What is in every answer that fails, and in no error of ours."""
PAGE: Final = f"<html><body>{SAYS}</body></html>".encode()
WAIT: Final = 7


@dataclass(frozen=True)
class Fault:
    """A way in which an answer is spoilt, and the errors that say so.

    `lost`: whether something was bought cannot be told. `empty`: a stream without a byte says it as well, for the
    router reads no further than that. `wait`: the seconds to be kept.
    """

    spoil: Callable[[Reply], Act]
    errors: tuple[type[MediaError], ...]
    lost: bool = False
    empty: bool = False
    wait: float | None = None

    async def __call__(self, account: Account) -> None:
        """Judge every call of every sample."""
        for sample in account.samples:
            request = keyed(sample)
            async with account.served(request) as (provider, vendor):
                under_test = await calls(provider, request)
                before = len(vendor.asked)
                account.play(vendor, request, self.spoil)
                for call in under_test:
                    error = await failure(call, may_be_empty=self.empty)
                    self.judge(call, error, sent_key=any(map(holds_key, vendor.asked[before:])))

    def judge(self, call: Call, error: Exception | None, *, sent_key: bool) -> None:
        """Claim that an error says what happened."""
        if error is None:
            return
        errors = self.errors
        if call.paid and self.lost:
            errors = (OutcomeUnknown, *errors) if sent_key else (OutcomeUnknown,)
        named = " or ".join(one.__name__ for one in errors)
        claim(isinstance(error, errors), f"{call.what} raises {type(error).__name__} where {named} is right")
        kept = getattr(error, "retry_after", None)
        claim(self.wait is None or kept == self.wait, f"{call.what} was told to wait {self.wait} s and says {kept}")


def holds_key(asked: Asked) -> bool:
    """Whether a request told the vendor which try at what it is."""
    return KEY in asked.headers.values() or KEY.encode() in asked.body


async def failure(call: Call, *, may_be_empty: bool = False) -> Exception | None:
    """Return what a call raises, in its stream at the latest; None for an empty stream where that may be."""
    try:
        result = await call.make()
        content = await drained(result)
    except Exception as error:  # noqa: BLE001 - a foreign error is what we look for
        return error
    claim(may_be_empty or not content, f"{call.what} ends cleanly although its answer was spoilt")
    claim(hasattr(result, "chunks") and not content, f"{call.what} makes something of nothing")
    return None


def plainly(act: Act) -> Callable[[Reply], Act]:
    """Return what puts an act in the place of any answer."""
    return lambda _: act


def refused(status: int, **headers: str) -> Callable[[Reply], Act]:
    """Return what puts a refusal in the place of any answer."""
    return plainly(Reply(PAGE, status, "text/html", {name.replace("_", "-"): text for name, text in headers.items()}))


def halved(reply: Reply) -> Act:
    """Cut an answer in the middle of its body."""
    whole = content(reply)
    return replace(reply, body=whole, cut=len(whole) // 2)


def halved_in_chunks(reply: Reply) -> Act:
    """Cut an answer that has announced no length."""
    whole = content(reply)
    return replace(reply, body=whole, cut=len(whole) // 2, chunked=True)


def content(reply: Reply) -> bytes:
    """Return a body in one piece."""
    return reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)


NOBODY: Final = Fault(plainly(HangUp()), (Unavailable,))
"""Its answer is never given: no connection is made."""
HANG_UP: Final = Fault(plainly(HangUp()), (Unavailable,), lost=True)
SERVER_ERROR: Final = Fault(refused(500), (Unavailable,), lost=True)
OVERLOADED: Final = Fault(refused(503), (Unavailable, Busy), lost=True)
GATEWAY_TIMEOUT: Final = Fault(refused(504), (Unavailable, TimedOut), lost=True)
TOO_MANY: Final = Fault(refused(429, retry_after=str(WAIT)), (Busy,), wait=WAIT)
KEY_REFUSED: Final = Fault(refused(401), (Misconfigured,))
PAGE_FOR_MEDIA: Final = Fault(plainly(Reply(PAGE, 200, "text/html")), (BadOutput,), lost=True)
EMPTY: Final = Fault(lambda reply: replace(reply, body=b""), (BadOutput,), lost=True, empty=True)
CUT: Final = Fault(halved, (ProviderFailed,), lost=True)
CUT_IN_CHUNKS: Final = Fault(halved_in_chunks, (ProviderFailed,), lost=True)


async def nobody_listens(account: Account) -> None:
    """Where nobody listens the provider is unavailable, for paid work too: nothing was bought."""
    with ClosedPort() as closed:
        async with account.opened(closed.url) as provider:
            for sample in account.samples:
                await unreached(provider, sample)


async def unreached(provider: Provider[Any], sample: Request) -> None:
    """Claim that no offer reaches anybody."""
    for offer in taking(provider, sample):
        call = Call(offer.handle.__name__, partial(offer.handle, sample))  # type: ignore[arg-type] # see `taking`
        NOBODY.judge(call, await failure(call), sent_key=False)
